// ManualTests.swift — the manual pages: exact texts, one for each verb, without a fault that a formatter would find
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ManualTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try await folder.done(["manual", "man"])
  }

  private var pages: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/man").sorted() }
  }

  @Test func aPageForEachVerb() async throws {
    let help = try await folder.done(["help"]).text
    let verbs = help.matches(of: #/(?m)^  ([a-z]+)  /#).map { String($0.1) }
    #expect(verbs.count >= 7)
    let expected = (["purgatory.1"] + verbs.map { "purgatory-\($0).1" }).sorted()
    #expect(try pages == expected)
  }

  @Test func texts() throws {
    for page in try pages {
      let text = try folder.text(of: "man/\(page)").replacing(
        "purgatory \(purgatoryVersion)", with: "purgatory VERSION")
      try Golden.expect(text, page)
    }
  }

  @Test(.enabled(if: Tools.inPath("mandoc") != nil || Tools.isCI, "mandoc is not in PATH"))
  func noFaults() async throws {
    let mandoc = try #require(Tools.inPath("mandoc"))
    func faults(_ page: String) async throws -> String {
      // The pages have no date: it would change with each build.
      try await Command.run(mandoc, ["-T", "lint", "-W", "warning", page], in: folder.path).text
        .split(separator: "\n").filter { !$0.contains("missing date") }.joined(separator: "\n")
    }
    for page in try pages { #expect(try await faults("man/\(page)") == "") }
    let page = try folder.text(of: "man/purgatory-show.1")
    try folder.write(page.replacing(".TP", with: ".TPX"), to: "broken.1")
    #expect(try await faults("broken.1") != "")
  }

  /// Nothing that a person may type in help becomes a request of the formatter.
  @Test(.enabled(if: Tools.inPath("mandoc") != nil || Tools.isCI, "mandoc is not in PATH"))
  func everyOptionIsShown() async throws {
    let mandoc = try #require(Tools.inPath("mandoc"))
    let shown = try await Command.run(mandoc, ["-T", "ascii", "man/purgatory-build.1"], in: folder.path).text
      .replacing(/.\u{8}/, with: "")
    let help = try await folder.done(["help", "build"]).text
    for option in Set(help.matches(of: /--[a-z][-a-z]+/).map { String($0.0) }) {
      #expect(shown.contains(option), "\(option)")
    }
    #expect(shown.contains("purgatory build --kernel Image"))
  }
}
