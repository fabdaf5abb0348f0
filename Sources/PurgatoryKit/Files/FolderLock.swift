// FolderLock.swift — folders in which no other purgatory command replaces files meanwhile
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// flock(2) on the folders themselves: no file is left, and whoever is killed holds nothing. Where folders cannot be
/// opened or have no locks (NFS), nothing is held.
final class FolderLock: Sendable {
  private let folders: [FileDescriptor]

  /// Waits for others, in an order in which no two wait for each other.
  ///
  /// - Parameters:
  ///   - paths: of the files, there or not, whose folders these are; what is not replaced has none.
  ///   - waiting: is told of a folder that another command holds.
  init(of paths: [String], _ waiting: (_ folder: String) -> Void) {
    var all: [(path: String, descriptor: FileDescriptor, status: Stat)] = []
    for path in paths {
      guard let identity = try? FileIdentity(path), identity.isReplaced else { continue }
      let folder = identity.target.folder
      guard
        let descriptor = try? FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
      else { continue }
      guard let status = try? descriptor.stat(), !all.contains(where: { $0.status.isOne(with: status) })
      else {
        try? descriptor.close()
        continue
      }
      all.append((folder.string, descriptor, status))
    }
    all.sort { $0.status.isBefore($1.status) }
    folders = all.map(\.descriptor)
    for (path, descriptor, _) in all where flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { continue }
      waiting(path)
      while flock(descriptor.rawValue, LOCK_EX) != 0, errno == EINTR {}
    }
  }

  deinit { for folder in folders { try? folder.close() } }

  /// Makes what was renamed in them last, as far as they can be synced at all.
  func sync() throws(Errno) {
    for folder in folders where fsync(folder.rawValue) != 0 {
      let reason = Errno(rawValue: errno)
      guard [.invalidArgument, .notSupported, .badFileDescriptor].contains(reason) else { throw reason }
    }
  }
}

extension FilePath {
  /// Of the file that it leads to.
  var folder: FilePath {
    let folder = removingLastComponent()
    return folder.isEmpty ? "." : folder
  }
}

extension Stat {
  fileprivate func isOne(with other: Stat) -> Bool { deviceID == other.deviceID && inode == other.inode }

  fileprivate func isBefore(_ other: Stat) -> Bool {
    (deviceID.rawValue, inode.rawValue) < (other.deviceID.rawValue, other.inode.rawValue)
  }
}
