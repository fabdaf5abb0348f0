// Show.swift — what a purgatory holds, for people and for scripts
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct Show: Verb {
  static let example = "show --map out"

  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a purgatory holds, and whether it is ready.",
    discussion: "Exit status 1: it is no purgatory, or holds what it would refuse when it is entered.")

  @Argument(help: "The purgatory, ELF or flat.", completion: .file())
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var progress: ProgressOptions

  func run() throws {
    let blob = try Blob(try Contents(path: file), file: file, progress.progress)
    if json {
      try Terminal.print(jsonText(BlobDescription(blob)).utf8)
    } else {
      try Terminal.print(lines: blob.text)
    }
    let findings = blob.info.findings()
    guard findings.isEmpty else { throw Rejection(findings.map { $0.problem(in: file) }) }
  }
}
