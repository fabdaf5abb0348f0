// Prebuilt.swift — the purgatory that was installed with the command: built, proven, and not filled in
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// The ELF file that `make install` puts beside the sources that it was built from.
package struct Prebuilt: Equatable, Sendable {
  package static let name = "purgatory.elf"

  package let path: FilePath

  /// nil: `folder` has none, as in a checkout.
  package init?(in folder: FilePath) {
    path = folder.appending(Self.name)
    guard FileManager.default.fileExists(atPath: path.string) else { return nil }
  }

  /// - Throws: `Rejection` if it is not what was installed: its code is not what was proven, or it was filled in.
  package func blob() throws(Rejection) -> Blob {
    let help = "install it again, or build from the sources: --source \(path.removingLastComponent())"
    let blob: Blob
    do {
      guard try path.stat().type == .regular else {
        throw Problem(path.string, found: "is no file", expected: "the file that was installed")
      }
      blob = try Blob(try Files.read(path.string, .elf), file: path.string)
    } catch {
      let problems =
        (error as? Rejection)?.problems ?? [error as? Problem ?? Problem(path.string, error: error)]
      throw Rejection(problems.map { $0.helped(help) })
    }
    func problem(_ place: String, found: String, expected: String) -> Rejection {
      Rejection(
        Problem(
          path.string, place, found: found, expected: expected,
          help: help))
    }
    guard blob.format == .elf, Seal.isIntact(blob.flat[...]) else {
      throw problem("seal", found: "other code than was proven", expected: "the file that was installed")
    }
    var unfilled = PurgatoryInfo()
    unfilled.memorySize = blob.info.memorySize
    guard blob.info == unfilled else {
      throw problem("purgatory_info", found: "filled in", expected: "nothing filled in")
    }
    return blob
  }
}
