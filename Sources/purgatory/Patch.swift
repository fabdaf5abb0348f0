// Patch.swift — fill fields of a purgatory in, in an ELF file or a flat one
// SPDX-License-Identifier: MIT

import ArgumentParser
import PurgatoryKit

struct Patch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change fields of struct purgatory_info in a purgatory.",
    discussion: """
      An ELF file is patched by its symbol purgatory_info, a flat one by its header; no other byte changes. What is \
      not named stays as it is, except that naming files replaces all regions.
      """)

  @Argument(help: "The purgatory, ELF or flat.")
  var file: String

  @Option(
    name: .shortAndLong, help: .init("Write here, not in place; - is standard output.", valueName: "file"))
  var output: String?

  @OptionGroup var info: InfoOptions

  func run() throws {
    var blob = try Blob(try Files.read(file), file: file)
    let (changes, _) = try info.changes(to: blob.info, defaults: false, updatesDeviceTree: false)
    blob.fill(try changes.applied(to: blob.info, file: file))
    try Files.write(blob.bytes, to: output ?? file)
    talk(blob.summary(as: output ?? file))
  }
}
