// Show.swift — what a purgatory holds, for people and for scripts
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct Show: Verb {
  static let example = "show --map out"

  static let exitStatuses = [
    (status: 0, meaning: "Done."),
    (status: 1, meaning: "It is no purgatory, or holds what it would refuse when it is entered."),
    (status: 64, meaning: "The command was used wrongly."),
  ]

  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a purgatory holds, and whether it is ready.",
    discussion: "Exit status 1: it is no purgatory, or holds what it would refuse when it is entered.")

  @Argument(
    help: "The purgatory, ELF or flat, a bundle, or an output folder of `purgatory build`.",
    completion: .file())
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  @Flag(help: "Draw what is where in memory, as far as the file tells.")
  var map = false

  @Option(
    help: .init("Write that as a picture, to scale, for a browser.", valueName: "file"), completion: .file())
  var svg: String?

  @OptionGroup var progress: ProgressOptions

  func validate() throws {
    if json, map || svg == "-" { throw ValidationError("--json is all there is on standard output") }
    if map, svg == "-" { throw ValidationError("--map and --svg -: one of them goes to standard output") }
  }

  func run() throws {
    let (blob, diagram) = try shown()
    if let svg {
      var outputs = OutputFiles(from: ManifestFiles.paths(of: file))
      outputs.add(try MapPicture(diagram).text.utf8, to: svg)
      try outputs.write()
    }
    if json {
      try Terminal.print(json: BlobDescription(blob))
    } else if map {
      let isEmpty = diagram.areas.isEmpty
      try Terminal.print(lines: isEmpty ? ["nothing is filled in that has a place in memory"] : diagram.text)
    } else if svg == nil {
      try Terminal.print(lines: blob.text)
    }
    let findings = blob.info.findings()
    guard findings.isEmpty else { throw Rejection(findings.map { $0.problem(in: blob.file) }) }
  }

  /// The purgatory, alone or that of an output folder, whose manifest knows more of memory.
  private func shown() throws(Rejection) -> (Blob, MemoryDiagram) {
    let path = ManifestFiles.manifestPath(file) ?? file
    let contents = try Contents(path: path)
    guard Manifest.looksLikeManifest(try contents.prefix(1)) else {
      let blob = try Blob(contents, file: file, progress.progress)
      return (blob, MemoryDiagram(blob))
    }
    let files = try ManifestFiles(Manifest(decoding: contents.bytes(.text), file: path), path: path)
    guard let purgatory = files.files.first(where: { $0.segment.role == .purgatory }) else {
      throw Rejection(
        Problem(
          path, "segments", found: "no purgatory", expected: "one",
          help: "purgatory build --output-dir DIR writes one"))
    }
    return (try Blob(purgatory.contents, file: purgatory.segment.path(in: path)), try MemoryDiagram(files))
  }
}
