// CheckedFolder.swift — the files below a folder that can be judged
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import FoundationEssentials
import SystemPackage

/// A folder that is no output folder: the files in it, and in those in it, that are ELF files, archives or purgatories.
package struct CheckedFolder: Sendable {
  /// In order of their names; what links lead to is left where it is.
  package private(set) var files: [String] = []
  /// How many others there are.
  package private(set) var otherCount = 0

  /// nil: `path` is a file, or an output folder, which is judged as one.
  package init?(path: String) {
    guard let manifest = ManifestFiles.manifestPath(path), (try? FilePath(manifest).stat()) == nil else {
      return nil
    }
    collect(path)
  }

  private mutating func collect(_ folder: String) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      return files.append(folder)  // and that it cannot be read is then said
    }
    for name in names.sorted() {
      // A name that is not UTF-8 comes with other bytes, which are perhaps the name of another file.
      guard !name.unicodeScalars.contains("\u{fffd}") else {
        files.append("\(folder)/\(name): a name that is not UTF-8")
        continue
      }
      let path = FilePath(folder).appending(name).string
      guard let status = try? FilePath(path).stat(followTargetSymlink: false) else {
        files.append(path)
        continue
      }
      switch status.type {
      case .directory: collect(path)
      case .regular where Self.isJudged(path): files.append(path)
      default: otherCount += 1
      }
    }
  }

  private static func isJudged(_ path: String) -> Bool {
    guard let start = Files.start(of: path) else { return true }  // what is wrong with it is then said
    return ELFFile.looksLikeELF(start) || Archive.looksLikeArchive(start) || Blob.looksLikeFlat(start)
      || [.bitcode, .thinArchive].contains(FileKind(start))
  }
}
