// InputFile.swift — a file that is read more than once, and has to stay what it is
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// An open file. What is read of it at different times is of the same contents, or it is an error.
final class InputFile: Sendable {
  let path: String
  private let descriptor: FileDescriptor
  /// What it was when it was opened.
  private let opened: Stat

  /// - Throws: `Rejection` for what cannot be opened, and for devices.
  init(_ path: String) throws(Rejection) {
    self.path = path
    (descriptor, opened) = try Self.open(path)
  }

  /// Opens a file or a pipe; of a pipe nobody may have the other end yet, then it waits.
  ///
  /// - Throws: `Rejection`, for devices, too: they are not even opened, which may wait or do something.
  static func open(_ path: String) throws(Rejection) -> (FileDescriptor, Stat) {
    do {
      try refuseDevices(FilePath(path).stat(), path)
      let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
      do {
        let opened = try descriptor.stat()
        try refuseDevices(opened, path)
        guard opened.type != .directory else { throw Errno.isDirectory }
        return (descriptor, opened)
      } catch {
        try? descriptor.close()
        throw error
      }
    } catch {
      throw Rejection(error as? Problem ?? Problem(path, error: error))
    }
  }

  private static func refuseDevices(_ status: Stat, _ path: String) throws(Problem) {
    guard ![.characterSpecial, .blockSpecial].contains(status.type) else {
      throw Problem(
        path, found: "is a device", expected: "a file", help: "copy what is wanted of it into a file")
    }
  }

  /// A file without a name that was just written.
  init(spooled descriptor: FileDescriptor, _ path: String) throws {
    self.path = path
    self.descriptor = descriptor
    do {
      opened = try descriptor.stat()
    } catch {
      try? descriptor.close()
      throw error
    }
  }

  deinit { try? descriptor.close() }

  /// Bytes; nil: they cannot be read again (a pipe), or the system does not say how many there are (in /proc).
  var size: UInt64? { opened.type == .regular && opened.size > 0 ? UInt64(clamping: opened.size) : nil }

  /// Whether `range` is all of it, and others find it by its path.
  func isNamed(like range: Range<UInt64>) -> Bool { opened.linkCount > 0 && range.size == size }

  /// Reads some bytes from `offset` on, but none behind `end`.
  func read(into buffer: inout [UInt8], at offset: UInt64, upTo end: UInt64) throws(Rejection) -> Int {
    let count = Int(clamping: min(UInt64(buffer.count), end &- offset))
    let size: Int
    do {
      size = try buffer.withUnsafeMutableBytes { buffer in
        try descriptor.read(
          fromAbsoluteOffset: Int64(clamping: offset),
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
      }
    } catch {
      throw Rejection(Problem(path, error: error))
    }
    guard size > 0 else { throw Rejection(changed("an end at \(offset)")) }
    return size
  }

  /// What is left of a file that is read only once: the next bytes at each call, none at its end.
  func rest() -> () throws(Rejection) -> [UInt8] {
    // With it, it stays open.
    { [self] () throws(Rejection) in
      do {
        return try [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
          count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
      } catch {
        throw Rejection(Problem(path, error: error))
      }
    }
  }

  /// - Parameter path: also whether another file has taken its place.
  /// - Throws: `Rejection` if size or modification time are not what they were.
  func checkUnchanged(path isChecked: Bool = false) throws(Rejection) {
    guard let now = try? descriptor.stat() else { return }
    if let change = opened.change(to: now) { throw Rejection(changed(change)) }
    // One that has no name any more (spooled, or /dev/stdin's) has no other in its place.
    guard isChecked, opened.linkCount > 0 else { return }
    guard let named = try? FilePath(path).stat() else { throw Rejection(changed("no file any more")) }
    if named.deviceID != opened.deviceID || named.inode != opened.inode {
      throw Rejection(changed("another file in its place"))
    }
  }

  private func changed(_ found: String) -> Problem { .changed(path, found: found) }
}

extension Problem {
  /// The file at `path` is not what it was any more.
  static func changed(_ path: String, found: String) -> Problem {
    Problem(
      path, "contents", found: "\(found): it was changed while it was read",
      expected: "what it was when it was opened",
      help: "run it again when nothing writes to the file any more")
  }
}

extension Stat {
  /// What tells that the file's bytes may be others now; nil: nothing does.
  func change(to now: Stat) -> String? {
    if now.size != size { return "\(now.size) bytes" }
    // Some set the modification time back, but nobody the time of change.
    let hasTimes =
      (st_mtim.tv_sec, st_mtim.tv_nsec, st_ctim.tv_sec, st_ctim.tv_nsec)
      == (now.st_mtim.tv_sec, now.st_mtim.tv_nsec, now.st_ctim.tv_sec, now.st_ctim.tv_nsec)
    return hasTimes ? nil : "another time of modification or change"
  }
}
