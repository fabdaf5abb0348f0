// Files.swift — whole files in, each within a bound that fits what it is
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reading of whole files.
package enum Files {
  /// The most bytes that a file of a kind may have: more would fill the memory before anything is said about it.
  package enum Limit: Int, Sendable, CustomStringConvertible {
    /// ELF files, archives, purgatories, programs that carry one: a debug build of a kernel has about 1 GiB.
    case elf = 0x8000_0000
    /// What is loaded: kernels, initrds, other segments. None is held whole.
    case segment = 0x10_0000_0000
    /// What is loaded, and comes through a pipe: it is kept.
    case stream = 0x1_0000_0000
    /// Arm64 Linux maps no more of a device tree (booting.rst).
    case deviceTree = 0x20_0000
    /// Manifests, linker scripts.
    case text = 0x10_0000

    package var description: String {
      rawValue >= 1 << 30 ? "\(rawValue >> 30) GiB" : "\(rawValue >> 20) MiB"
    }
  }

  /// The contents of the file at `path`; an empty file is as useless here as a missing one.
  package static func read(_ path: String, _ limit: Limit) throws(Rejection) -> [UInt8] {
    let (file, opened) = try InputFile.open(path)
    do {
      return try file.closeAfter {
        let bytes = try read(file, expectedSize: Int(clamping: opened.size), path, limit)
        if opened.type == .regular, let change = try opened.change(to: file.stat()) {
          throw Problem.changed(path, found: change)
        }
        return bytes
      }
    } catch {
      throw Rejection(error as? Problem ?? Problem(path, error: error))
    }
  }

  /// The device tree at `path`; what is too large for one may hold some.
  package static func deviceTree(_ path: String) throws(Rejection) -> Contents {
    let contents = try Contents(path: path)
    do throws(Rejection) {
      _ = try contents.bytes(.deviceTree)
      return contents
    } catch {
      guard start(of: path)?.starts(with: [0xd0, 0x0d, 0xfe, 0xed]) == true else { throw error }
      throw Rejection(
        error.problems.map {
          $0.helped(
            "of a FIT image, dumpimage -l \(path) lists the parts; dumpimage -T flat_dt -p N -o board.dtb \(path)"
          )
        })
    }
  }

  /// Whether it can be read as often as anybody likes.
  static func isRegular(_ path: String) -> Bool { (try? FilePath(path).stat())?.type == .regular }

  /// The first bytes of the file at `path`, which say what it is; nil: it cannot be read, or only once.
  static func start(of path: String) -> [UInt8]? {
    guard isRegular(path), let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
    return try? file.closeAfter { try chunk(of: file, size: 256) }
  }

  private static func chunk(of file: FileDescriptor, size: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Reads to the end, which is not where `expectedSize` says in a pipe, in /proc, and in a file that grows.
  private static func read(
    _ file: FileDescriptor, expectedSize: Int, _ path: String, _ limit: Limit
  ) throws -> [UInt8] {
    let tooLarge = { (found: String) in
      Problem(path, "size", found: found, expected: "at most \(limit)", help: "give a smaller file")
    }
    guard expectedSize <= limit.rawValue else { throw tooLarge("\(expectedSize) bytes") }
    var bytes: [UInt8] = []
    while true {
      // The usual case: all of it in one read, and one more byte that is not there.
      let size = bytes.isEmpty ? max(expectedSize + 1, 1 << 16) : 1 << 20
      let chunk = try chunk(of: file, size: size)
      if chunk.isEmpty { break }
      guard bytes.count + chunk.count <= limit.rawValue else { throw tooLarge("more than \(limit)") }
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
    }
    guard !bytes.isEmpty else {
      throw Problem(
        path, found: "is empty", help: "make it again: ls -l \(path.quotedForShell) shows when it was written"
      )
    }
    return bytes
  }
}

extension Problem {
  /// What the system says of the file or folder at `path`.
  init(_ path: String, _ doing: String? = nil, error: any Error) {
    let errno = error as? Errno
    let reason =
      errno.map { $0.description.prefix(1).lowercased() + $0.description.dropFirst() } ?? "\(error)"
    self.init(
      path, found: [doing, reason].compactMap { $0 }.joined(separator: ": "),
      help: Self.remedy(errno, at: path))
  }

  /// What shows why the system did not want to.
  private static func remedy(_ errno: Errno?, at path: String) -> String {
    // FilePath takes its time with long names.
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let there = folder.quotedForShell
    return switch errno {
    case .isDirectory: "name a file in it"
    case .noSuchFileOrDirectory, .notDirectory: "ls -la \(there)"
    case _ where path == "standard output": "see what reads it, or write to a file"
    case .noSpace: "df -h \(there)"
    default: "ls -ld \(there) \(path.quotedForShell)"
    }
  }
}
