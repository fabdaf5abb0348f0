// Files.swift — whole files in, whole files out: nobody ever sees half an output
// SPDX-License-Identifier: MIT

import FoundationEssentials
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reading and writing of whole files.
public enum Files {
  /// The contents of the file at `path`; an empty file is as useless here as a missing one.
  public static func read(_ path: String) throws(Rejection) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(path, .readOnly)
      return try file.closeAfter {
        let size = Int(try file.stat().size)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: max(size + 1, 1 << 16))
        while true {
          let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
          if count == 0 { break }
          if bytes.isEmpty && count == size {
            bytes = chunk  // the usual case: all of it in one read, and no copy
            bytes.removeLast(chunk.count - count)
          } else {
            bytes += chunk[..<count]
          }
        }
        guard !bytes.isEmpty else { throw Problem(path, found: "is empty") }
        return bytes
      }
    } catch let problem as Problem {
      throw Rejection(problem)
    } catch {
      throw Rejection(Problem(path, found: reason(error)))
    }
  }

  /// Replaces the file at `path`: written beside it, synced, renamed; `-` is standard output. A file that is there
  /// keeps its permissions; what is no regular file (a device, a pipe) is written to as it is.
  ///
  /// - Parameter model: a new file gets the permissions of this one; nil: those that are usual.
  public static func write(
    _ bytes: some Sequence<UInt8>, to path: String, permissionsOf model: String? = nil
  ) throws(Rejection) {
    do {
      if path == "-" {
        try FileDescriptor.standardOutput.writeAll(bytes)
        return
      }
      // What a link points to is replaced, not the link.
      let path = URL(filePath: path).resolvingSymlinksInPath().path
      let existing = try? FilePath(path).stat()
      if let existing, existing.type != .regular {
        let file = try FileDescriptor.open(path, .writeOnly)
        _ = try file.closeAfter { try file.writeAll(bytes) }
        return
      }
      let temporary = "\(path).\(getpid()).tmp"
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
      do {
        try file.closeAfter {
          if let like = try existing ?? model.map({ try FilePath($0).stat() }) {
            try check(fchmod(file.rawValue, like.permissions.rawValue))
          }
          try file.writeAll(bytes)
          try check(fsync(file.rawValue))
        }
        try check(rename(temporary, path))
      } catch {
        unlink(temporary)
        throw error
      }
    } catch {
      throw Rejection(Problem(path, found: "cannot be written: \(reason(error))"))
    }
  }

  private static func check(_ result: CInt) throws {
    if result != 0 { throw Errno(rawValue: errno) }
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? Errno else { return "\(error)" }
    return error.description.prefix(1).lowercased() + error.description.dropFirst()
  }
}
