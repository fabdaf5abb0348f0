// MadeFolders.swift — folders that are made for outputs, and are gone again if nothing is written into them
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folders of a path that were not there.
struct MadeFolders {
  private var made: [(path: FilePath, leftover: UInt64)] = []

  /// Makes the folder at `path` and those above it; one that is there is left as it is.
  init(_ path: String) throws(Rejection) {
    do {
      try make(FilePath(path))
    } catch {
      discard()
      throw Rejection(error as? Problem ?? Problem(path, "cannot be made", error: error))
    }
  }

  private mutating func make(_ folder: FilePath) throws {
    if let status = try? folder.stat() {
      if status.type == .directory { return }
      throw Problem(
        folder.string, found: "is no folder", expected: "a folder, or nothing yet",
        help: "name another folder, or move that away")
    }
    let parent = folder.removingLastComponent()
    if !parent.isEmpty, parent != folder { try make(parent) }
    do {
      made.append(
        try Leftovers.withoutEnding {
          guard mkdir(folder.string, 0o777) == 0 else { throw Errno(rawValue: errno) }
          return (folder, Leftovers.add(.emptyFolder(folder)))
        })
    } catch {
      // Somebody else may have been faster.
      guard error as? Errno == .fileExists else {
        throw Problem(folder.string, "cannot be made", error: error)
      }
    }
  }

  /// They stay.
  func keep() {
    for (_, leftover) in made { Leftovers.remove(leftover) }
  }

  /// Removes those that are empty.
  func discard() {
    for (path, leftover) in made.reversed() {
      rmdir(path.string)
      Leftovers.remove(leftover)
    }
  }
}
