// Spool.swift — bytes that are there only once, kept where they can be read again
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What came through a pipe or was unpacked: a little of it in memory, more in a file that has no name.
struct Spool: ~Copyable {
  private let name: String
  private var held: [UInt8] = []
  private var file: FileDescriptor?
  private(set) var count: UInt64 = 0

  /// Bytes that are kept in memory.
  private static let heldSize = 4 << 20

  /// - Parameter name: what it is called in errors.
  init(_ name: String) { self.name = name }

  deinit { try? file?.close() }

  /// Everything that `source` gives until it gives nothing; `name` is what it is called.
  static func keeping(
    _ source: () throws(Rejection) -> [UInt8], _ name: String
  ) throws(Rejection) -> Contents.Piece {
    var spool = Spool(name)
    let limit = Files.Limit.stream
    while true {
      let bytes = try source()
      if bytes.isEmpty { break }
      try spool.append(bytes[...])
      guard spool.count <= UInt64(limit.rawValue) else {
        throw Rejection(
          Problem(
            name, "size", found: "more than \(limit)", expected: "at most \(limit)",
            help: "give a smaller file"))
      }
    }
    guard spool.count > 0 else {
      throw Rejection(Problem(name, found: "is empty", help: "see whether what writes it failed"))
    }
    return try spool.end()
  }

  mutating func append(_ bytes: ArraySlice<UInt8>) throws(Rejection) {
    count &+= UInt64(bytes.count)
    held += bytes
    if held.count > Self.heldSize { try flush() }
  }

  /// All that was appended.
  consuming func end() throws(Rejection) -> Contents.Piece {
    guard file != nil else { return .bytes(held) }
    try flush()
    guard let file = file.take() else { return .bytes(held) }
    do {
      return .file(try InputFile(spooled: file, name), Range(uncheckedBounds: (0, count)))
    } catch {
      throw Rejection(Problem(name, error: error))
    }
  }

  private mutating func flush() throws(Rejection) {
    let folder = Self.folder
    do {
      let file = try self.file ?? Self.namelessFile(in: folder)
      self.file = file
      try file.writeAll(held)
      held.removeAll(keepingCapacity: true)
    } catch {
      throw Rejection(
        Problem(folder, "cannot keep \(name)", error: error).helped(
          "set TMPDIR to a folder that has room for it"))
    }
  }

  /// Not /tmp by itself, which may be memory.
  private static var folder: String {
    let named = ProcessInfo.processInfo.environment["TMPDIR", default: ""]
    if !named.isEmpty { return named }
    let large = "/var/tmp"
    return FileManager.default.isWritableFile(atPath: large)
      ? large : FileManager.default.temporaryDirectory.path
  }

  private static func namelessFile(in folder: String) throws -> FileDescriptor {
    var generator = SystemRandomNumberGenerator()
    let path = FilePath(folder).appending(".purgatory-\(String(generator.next(), radix: 36)).tmp")
    return try Leftovers.withoutEnding {
      let file = try FileDescriptor.open(
        path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
      unlink(path.string)
      return file
    }
  }
}
