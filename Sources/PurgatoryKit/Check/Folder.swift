// Folder.swift — the files below a folder that can be judged
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import FoundationEssentials
import SystemPackage

/// A folder that is no output folder: the files in it, and in those in it, that are ELF files, archives or purgatories.
public struct CheckedFolder: Sendable {
  /// In order of their names; what links lead to is left where it is.
  public private(set) var files: [String] = []
  /// How many others there are.
  public private(set) var otherCount = 0

  /// nil: `path` is a file, or an output folder, which is judged as one.
  public init?(path: String) {
    guard let manifest = ManifestFiles.manifestPath(path), (try? FilePath(manifest).stat()) == nil else {
      return nil
    }
    collect(path)
  }

  private mutating func collect(_ folder: String) {
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() {
      let path = FilePath(folder).appending(name).string
      guard let status = try? FilePath(path).stat(followTargetSymlink: false) else { continue }
      switch status.type {
      case .directory: collect(path)
      case .regular where Self.isJudged(path): files.append(path)
      case .regular: otherCount += 1
      default: break
      }
    }
  }

  private static func isJudged(_ path: String) -> Bool {
    guard let start = Files.start(of: path) else { return true }  // what is wrong with it is then said
    return ELFFile.looksLikeELF(start) || Archive.looksLikeArchive(start) || Blob.looksLikeFlat(start)
      || [.bitcode, .thinArchive].contains(FileKind(start))
  }
}
