// Manifest.swift — what a loader needs to know, as JSON beside the files
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// Which file goes where, and where to jump.
public struct Manifest: Codable, Equatable, Sendable {
  /// A file, and where it goes.
  public struct Segment: Codable, Equatable, Sendable {
    /// What it is: the raw value of a `Segment.Role`.
    public let name: String
    /// Relative to the manifest's own directory.
    public let file: String
    /// Physical address.
    public let base: UInt64
    /// Bytes of the file.
    public let size: UInt64
    /// Bytes in memory: zeros follow the file's.
    public let memorySize: UInt64
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    public let sha256: String

    enum CodingKeys: String, CodingKey {
      case name, file, base, size, sha256
      case memorySize = "memory_size"
    }
  }

  /// The version of the format: 1.
  public private(set) var version = 1
  /// Where the loader jumps to, a physical address: the purgatory's first byte.
  public let entry: UInt64
  /// The purgatory, and all that it verifies.
  public private(set) var segments: [Segment]

  /// Describes `segments`, the purgatory among them, for a manifest at `path`.
  ///
  /// - Parameters:
  ///   - entry: the purgatory's base.
  ///   - segments: what is loaded, by the files that hold it: `Segment.renamed(_:)` names others.
  ///   - path: the manifest's own, which the files' are relative to.
  ///   - progress: of the digests.
  /// - Throws: `Rejection` for a file that cannot be read, or is changed while it is.
  public init(
    entry: UInt64, segments: [PurgatoryKit.Segment], path: String, _ progress: Progress? = nil
  ) throws(Rejection) {
    self.entry = entry
    let directory = FilePath(absolute: path).removingLastComponent()
    try Contents.hash(segments.map(\.contents), progress)
    self.segments = try segments.map { segment throws(Rejection) in
      Segment(
        name: segment.role.rawValue, file: FilePath(absolute: segment.file).relative(to: directory),
        base: segment.base, size: segment.contents.count, memorySize: segment.memorySize,
        sha256: try segment.contents.digest().description)
    }
  }

  /// Whether `bytes` begin as a manifest does: no other file that this package reads begins with a brace.
  package static func looksLikeManifest(_ bytes: [UInt8]) -> Bool { bytes.first == UInt8(ascii: "{") }

  /// Reads a manifest; `file` names it in errors.
  ///
  /// - Throws: `Rejection`, also for more segments than a purgatory has regions, and itself: each is a file to read.
  public init(decoding bytes: [UInt8], file: String) throws(Rejection) {
    guard bytes.count <= Files.Limit.text.rawValue else {
      throw Rejection(
        Problem(
          file, "size", found: "\(bytes.count) bytes", expected: "at most \(Files.Limit.text)",
          help: "purgatory build --output-dir DIR writes one"))
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    } catch {
      let (place, found) = (error as? DecodingError)?.reason ?? (nil, "no manifest")
      throw Rejection(
        Problem(
          file, place, found: found, expected: "what purgatory build writes into a manifest",
          help: "purgatory build --output-dir DIR writes one"))
    }
    guard version == 1 else {
      throw Rejection(
        Problem(
          file, "version", found: "\(version)", expected: "1",
          help: "purgatory build --output-dir DIR writes one"))
    }
    guard segments.count <= PurgatoryInfo.maximumRegions + 1 else {
      throw Rejection(
        Problem(
          file, "segments", found: "\(segments.count)",
          expected: "at most \(PurgatoryInfo.maximumRegions) and the purgatory",
          help: "purgatory build --output-dir DIR writes one"))
    }
  }

  /// The same with other bytes in the file of a segment.
  package func replacing(_ index: Int, with bytes: [UInt8]) -> Manifest {
    var manifest = self
    let old = segments[index]
    manifest.segments[index] = Segment(
      name: old.name, file: old.file, base: old.base, size: UInt64(bytes.count), memorySize: old.memorySize,
      sha256: Digest(of: bytes).description)
    return manifest
  }

  /// The JSON text; equal manifests give equal bytes.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array("\(String(decoding: try encoder.encode(self), as: UTF8.self).printableJSON)\n".utf8)
  }
}

extension DecodingError {
  /// Where in the JSON, and what is there.
  fileprivate var reason: (place: String?, found: String) {
    func place(_ path: [any CodingKey]) -> String? {
      let text = path.reduce("") { text, key in
        if let index = key.intValue { return "\(text)[\(index)]" }
        return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
      }
      return text.isEmpty ? nil : text
    }
    return switch self {
    case .keyNotFound(let key, let context): (place(context.codingPath + [key]), "nothing")
    case .valueNotFound(_, let context): (place(context.codingPath), "null")
    case .typeMismatch(_, let context): (place(context.codingPath), "a value of another type")
    case .dataCorrupted(let context): (place(context.codingPath), "no JSON, or a number out of range")
    @unknown default: (nil, "no manifest")
    }
  }
}

extension FilePath {
  /// How to get here from `directory`; both are absolute and normal.
  func relative(to directory: FilePath) -> String {
    var here = Array(components)
    var there = Array(directory.components)
    while let first = here.first, first == there.first, here.count > 1 {
      here.removeFirst()
      there.removeFirst()
    }
    return (there.map { _ in ".." } + here.map(\.string)).joined(separator: "/")
  }
}
