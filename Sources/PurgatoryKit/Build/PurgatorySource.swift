// PurgatorySource.swift — the files that a purgatory is assembled from, and where they are found
// SPDX-License-Identifier: MIT

import FoundationEssentials
import SystemPackage

/// A directory with `*.S`, `include/*.h` and `purgatory.lds`.
public struct PurgatorySource: Equatable, Sendable {
  public static let linkerScriptName = "purgatory.lds"

  public let directory: FilePath
  /// Assembly sources, in link order: by name, so that every build links alike.
  public let assembly: [FilePath]
  public let headers: [FilePath]

  public var includeDirectory: FilePath { directory.appending("include") }
  public var linkerScript: FilePath { directory.appending(Self.linkerScriptName) }
  /// Everything a change of which changes the blob.
  public var files: [FilePath] { assembly + headers + [linkerScript] }

  public init(directory: FilePath) throws(Rejection) {
    func list(_ directory: FilePath, suffix: String) -> [FilePath] {
      ((try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? [])
        .filter { $0.hasSuffix(suffix) }.sorted().map { directory.appending($0) }
    }
    self.directory = directory
    assembly = list(directory, suffix: ".S")
    headers = list(directory.appending("include"), suffix: ".h")
    guard !assembly.isEmpty, FileManager.default.fileExists(atPath: linkerScript.string) else {
      throw Rejection(
        Problem(
          directory.string, found: "no purgatory sources", expected: "*.S and \(Self.linkerScriptName)",
          help: "name the directory that has them with --source"))
    }
  }

  /// The sources that belong to the command at `executable`: `purgatory/` in its checkout, or `share/purgatory/` of
  /// where it was installed.
  public static func belonging(to executable: FilePath) throws(Rejection) -> PurgatorySource {
    var parent = executable.removingLastComponent()
    while !parent.components.isEmpty {
      for name in ["share/purgatory", "purgatory"] {
        let directory = parent.pushing(FilePath(name))
        if FileManager.default.fileExists(atPath: directory.appending(linkerScriptName).string) {
          return try PurgatorySource(directory: directory)
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
