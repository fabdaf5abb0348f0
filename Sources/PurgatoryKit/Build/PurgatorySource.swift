// PurgatorySource.swift — the files that a purgatory is assembled from, and where they are found
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// A directory with `*.S`, `include/*.h` and `purgatory.lds`; and `SOURCES`, if it is to have no others.
public struct PurgatorySource: Equatable, Sendable {
  package static let linkerScriptName = "purgatory.lds"
  /// The names of all assembly sources, a line each: what else is left in the folder is no part of the purgatory.
  package static let listName = "SOURCES"

  package let directory: FilePath
  /// Assembly sources, in link order: by name, so that every build links alike.
  package let assembly: [FilePath]
  package let headers: [FilePath]

  package var includeDirectory: FilePath { directory.appending("include") }
  package var linkerScript: FilePath { directory.appending(Self.linkerScriptName) }
  /// Everything a change of which changes the blob.
  package var files: [FilePath] { assembly + headers + [linkerScript] + [list].compactMap { $0 } }
  /// nil: the folder has no list, and every assembly file in it is a source.
  private let list: FilePath?

  package init(directory: FilePath) throws(Rejection) {
    func files(in directory: FilePath, _ suffix: String) -> [FilePath] {
      ((try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? [])
        .filter { $0.hasSuffix(suffix) }.sorted().map { directory.appending($0) }
    }
    self.directory = directory
    let list = directory.appending(Self.listName)
    self.list = FileManager.default.fileExists(atPath: list.string) ? list : nil
    assembly = files(in: directory, ".S")
    headers = files(in: directory.appending("include"), ".h")
    guard !assembly.isEmpty, FileManager.default.fileExists(atPath: linkerScript.string) else {
      throw Rejection(
        Problem(
          directory.string, found: "no purgatory sources", expected: "*.S and \(Self.linkerScriptName)",
          help: "name the directory that has them with --source"))
    }
    try checkList()
  }

  /// The sources in the folder at `path`.
  ///
  /// - Throws: `Rejection` for a folder without them, or with others than its list has.
  public init(path: String) throws(Rejection) {
    try self.init(directory: FilePath(path))
  }

  /// A file that is not listed, of an older release or an editor, must not get into the purgatory in silence.
  private func checkList() throws(Rejection) {
    guard let path = list else { return }
    let text = String(decoding: try Files.read(path.string, .text), as: UTF8.self)
    let listed = Set(text.split(separator: "\n").map(String.init))
    let present = Set(assembly.compactMap { $0.lastComponent?.string })
    let problems =
      present.subtracting(listed).sorted().map {
        Problem(
          directory.appending($0).string, found: "is not in \(Self.listName)",
          expected: "only the files that \(path.string) lists", help: "remove it, or list it there")
      }
      + listed.subtracting(present).sorted().map {
        Problem(
          path.string, found: "\($0) is not there", expected: "every file of the list",
          help: "put it back, or take it off the list")
      }
    guard problems.isEmpty else { throw Rejection(problems) }
  }

  /// The folder that belongs to the command at `executable`: `purgatory/` in its checkout, or `share/purgatory/` of where
  /// it was installed.
  package static func folder(belongingTo executable: FilePath) throws(Rejection) -> FilePath {
    var parent = executable.removingLastComponent()
    while !parent.components.isEmpty {
      for name in ["share/purgatory", "purgatory"] {
        let directory = parent.pushing(FilePath(name))
        if FileManager.default.fileExists(atPath: directory.appending(linkerScriptName).string) {
          return directory
        }
      }
      parent = parent.removingLastComponent()
    }
    throw Rejection(
      Problem(
        executable.string, found: "no purgatory sources above it",
        expected: "purgatory/\(linkerScriptName) or share/purgatory/\(linkerScriptName)",
        help: "name the directory that has them with --source"))
  }
}
