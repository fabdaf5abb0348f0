// Blob.swift — a purgatory as a file: an ELF whose info is found by symbol, or the flat bytes of one
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryABI

/// A purgatory: the bytes of its file, and where in them the loadable bytes and `struct purgatory_info` are.
public struct Blob: Sendable {
  public enum Format: String, CaseIterable, Sendable {
    /// A linked position-independent ELF file.
    case elf
    /// The bytes that are loaded, from byte 0.
    case bin
  }

  /// How the file is named in errors.
  public let file: String
  public let format: Format
  public private(set) var bytes: [UInt8]
  /// The loadable bytes, within `bytes`.
  public let loadRange: Range<Int>
  /// Where `struct purgatory_info` lies in the loadable bytes.
  public let infoOffset: Int
  /// What the struct says.
  public private(set) var info: PurgatoryInfo

  /// Recognises a purgatory by its contents.
  ///
  /// - Throws: all that is wrong with it: another file, a truncated one, another machine, another ABI version,
  ///   anything that a loader would have to relocate.
  public init(_ bytes: [UInt8], file: String) throws(Rejection) {
    let place: (format: Format, loadRange: Range<Int>, infoOffset: Int)
    if ELFFile.looksLikeELF(bytes) {
      let (loadRange, infoOffset) = try Self.locateInELF(bytes, file: file)
      place = (.elf, loadRange, infoOffset)
    } else {
      place = (.bin, try Self.locateInFlat(bytes, file: file), PurgatoryInfo.blobOffset)
    }
    self.file = file
    self.bytes = bytes
    (format, loadRange, infoOffset) = place
    let start = loadRange.lowerBound + infoOffset
    do {
      info = try PurgatoryInfo(decoding: Array(bytes[start..<start + PurgatoryInfo.size]))
    } catch {
      throw Rejection(
        Problem(
          file, "purgatory_info.\(error.field)", found: error.found, expected: error.expected,
          help: error.field == "version" ? "use the purgatory command that this blob was built with" : nil))
    }
    guard info.memorySize >= UInt64(loadRange.count), info.memorySize <= UInt64(PURGATORY_MAX_MEMORY_SIZE)
    else {
      throw Rejection(
        Problem(
          file, "purgatory_info.memory_size", found: String(hex: info.memorySize),
          expected:
            "from the \(loadRange.count) loadable bytes to \(String(hex: UInt64(PURGATORY_MAX_MEMORY_SIZE)))")
      )
    }
  }

  /// The bytes that are loaded: the flat blob.
  public var flat: [UInt8] { Array(bytes[loadRange]) }

  /// Replaces the struct's bytes; no other byte changes.
  public mutating func fill(_ info: PurgatoryInfo) {
    let start = loadRange.lowerBound + infoOffset
    bytes.replaceSubrange(start..<start + PurgatoryInfo.size, with: info.encoded())
    self.info = info
  }

  // MARK: - Flat

  private static func locateInFlat(_ bytes: [UInt8], file: String) throws(Rejection) -> Range<Int> {
    let header = PurgatoryInfo.blobOffset
    guard bytes.count >= header, bytes[0x38..<0x3c] == [0x41, 0x52, 0x4d, 0x64],
      bytes.count < header + 8 || bytes.integer(at: header) == UInt64(PURGATORY_INFO_MAGIC)
    else {
      throw Rejection(
        Problem(
          file, found: "neither an ELF file nor a flat purgatory",
          expected: "\"PURGINFO\" at \(String(hex: UInt64(header)))"))
    }
    // Loaders pad: zeros may follow the end marker, nothing may be missing before it.
    let tail = [UInt8](Self.endMarker)
    guard let last = bytes.lastIndex(where: { $0 != 0 }),
      last >= header + PurgatoryInfo.size + tail.count - 1,
      bytes[(last + 1 - tail.count)...last] == tail[...]
    else {
      throw Rejection(
        Problem(
          file, "offset \(String(hex: UInt64(bytes.count)))",
          found: "the file ends without the purgatory's end marker",
          expected: "\"PURGEND.\" after the last byte", help: "the file is truncated: build or copy it again")
      )
    }
    return 0..<last + 1
  }

  private static var endMarker: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.store(UInt64(PURGATORY_END_MAGIC), at: 0)
    return bytes
  }
}
