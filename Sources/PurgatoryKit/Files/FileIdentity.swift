// FileIdentity.swift — which file a path leads to, however it is spelled
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// A file that is there, or the one that will be there when it is written. Two paths that are equal here, through
/// whatever links and spellings, are one file.
struct FileIdentity: Hashable {
  private enum Kind: Hashable {
    /// By device and inode.
    case existing(device: UInt64, inode: UInt64)
    /// By name in a folder that is there.
    case new(device: UInt64, inode: UInt64, name: String)
    /// By absolute path: its folder is not there either.
    case nowhere(String)
  }

  private let kind: Kind
  /// The path without links at its end: what is written there replaces no link.
  let target: FilePath
  /// What is there; nil: nothing yet.
  let status: Stat?

  static func == (left: Self, right: Self) -> Bool { left.kind == right.kind }
  func hash(into hasher: inout Hasher) { hasher.combine(kind) }

  init(_ path: String) throws(Errno) {
    // What is no regular file is not replaced; and /dev/stdout may lead to a pipe, which has no path.
    let there = try Self.status(FilePath(path))
    target = try there.map { $0.type == .regular } ?? true ? Self.followLinks(FilePath(path)) : FilePath(path)
    if let status = try Self.status(target) {
      self.status = status
      kind = .existing(
        device: UInt64(truncatingIfNeeded: status.deviceID.rawValue),
        inode: UInt64(truncatingIfNeeded: status.inode.rawValue))
      return
    }
    // Nobody has made the folder that it names.
    guard !path.hasSuffix("/") else { throw .isDirectory }
    status = nil
    let folder = target.removingLastComponent()
    if let folder = try? (folder.isEmpty ? "." : folder).stat(), let name = target.lastComponent?.string {
      kind = .new(
        device: UInt64(truncatingIfNeeded: folder.deviceID.rawValue),
        inode: UInt64(truncatingIfNeeded: folder.inode.rawValue), name: name)
    } else {
      kind = .nowhere(FilePath(absolute: target.string).string)
    }
  }

  /// nil: nothing is there. What cannot be looked at may be there.
  private static func status(_ path: FilePath, followTargetSymlink: Bool = true) throws(Errno) -> Stat? {
    do throws(Errno) {
      return try path.stat(followTargetSymlink: followTargetSymlink)
    } catch {
      guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
      return nil
    }
  }

  /// Whether it can be replaced: a device or a pipe is written to as it is.
  var isReplaced: Bool { status.map { $0.type == .regular } ?? true }

  /// Where the links at the end of `path` lead, also where nothing is there.
  private static func followLinks(_ path: FilePath) throws(Errno) -> FilePath {
    var path = path
    for _ in 0..<40 {
      guard try status(path, followTargetSymlink: false)?.type == .symbolicLink else { return path }
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path.string) else {
        throw .ioError
      }
      // What is not UTF-8 comes with this in its place, and would be another file.
      guard !target.contains("\u{fffd}") else { throw .illegalByteSequence }
      path = path.removingLastComponent().pushing(FilePath(target))
    }
    throw .tooManySymbolicLinkLevels
  }
}

extension FilePath {
  /// `path`, relative to the current directory, made absolute; `.` and `..` resolved by name.
  package init(absolute path: String) {
    self = FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).lexicallyNormalized()
  }
}
