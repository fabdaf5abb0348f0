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
  ///   anything that a loader would have to relocate. What the info is filled in with is not judged.
  public init(_ bytes: [UInt8], file: String) throws(Rejection) {
    do {
      try self.init(recognising: bytes, file: file)
    } catch {
      throw Rejection(error.findings.map { $0.problem(in: file) })
    }
  }

  init(recognising bytes: [UInt8], file: String) throws(Violations) {
    if ELFFile.looksLikeELF(bytes) {
      format = .elf
      (loadRange, infoOffset, info) = try Self.locateInELF(bytes)
    } else {
      format = .bin
      infoOffset = PurgatoryInfo.blobOffset
      (loadRange, info) = try Self.locateInFlat(bytes)
    }
    self.file = file
    self.bytes = bytes
  }

  /// The bytes that are loaded: the flat blob.
  public var flat: [UInt8] { Array(bytes[loadRange]) }

  /// Replaces the struct's bytes; no other byte changes.
  public mutating func fill(_ info: PurgatoryInfo) {
    let start = loadRange.lowerBound + infoOffset
    bytes.replaceSubrange(start..<start + PurgatoryInfo.size, with: info.encoded())
    self.info = info
  }

  private static func locateInELF(_ bytes: [UInt8]) throws(Violations) -> (Range<Int>, Int, PurgatoryInfo) {
    let findings: [Finding]
    do {
      let elf = try ELFFile(bytes)
      let rules = try PurgatoryRules(elf, maximumSize: Int(PURGATORY_MAX_FILE_SIZE))
      findings = try rules.findings + PositionIndependence(elf).findings
      if findings.isEmpty, let loadRange = rules.loadRange, let infoOffset = rules.infoOffset, let info = rules.info {
        return (loadRange, infoOffset, info)
      }
    } catch {
      throw Violations(findings: [error.finding])
    }
    throw Violations(findings: findings)
  }

  private static func locateInFlat(_ bytes: [UInt8]) throws(Violations) -> (Range<Int>, PurgatoryInfo) {
    let header = PurgatoryInfo.blobOffset
    guard bytes.count >= header, bytes[0x38..<0x3c] == [0x41, 0x52, 0x4d, 0x64],
      bytes.count < header + 8 || bytes.integer(at: header) == UInt64(PURGATORY_INFO_MAGIC)
    else {
      throw Violations(findings: [
        Finding(
          .malformedELF, "header", found: "neither an ELF file nor a flat purgatory",
          expected: "\"PURGINFO\" at \(String(hex: UInt64(header)))")
      ])
    }
    // Loaders pad: zeros may follow the end marker, nothing may be missing before it.
    let marker = endMarker
    guard let last = bytes.lastIndex(where: { $0 != 0 }), last >= header + PurgatoryInfo.size + marker.count - 1,
      bytes[(last + 1 - marker.count)...last] == marker[...]
    else {
      throw Violations(findings: [
        Finding(
          .malformedELF, "offset \(String(hex: UInt64(bytes.count)))", found: "the end of the file",
          expected: "the end marker \"PURGEND.\" before it", help: "the file is truncated: build or copy it again")
      ])
    }
    do {
      let info = try PurgatoryInfo(decoding: Array(bytes[header..<header + PurgatoryInfo.size]))
      try info.checkMemorySize(loadSize: last + 1)
      return (0..<last + 1, info)
    } catch {
      throw Violations(findings: [error.finding])
    }
  }

  private static var endMarker: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 8)
    bytes.store(UInt64(PURGATORY_END_MAGIC), at: 0)
    return bytes
  }
}

extension ELFError {
  var finding: Finding { Finding(.malformedELF, place, found: found, expected: expected) }
}
