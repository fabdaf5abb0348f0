// Show.swift — what a purgatory holds, for people and for scripts
// SPDX-License-Identifier: MIT

import ArgumentParser
import PurgatoryKit

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a purgatory holds, and whether it is ready.")

  @Argument(help: "The purgatory, ELF or flat.")
  var file: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let blob = try Blob(try Files.read(file), file: file)
    if json {
      try Files.write(try jsonText(BlobDescription(blob)).utf8, to: "-")
    } else {
      try Files.write("\(blob.text)\n".utf8, to: "-")
    }
  }
}
