// Contents.swift — bytes of any number: held, zeros, or left in a file and read piece by piece
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Crypto
import Dispatch
import FoundationEssentials
import Synchronization
import SystemPackage

/// What is loaded or written: as many bytes as a file may have, of which no more than a buffer's worth is in memory.
public final class Contents: Sendable {
  enum Piece: Sendable {
    case bytes([UInt8])
    case zeros(UInt64)
    /// Some bytes of a file.
    case file(InputFile, Range<UInt64>)
    /// All of another.
    case contents(Contents)

    var count: UInt64 {
      switch self {
      case .bytes(let bytes): UInt64(bytes.count)
      case .zeros(let count): count
      case .file(_, let range): range.size
      case .contents(let contents): contents.count
      }
    }
  }

  /// What it is called in errors.
  public let name: String
  /// Bytes.
  public let count: UInt64
  let pieces: [Piece]
  /// What it was made of.
  private let origin: Contents?
  /// Of all of its bytes: what is asked for twice is not read twice.
  private let hash = Mutex<SHA256?>(nil)

  /// Bytes that are read at once: they stay in a processor's second cache until they are hashed.
  private static let bufferSize = 128 << 10
  /// Bytes that are hashed in less time than it takes to start threads for them, and a margin.
  private static let fewBytes: UInt64 = 4 << 20
  private static let zeros = [UInt8](repeating: 0, count: bufferSize)

  init(_ pieces: [Piece], name: String, origin: Contents? = nil) {
    self.name = name
    self.origin = origin
    self.pieces = pieces
    // Of files, of what is held, and of zeros below 2^48: far from 2^64.
    count = pieces.reduce(0) { $0 &+ $1.count }
  }

  /// Bytes that are held.
  ///
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - name: what they are called in errors.
  public convenience init(_ bytes: [UInt8], name: String = "") {
    self.init([.bytes(bytes)], name: name)
  }

  /// Bytes that are held, and were made of `origin`, which `OutputFiles` then relies on, too.
  package convenience init(_ bytes: [UInt8], name: String, origin: Contents?) {
    self.init([.bytes(bytes)], name: name, origin: origin)
  }

  /// The contents of the file at `path`; an empty file is as useless here as a missing one. A regular file is left where it
  /// is; what cannot be read again, such as a pipe, is kept.
  ///
  /// - Throws: `Rejection` if it cannot be read, or is larger than 64 GiB; through a pipe, 4 GiB.
  public convenience init(path: String) throws(Rejection) {
    let file = try InputFile(path)
    guard let size = file.size else {
      self.init([try Spool.keeping(file.rest(), path)], name: path)
      return
    }
    guard size <= UInt64(Files.Limit.segment.rawValue) else {
      throw Rejection(
        Problem(
          path, "size", found: "\(size) bytes", expected: "at most \(Files.Limit.segment)",
          help: "give a smaller file"))
    }
    self.init([.file(file, Range(uncheckedBounds: (0, size)))], name: path)
  }

  /// The bytes of `range`, which is within `count`.
  func slice(_ range: Range<UInt64>, name: String? = nil) -> Contents {
    var slices: [Piece] = []
    var start: UInt64 = 0
    for piece in pieces {
      let end = start &+ piece.count
      let part = range.clamped(to: Range(uncheckedBounds: (start, end)))
      if !part.isEmpty {
        let (low, high) = (part.lowerBound &- start, part.upperBound &- start)
        switch piece {
        case _ where part.size == piece.count: slices.append(piece)
        case .bytes(let bytes): slices.append(.bytes(Array(bytes[Int(clamping: low)..<Int(clamping: high)])))
        case .zeros: slices.append(.zeros(part.size))
        case .file(let file, let whole):
          slices.append(
            .file(file, Range(uncheckedBounds: (whole.lowerBound &+ low, whole.lowerBound &+ high))))
        case .contents(let contents):
          slices.append(.contents(contents.slice(Range(uncheckedBounds: (low, high)))))
        }
      }
      start = end
    }
    // The whole of another, which may have been hashed already.
    if case .contents(let contents)? = slices.first, slices.count == 1 { return contents }
    return Contents(slices, name: name ?? self.name, origin: origin)
  }

  /// Whether it is a whole file, which has a name.
  var isFile: Bool {
    // What is below /dev and /proc is this process's.
    if ["/dev/", "/proc/"].contains(where: name.hasPrefix) { return false }
    if case .file(let file, let range)? = pieces.first {
      return pieces.count == 1 && file.isNamed(like: range)
    }
    return false
  }

  /// The first `size` bytes, or as many as there are.
  ///
  /// - Throws: `Rejection` for a file that cannot be read, or is not what it was when it was opened.
  public func prefix(_ size: Int) throws(Rejection) -> [UInt8] {
    let size = min(UInt64(clamping: size), count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(clamping: size))
    try slice(Range(uncheckedBounds: (0, size))).forEachChunk { bytes += $0 }
    return bytes
  }

  /// All of them, to be parsed.
  package func bytes(_ limit: Files.Limit) throws(Rejection) -> [UInt8] {
    guard count <= UInt64(limit.rawValue) else {
      throw Rejection(
        Problem(
          name, "size", found: "\(count) bytes", expected: "at most \(limit)", help: "give a smaller file"))
    }
    if case .bytes(let bytes)? = pieces.first, pieces.count == 1 { return bytes }
    return try prefix(Int(clamping: count))
  }

  /// Gives the next bytes at each call, and none at the end.
  func reader(_ progress: Progress? = nil) -> () throws(Rejection) -> [UInt8] {
    var offset: UInt64 = 0
    return { () throws(Rejection) in
      let range = Range(uncheckedBounds: (offset, min(offset &+ UInt64(Self.bufferSize), self.count)))
      offset = range.upperBound
      if !range.isEmpty { progress?.advance(self, by: range.size) }
      return try self.slice(range).prefix(Self.bufferSize)
    }
  }

  /// All bytes, in order.
  ///
  /// - Throws: what `body` does, and `Rejection` for a file that is not what it was when it was opened.
  func forEachChunk(
    _ body: (ArraySlice<UInt8>) throws(Rejection) -> Void
  ) throws(Rejection) {
    for piece in pieces {
      switch piece {
      case .bytes(let bytes):
        for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
          try body(bytes[start..<min(start + (1 << 20), bytes.count)])
        }
      case .zeros(var left):
        while left > 0 {
          let size = min(left, UInt64(Self.zeros.count))
          try body(Self.zeros[..<Int(clamping: size)])
          left &-= size
        }
      case .file(let file, let range):
        var buffer = [UInt8](repeating: 0, count: Int(clamping: min(range.size, UInt64(Self.bufferSize))))
        var offset = range.lowerBound
        while offset < range.upperBound {
          let size = try file.read(into: &buffer, at: offset, upTo: range.upperBound)
          try body(buffer[..<size])
          offset &+= UInt64(size)
        }
        try file.checkUnchanged()
      case .contents(let contents):
        try contents.forEachChunk(body)
      }
    }
  }

  /// Writes all bytes to `target`, whose name in errors is `path`.
  func write(
    to target: FileDescriptor, _ path: String, _ progress: Progress? = nil
  ) throws(Rejection) {
    try forEachChunk { chunk throws(Rejection) in
      do {
        try target.writeAll(chunk)
      } catch {
        throw Rejection(
          [Problem(path, "cannot be written", error: error)], isBrokenPipe: error as? Errno == .brokenPipe)
      }
      progress?.advance(self, by: UInt64(chunk.count), as: path)
    }
  }

  /// Whether the files are still what they were when they were opened.
  ///
  /// - Throws: `Rejection` for one that was written to, or replaced.
  package func checkUnchanged() throws(Rejection) {
    try origin?.checkUnchanged()
    for piece in pieces {
      switch piece {
      case .file(let file, _): try file.checkUnchanged(path: true)
      case .contents(let contents): try contents.checkUnchanged()
      case .bytes, .zeros: break
      }
    }
  }
}

// MARK: - SHA-256

extension Contents {
  /// The state of SHA-256 behind all bytes.
  private func hashed(_ progress: Progress?) throws(Rejection) -> SHA256 {
    if let known = hash.withLock({ $0 }) { return known }
    var state = SHA256()
    var rest = self
    if case .contents(let first)? = pieces.first {
      state = try first.hashed(progress)
      progress?.advance(self, by: first.count)
      rest = Contents(Array(pieces.dropFirst()), name: name)
    }
    try rest.forEachChunk { chunk in
      state.update(data: chunk)
      progress?.advance(self, by: UInt64(chunk.count))
    }
    hash.withLock { $0 = state }
    return state
  }

  /// Computes the digests of several, as many at once as there are cores: then they are known.
  static func hash(_ all: [Contents], _ progress: Progress? = nil) throws(Rejection) {
    // The longest first: the others fit beside it.
    let order = all.indices.sorted { all[$0].count > all[$1].count }
    // Of little, threads would take longer. The runtime's end the program where they cannot look at each other.
    guard all.count > 1, all.reduce(0, { $0 &+ $1.count }) > Self.fewBytes,
      FileManager.default.fileExists(atPath: "/proc/self/stat")
    else {
      for contents in all { _ = try contents.hashed(progress) }
      return
    }
    let failures = Mutex<[Int: Rejection]>([:])
    DispatchQueue.concurrentPerform(iterations: order.count) { turn in
      let index = order[turn]
      do throws(Rejection) {
        _ = try all[index].hashed(progress)
      } catch {
        failures.withLock { $0[index] = error }
      }
    }
    let failed = failures.withLock { $0 }
    if let first = failed.keys.min(), let failure = failed[first] { throw failure }
  }

  /// The SHA-256 of all bytes; asked for again, it is not computed again.
  ///
  /// - Throws: `Rejection` for a file that cannot be read, or is not what it was when it was opened.
  public func digest(_ progress: Progress? = nil) throws(Rejection) -> Digest {
    Digest(bytes: Array(try hashed(progress).finalize()))
  }
}

/// Whoever wants to know how far work on large files has come.
public struct Progress: Sendable {
  /// What is worked on, its name, how many more bytes of it are done, and how many there are; from any thread.
  public typealias Report =
    @Sendable (
      _ work: ObjectIdentifier, _ file: String, _ bytes: UInt64, _ total: UInt64
    ) -> Void

  private let report: Report

  /// Calls `report` as work proceeds.
  public init(_ report: @escaping Report) { self.report = report }

  func advance(_ contents: Contents, by bytes: UInt64, as name: String? = nil) {
    report(ObjectIdentifier(contents), name ?? contents.name, bytes, contents.count)
  }
}
