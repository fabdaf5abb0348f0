// HelpTests.swift — the help of the command and of each verb
// SPDX-License-Identifier: MIT

import Subprocess
import TestSupport
import Testing

@Suite struct HelpTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test(arguments: ["build", "patch", "show", "check", "verify", "bundle", "graft", "run"]) func helpOfAVerb(
    _ verb: String
  ) async throws {
    let help = try await folder.purgatory(["help", verb])
    #expect(help.status == .exited(0))
    #expect(help.error == "")
    try Golden.expect(help.text, "help-\(verb).txt")
    let option = try await folder.purgatory([verb, "--help"])
    #expect(option.text == help.text)
  }

  @Test(arguments: [["help"], ["--help"], ["-h"]]) func helpOfTheCommand(_ arguments: [String])
    async throws
  {
    let help = try await folder.purgatory(arguments)
    #expect(help.status == .exited(0))
    #expect(help.error == "")
    #expect(help.text.hasPrefix("OVERVIEW: "))
    #expect(help.text.contains("\n  build  "))
  }
}
