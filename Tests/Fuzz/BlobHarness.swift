// BlobHarness.swift — purgatories as flat files and bundles, in a program, in an archive
// SPDX-License-Identifier: MIT

import PurgatoryKit

/// What is taken for a purgatory, is one: filled in with what it says, it is the same.
func fuzzFlat(_ bytes: [UInt8]) {
  guard var blob = try? Blob(bytes, file: "flat") else { return }
  require(blob.loadRange.upperBound <= blob.bytes.count, "loads \(blob.loadRange) of \(blob.bytes.count)")
  require(blob.contents.count == UInt64(bytes.count), "\(blob.contents.count) bytes of \(bytes.count)")
  require((try? blob.contents.bytes(.elf)) == bytes, "other contents than the file's")
  let (info, before) = (blob.info, blob.bytes)
  require((try? blob.fill(info)) != nil && blob.info == info, "it cannot be filled in with what it says")
  // What a loader may write in more than one way: the raw byte store, and whether nothing is verified.
  let range = Info.range(of: blob)
  require(Info.canonical(before, at: range) == Info.canonical(blob.bytes, at: range), "filled in otherwise")
}

/// A bundle's digests are made true first, or there would be none that is one.
func fuzzBundle(_ bytes: [UInt8]) {
  var bytes = bytes
  Info.hashRegions(of: &bytes)
  fuzzFlat(bytes)
  var checker = Checker()
  checker.allowances = [Allowance(.proof)]
  let isBlob = (try? Blob(bytes, file: "bundle")) != nil
  let file = checker.check(bytes, path: "bundle")
  require(!file.passes || isBlob, "check passes what is no purgatory")
}

func fuzzEmbedded(_ bytes: [UInt8]) {
  for elf in EmbeddedELF.all(in: bytes) {
    require(elf.range.upperBound <= bytes.count && elf.range.lowerBound > 0, "a purgatory at \(elf.range)")
  }
  fuzzFlat(bytes)
  var checker = Checker()
  checker.judgesEmbedded = true
  _ = checker.check(bytes, path: "host").findings
}

/// The members of an archive, behind its magic.
func fuzzArchive(_ bytes: [UInt8]) {
  var checker = Checker()
  checker.profile = .pie
  checker.foldsFindings = true
  let whole = checker.check(Array("!<arch>\n".utf8) + bytes, path: "archive")
  require(whole.verdict != .proven, "an archive that is proven")
}

/// The bytes of `struct purgatory_info`, by its offsets (docs/abi.md).
enum Info {
  static func range(of blob: Blob) -> Range<Int> {
    let start = blob.loadRange.lowerBound + blob.infoOffset
    return start..<start + PurgatoryInfo.size
  }

  static func canonical(_ bytes: [UInt8], at info: Range<Int>) -> [UInt8] {
    var bytes = bytes
    let start = info.lowerBound
    // skip_checks is true or not.
    if bytes[start + 0x34..<start + 0x38].contains(where: { $0 != 0 }) {
      bytes.replaceSubrange(start + 0x34..<start + 0x38, with: [1, 0, 0, 0])
    }
    return bytes
  }

  static func integer(_ bytes: [UInt8], _ offset: Int, size: Int = 8) -> UInt64 {
    guard offset >= 0, offset + size <= bytes.count else { return 0 }
    return bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Fills in the digests of the regions, as far as those are in the file.
  static func hashRegions(of bytes: inout [UInt8]) {
    let info = PurgatoryInfo.blobOffset
    guard bytes.count >= info + PurgatoryInfo.size else { return }
    var all: [UInt8] = []
    for index in 0..<PurgatoryInfo.maximumRegions {
      let base = integer(bytes, info + 0x40 + index * 16)
      let size = integer(bytes, info + 0x48 + index * 16)
      guard size > 0, base < bytes.count, size <= UInt64(bytes.count) - base else { continue }
      let region = Array(bytes[Int(clamping: base)..<Int(clamping: base + size)])
      all += region
      guard let digest = try? Contents(region).digest() else { continue }
      let place = info + 0x140 + index * 32
      bytes.replaceSubrange(place..<place + 32, with: digest.bytes)
    }
    guard let digest = try? Contents(all).digest() else { return }
    bytes.replaceSubrange(info + 0x340..<info + 0x360, with: digest.bytes)
  }
}
