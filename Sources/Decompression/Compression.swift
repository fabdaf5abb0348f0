// Compression.swift — what compressed data is, by its first bytes; and the data, within a bound
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// A format of compressed data.
package enum Compression: String, CaseIterable, Sendable {
  case gzip, zstd, xz, lzma, lz4, bzip2, lzo

  /// The format that `bytes` begin as; nil: none of these.
  package init?(of bytes: some Sequence<UInt8>) {
    let start = Array(bytes.prefix(Self.magicSize))
    guard let format = Self.allCases.first(where: { $0.magics.contains { start.starts(with: $0) } }) else {
      return nil
    }
    // A .lzma file has no magic: its usual properties, a dictionary of a power of 2, and a size that is known or not.
    if format == .lzma {
      guard start.count == Self.magicSize, start[1] == 0, start[2] == 0,
        start[5...].allSatisfy({ $0 == 0xff }) || start[11...] == [0, 0]
      else { return nil }
    }
    self = format
  }

  /// Bytes that say what it is.
  package static let magicSize = 13

  private var magics: [[UInt8]] {
    switch self {
    case .gzip: [[0x1f, 0x8b]]  // RFC 1952
    // RFC 8878: a frame, or one that is skipped.
    case .zstd: [[0x28, 0xb5, 0x2f, 0xfd]] + (0x50...0x5f).map { [$0, 0x2a, 0x4d, 0x18] }
    case .xz: [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]]  // xz-file-format
    case .lzma: [[0x5d]]
    case .lz4: [[0x04, 0x22, 0x4d, 0x18], [0x02, 0x21, 0x4c, 0x18]]  // frames; and what Linux makes
    case .bzip2: [[0x42, 0x5a, 0x68]]
    case .lzo: [[0x89, 0x4c, 0x5a, 0x4f, 0x00]]
    }
  }

  /// Whether `decompress` knows it.
  package var isSupported: Bool { [.gzip, .zstd, .xz, .lzma].contains(self) }

  /// The program that unpacks it from a file to standard output.
  package var command: String {
    switch self {
    case .gzip: "gunzip -c"
    case .zstd: "zstd -dc"
    case .xz: "xz -dc"
    case .lzma: "xz --format=lzma -dc"
    case .lz4: "lz4 -dc"
    case .bzip2: "bunzip2 -c"
    case .lzo: "lzop -dc"
    }
  }

  /// Unpacks one stream after the other; what follows them is none of the data.
  ///
  /// - Parameters:
  ///   - source: gives the next bytes at each call, and none at the end.
  ///   - limit: bytes that the data has at most.
  ///   - sink: gets the data, piece by piece.
  /// - Throws: `DecompressionError`, and what `source` and `sink` throw.
  package func decompress(
    _ source: () throws -> [UInt8], limit: Int, into sink: (ArraySlice<UInt8>) throws -> Void
  ) throws {
    switch self {
    case .gzip: try decode(source, limit, sink) { Inflation() }
    case .zstd: try decode(source, limit, sink) { ZstdStream() }
    case .xz, .lzma: try decode(source, limit, sink) { LZMAStream() }
    case .lz4, .bzip2, .lzo:
      throw DecompressionError(found: "\(rawValue) data", expected: "gzip, zstd, xz or lzma")
    }
  }

  private func decode<Stream: Decoder & ~Copyable>(
    _ source: () throws -> [UInt8], _ limit: Int, _ sink: (ArraySlice<UInt8>) throws -> Void,
    _ makeStream: () -> Stream
  ) throws {
    var left: ArraySlice<UInt8> = []
    var isAtEnd = false
    func fetch() throws {
      let more = try source()
      isAtEnd = more.isEmpty
      left = left.isEmpty ? more[...] : left + more
    }
    var size = 0
    repeat {
      let stream = makeStream()
      var step = Step()
      while !step.isEnd {
        if left.isEmpty, !isAtEnd { try fetch() }
        let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
          step = left.withUnsafeBufferPointer { stream.decode($0, into: buffer) }
          count = step.written
        }
        if let fault = step.fault { throw fault }
        left = left.dropFirst(step.taken)
        if !step.isEnd, step.taken == 0, step.written == 0 {
          guard !isAtEnd else { throw DecompressionError.truncated }
          try fetch()
        }
        size += chunk.count
        guard size <= limit else { throw DecompressionError.tooLarge(limit) }
        try sink(chunk[...])
      }
      // Where the next one may begin.
      while left.count < Self.magicSize, !isAtEnd { try fetch() }
      // Streams of xz may have zeros between them, in fours (its section 2.2).
      while self == .xz, left.starts(with: [0, 0, 0, 0]) {
        left = left.dropFirst(4)
        if left.count < Self.magicSize, !isAtEnd { try fetch() }
      }
      // A .lzma file is one stream, and by its first byte others might be.
    } while self != .lzma && Compression(of: left) == self
  }
}

/// A stream of a format, in a library's state.
protocol Decoder: ~Copyable {
  /// Decodes some of `source` into some of `target`, which is not empty.
  borrowing func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>)
    -> Step
}

/// How far a decoder came. No further means that there is no more to be had of its source.
struct Step {
  /// Bytes of the source.
  var taken = 0
  /// Bytes of the target.
  var written = 0
  /// The stream is at its end.
  var isEnd = false
  var fault: DecompressionError?
}

/// Why compressed data is not what it should be.
package struct DecompressionError: Error, Equatable, Sendable {
  package let found: String
  package let expected: String

  static func tooLarge(_ limit: Int) -> Self {
    Self(found: "more than \(limit >> 20) MiB of data", expected: "at most that")
  }
  static let truncated = Self(found: "an end in the middle", expected: "all of the data")
}
