// Manual.swift — the manual pages, from the definitions of the verbs
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

/// Not listed: `make install` calls it.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Write the manual pages of the command and of each verb.",
    shouldDisplay: false)

  @Argument(
    help: "Write purgatory.1, purgatory-build.1 and so on here; it is made if need be.",
    completion: .directory)
  var folder: String

  func run() throws {
    var outputs = OutputFiles()
    outputs.make(folder: folder)
    outputs.add(ManualPage.ofCommand.text.utf8, to: "\(folder)/purgatory.1")
    for verb in Purgatory.verbs {
      outputs.add(ManualPage(verb).text.utf8, to: "\(folder)/purgatory-\(verb._commandName).1")
    }
    try outputs.write()
  }
}
