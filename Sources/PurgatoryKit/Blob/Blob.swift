// Blob.swift — a purgatory as a file: an ELF whose info is found by symbol, or the flat bytes of one
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// A purgatory: its file, and where in that the loadable bytes and `struct purgatory_info` are.
public struct Blob: Sendable {
  /// What kind of file holds the purgatory.
  public enum Format: String, CaseIterable, Sendable {
    /// A linked position-independent ELF file.
    case elf
    /// The bytes that are loaded, from byte 0.
    case bin
    /// An object without relocations, for kexec-tools and the kernel's loader.
    case ro
    /// A flat purgatory with its kernel behind it, in one arm64 Image.
    case bundle
  }

  /// How the file is named in errors.
  public let file: String
  /// What kind of file it is.
  public let format: Format
  /// The bytes of the file, of a flat one those that are loaded.
  public private(set) var bytes: [UInt8]
  /// What a flat file has behind those.
  private let rest: Contents?
  /// The loadable bytes, within `bytes`.
  package let loadRange: Range<Int>
  /// Whether it is in another program, which is none.
  package let isEmbedded: Bool
  /// Where `struct purgatory_info` lies in the loadable bytes, in bytes from the first.
  public let infoOffset: Int
  /// What the struct says.
  public private(set) var info: PurgatoryInfo

  /// Recognises a purgatory by its contents: in an ELF file by the symbol `purgatory_info`, in flat bytes by the header of an
  /// arm64 Image and the struct's magic behind it (docs/abi.md).
  ///
  /// - Parameters:
  ///   - bytes: all of the file, of any format that `Format` names, or a kexec-tools program with this purgatory in it.
  ///   - file: what it is called in errors.
  /// - Throws: `Rejection`, with all that is wrong with it: another file, a truncated one, another machine, another ABI version,
  ///   anything that a loader would have to relocate. What the info is filled in with is not judged.
  public init(_ bytes: [UInt8], file: String) throws(Rejection) {
    try self.init(Contents(bytes, name: file), file: file)
  }

  /// Recognises a purgatory, of which no more is held than has to be: of a bundle, not its kernel.
  ///
  /// - Parameters:
  ///   - contents: all of the file.
  ///   - file: what it is called in errors.
  ///   - progress: of the digests of a bundle's regions.
  /// - Throws: as `init(_:file:)` does, and `Rejection` for a file that cannot be read.
  public init(_ contents: Contents, file: String, _ progress: Progress? = nil) throws(Rejection) {
    do {
      try self.init(recognising: contents, file: file, progress)
    } catch {
      throw error.rejection ?? Rejection(error.findings.map { $0.problem(in: file) })
    }
  }

  init(recognising contents: Contents, file: String, _ progress: Progress? = nil) throws(Violations) {
    let start = try contents.start(Self.maximumFlatSize)
    if ELFFile.looksLikeELF(start) {
      bytes = try contents.all()
      rest = nil
      // A purgatory may carry what looks like another one; it is itself that is loaded.
      let embedded = Self.hasInfo(bytes) ? [] : EmbeddedELF.all(in: bytes)
      isEmbedded = !embedded.isEmpty
      (format, loadRange, infoOffset, info) =
        try embedded.isEmpty ? Self.locateInELF(bytes) : Self.locate(embedded, in: bytes)
    } else {
      isEmbedded = false
      infoOffset = PurgatoryInfo.blobOffset
      let regions: [Contents]
      (format, loadRange, info, regions) = try Self.locateInFlat(contents, start, progress)
      bytes = Array(start[loadRange])
      rest = Self.rest(of: contents, from: UInt64(loadRange.count), info, regions)
    }
    self.file = file
  }

  /// What follows the loadable bytes, with the regions in it that have been hashed, which then need not be again.
  private static func rest(
    of contents: Contents, from end: UInt64, _ info: PurgatoryInfo, _ regions: [Contents]
  ) -> Contents? {
    var (pieces, end): ([Contents.Piece], UInt64) = ([], end)
    func add(upTo next: UInt64) {
      if next > end { pieces.append(.contents(contents.slice(Range(uncheckedBounds: (end, next))))) }
    }
    let placed = zip(info.usedRegions.map(\.region.base), regions).sorted { $0.0 < $1.0 }
    for (base, region) in placed where base >= end {
      add(upTo: base)
      pieces.append(.contents(region))
      end = base &+ region.count
    }
    add(upTo: contents.count)
    return pieces.isEmpty ? nil : Contents(pieces, name: contents.name)
  }

  /// Bytes in which a flat purgatory has its end.
  private static let maximumFlatSize = Int(PURGATORY_MAX_FILE_SIZE) + 8

  /// All bytes of the file, of a bundle with its kernel.
  public var contents: Contents {
    guard let rest else { return Contents(bytes, name: file) }
    return Contents([.bytes(bytes), .contents(rest)], name: file)
  }

  /// The bytes that are loaded, from the entry on: the flat blob. It runs at any multiple of 4 KiB, and needs
  /// `PurgatoryInfo.memorySize` bytes there.
  public var flat: [UInt8] { Array(bytes[loadRange]) }

  /// Replaces the struct's bytes; no other byte changes.
  ///
  /// What `info` holds is not judged: `InfoChanges.applied(to:file:_:)` does that, and `PurgatoryInfo.findings(blobBase:)`.
  ///
  /// - Throws: `Rejection` where the struct has no room for what `info` holds.
  public mutating func fill(_ info: PurgatoryInfo) throws(Rejection) {
    let encoded: [UInt8]
    do {
      encoded = try info.encoded()
    } catch {
      throw Rejection(
        Problem(
          file, "regions", found: "\(error.regions)", expected: "at most \(PurgatoryInfo.maximumRegions)",
          help: "verify fewer, larger segments"))
    }
    let start = loadRange.lowerBound + infoOffset
    bytes.replaceSubrange(start..<start + PurgatoryInfo.size, with: encoded)
    self.info = info
  }

  /// Whether an ELF file has the struct of its own.
  private static func hasInfo(_ bytes: [UInt8]) -> Bool {
    (try? ELFFile(bytes).symbols())?.contains(where: \.isPurgatoryInfo) ?? false
  }

  private static func locateInELF(_ bytes: [UInt8]) throws(Violations) -> (
    Format, Range<Int>, Int, PurgatoryInfo
  ) {
    let findings: [Finding]
    do {
      let elf = try ELFFile(bytes)
      let rules = try PurgatoryRules(elf, maximumSize: Int(PURGATORY_MAX_FILE_SIZE))
      var list = FindingList()
      if elf.isIntermediateCode { list.add(.intermediateCode) }
      list.add(rules.findings)
      let position = try PositionIndependence(elf, .purgatory, into: &list)
      // The rules of a purgatory say the same of its one segment.
      if rules.findings.allSatisfy({ $0.rule != .loadSegment }) {
        list.add(FlatLayout.findings(elf, pageRelative: position.pageRelative))
      }
      let isSealed = rules.loadRange.map { Seal.isIntact(bytes[$0]) } ?? false
      // Others' links are proven by check; what is made of a blob here would look as if it were.
      if elf.header.type == .executable, !isSealed {
        list.add(
          Finding(
            .proof, "ELF header", found: "ET_EXEC, without the seal of a build",
            expected: "a proof that its bytes do not depend on its base",
            help: "link it with -pie, or let purgatory build do it"))
      } else if !isSealed {
        try BakedAddresses.find(in: elf, except: rules.infoRange, into: &list)
      }
      findings = list.findings
      if findings.isEmpty, let loadRange = rules.loadRange, let infoOffset = rules.infoOffset,
        let info = rules.info
      {
        return (elf.header.type == .relocatable ? .ro : .elf, loadRange, infoOffset, info)
      }
    } catch {
      throw Violations(findings: [error.finding])
    }
    throw Violations(findings: findings)
  }

  /// The purgatory that another program carries, if it is one of ours.
  private static func locate(
    _ embedded: [EmbeddedELF], in bytes: [UInt8]
  ) throws(Violations) -> (Format, Range<Int>, Int, PurgatoryInfo) {
    guard embedded.count == 1, let place = embedded.first?.range else {
      let places = embedded.map { String(hex: UInt64($0.range.lowerBound)) }.joined(separator: ", ")
      throw Violations(findings: [
        Finding(
          .infoSymbol, "file", found: "\(embedded.count) purgatories in it, at \(places)",
          expected: "exactly one", help: "give a program with one, or the purgatory itself")
      ])
    }
    let own = Array(bytes[place])
    let start = place.lowerBound
    guard hasInfo(own) else {
      throw Violations(findings: [
        Finding(
          .infoSymbol, "purgatory at offset \(String(hex: UInt64(start)))",
          found: "no \(PurgatoryRules.infoSymbol)", expected: "one of ours",
          help: "purgatory graft replaces that of kexec-tools")
      ])
    }
    let (format, range, infoOffset, info) = try locateInELF(own)
    return (format, range.lowerBound + start..<range.upperBound + start, infoOffset, info)
  }

  /// Whether `bytes` begin as a flat purgatory does; the rest may still be anything.
  static func looksLikeFlat(_ bytes: [UInt8]) -> Bool {
    let header = PurgatoryInfo.blobOffset
    return bytes.count >= header && bytes[0x38..<0x3c] == [0x41, 0x52, 0x4d, 0x64]
      && (bytes.count < header + 8 || bytes.integer(at: header) == UInt64(PURGATORY_INFO_MAGIC))
  }

  /// - Parameter bytes: the first of `contents`.
  private static func locateInFlat(
    _ contents: Contents, _ bytes: [UInt8], _ progress: Progress?
  ) throws(Violations) -> (Format, Range<Int>, PurgatoryInfo, regions: [Contents]) {
    let header = PurgatoryInfo.blobOffset
    guard looksLikeFlat(bytes) else {
      throw Violations(findings: [
        Finding(
          .malformedELF, "header", found: "neither an ELF file nor a flat purgatory",
          expected: "\"PURGINFO\" at \(String(hex: UInt64(header)))")
      ])
    }
    let code = header + PurgatoryInfo.size
    let markers = stride(from: code, to: min(bytes.count, Int(PURGATORY_MAX_FILE_SIZE)), by: 8)
    guard let marker = markers.first(where: { bytes.integer(at: $0) == UInt64(PURGATORY_END_MAGIC) }) else {
      throw truncated(contents.count, expected: "the end marker \"PURGEND.\" before it")
    }
    let loadRange = 0..<marker + 8
    let info: PurgatoryInfo
    do {
      info = try PurgatoryInfo(decoding: Array(bytes[header..<code]))
      try info.checkMemorySize(loadSize: loadRange.count)
    } catch {
      throw Violations(findings: [error.finding])
    }
    let imageSize: UInt64 = bytes.integer(at: KernelImage.imageSizeOffset) ?? 0
    if imageSize > info.memorySize, info.flags.contains(.relative), !info.usedRegions.isEmpty {
      let findings = info.headerFindings(
        bytes[loadRange], bundleSize: bundleSize(contents, info))
      guard findings.isEmpty else { throw Violations(findings: findings) }
      let regions = try checkBundle(contents, info, imageSize: imageSize, progress)
      return (.bundle, loadRange, info, regions)
    }
    let findings = info.headerFindings(bytes[loadRange])
    guard findings.isEmpty else { throw Violations(findings: findings) }
    // Loaders pad with zeros; anything else is not ours.
    if let byte = try contents.firstNonZero(from: UInt64(loadRange.count)) {
      throw Violations(findings: [
        Finding(
          .malformedELF, "offset \(String(hex: byte))", found: "bytes behind the end marker",
          expected: "nothing, or zeros", help: "give each file its own address; purgatory bundle joins them")
      ])
    }
    return (.bin, loadRange, info, [])
  }

  /// The memory that a bundle takes at least: its regions, and what the kernel at its entry takes behind its own.
  private static func bundleSize(_ contents: Contents, _ info: PurgatoryInfo) -> UInt64 {
    info.usedRegions.reduce(info.memorySize) { size, used in
      let region = used.region
      var end = Range(base: region.base, size: region.size)?.upperBound ?? .max
      if region.base == info.kernelEntry, region.base < contents.count,
        let start = try? contents.slice(Range(uncheckedBounds: (region.base, contents.count)))
          .prefix(KernelImage.headerSize),
        let kernel = try? KernelImage(header: start, file: "")
      {
        end = max(end, region.base.plus(kernel.imageSize) ?? .max)
      }
      return max(size, end)
    }
  }

  /// A bundle has all its regions with it, and they are what they were.
  ///
  /// - Returns: them, in order.
  private static func checkBundle(
    _ contents: Contents, _ info: PurgatoryInfo, imageSize: UInt64, _ progress: Progress?
  ) throws(Violations) -> [Contents] {
    var findings: [Finding] = []
    var regions: [(index: Int, contents: Contents, expected: Digest)] = []
    for (index, region) in info.usedRegions {
      guard let range = Range(base: region.base, size: region.size),
        range.upperBound <= imageSize
      else {
        findings.append(
          Finding(
            .malformedELF, "region \(index)", found: region.addresses, expected: "a place in the bundle",
            help: "make the bundle again"))
        continue
      }
      guard range.upperBound <= contents.count else {
        throw truncated(contents.count, expected: "region \(index) up to \(String(hex: range.upperBound))")
      }
      regions.append((index, contents.slice(range, name: "\(contents.name): region \(index)"), region.digest))
    }
    do throws(Rejection) {
      func expect(_ digest: Digest, of contents: Contents, _ place: String) throws(Rejection) {
        let found = try contents.digest()
        guard found != digest else { return }
        findings.append(
          Finding(
            .malformedELF, place, found: "sha256 \(found)", expected: "\(digest)",
            help: "make the bundle again"))
      }
      if info.flags.contains(.verifyRegions) {
        try Contents.hash(regions.map(\.contents), progress)
        for region in regions { try expect(region.expected, of: region.contents, "region \(region.index)") }
      }
      if findings.isEmpty, info.flags.contains(.verifyCombined) {
        let all = Contents(regions.map { .contents($0.contents) }, name: contents.name)
        try Contents.hash([all], progress)
        try expect(info.combinedDigest, of: all, "all regions")
      }
    } catch {
      throw Violations(error)
    }
    if !findings.isEmpty { throw Violations(findings: findings) }
    return regions.map(\.contents)
  }

  private static func truncated(_ count: UInt64, expected: String) -> Violations {
    Violations(findings: [
      Finding(
        .malformedELF, "offset \(String(hex: count))", found: "the end of the file",
        expected: expected,
        help: "the file is truncated: build or copy it again")
    ])
  }
}

extension Contents {
  /// The first bytes, as many as there are.
  fileprivate func start(_ size: Int) throws(Violations) -> [UInt8] {
    do throws(Rejection) { return try prefix(size) } catch { throw Violations(error) }
  }

  /// All bytes of an ELF file.
  fileprivate func all() throws(Violations) -> [UInt8] {
    do throws(Rejection) { return try bytes(.elf) } catch { throw Violations(error) }
  }

  /// Where the first byte behind `start` is that is not 0.
  fileprivate func firstNonZero(from start: UInt64) throws(Violations) -> UInt64? {
    var offset = start
    let next = slice(Range(uncheckedBounds: (start, count))).reader()
    do throws(Rejection) {
      while case let chunk = try next(), !chunk.isEmpty {
        if let index = chunk.firstIndex(where: { $0 != 0 }) { return offset &+ UInt64(index) }
        offset &+= UInt64(chunk.count)
      }
    } catch {
      throw Violations(error)
    }
    return nil
  }
}

extension ELFError {
  var finding: Finding { Finding(.malformedELF, place, found: found, expected: expected) }
}
