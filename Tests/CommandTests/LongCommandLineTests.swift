// LongCommandLineTests.swift — thousands of names are checked, thousands of other words refused
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryCommand

@Suite struct LongCommandLineTests {
  private let names = (0..<1500).map { "f\($0)" }

  @Test func whatIsLeftOut() throws {
    let options = ["--allow", "dynamic-section", "-o", "-", "--max-size=4K", "--verbose"]
    let line = try LongCommandLine(["check"] + names + options + ["-", "last", "--"] + names)
    #expect(line.words.filter(names.contains) + line.files == names + ["-", "last"] + names)
    #expect(line.words.filter { !names.contains($0) } == ["check"] + options + ["--"])
    #expect(line.objects.isEmpty)
    // A value is no name, an option's no option.
    #expect(
      line.words.firstIndex(of: "dynamic-section") == line.words.firstIndex(of: "--allow").map { $0 + 1 })

    let linked = try LongCommandLine(
      ["check", "--script", "s", "--objects"] + names + ["--verbose", "file"])
    #expect(linked.words.filter(names.contains) + linked.objects == names)
    #expect(linked.files == ["file"] || linked.words.last == "file")
    #expect(try LongCommandLine(["check"] + names.prefix(100)).words.count == 101)
  }

  @Test func allAreChecked() async throws {
    let folder = try Folder()
    for name in names { try folder.write(name, to: name) }
    let outcome = try await folder.purgatory(["check", "--format", "json"] + names)
    #expect(outcome.status == .exited(2) || outcome.status == .exited(1))
    let paths = outcome.text.matches(of: #/"path" : "(f[0-9]+)"/#).map { String($0.1) }
    #expect(paths == names)
  }

  @Test(arguments: [["build", "--segment"], ["verify", "p.bin", "--segment"], ["check", "--allow"]])
  func tooManyWords(_ start: [String]) async throws {
    let words = (0..<600).flatMap { [start.last ?? "", "f@\($0)"] }
    let outcome = try await Folder().purgatory(start.dropLast() + words)
    #expect(outcome.status == .exited(64))
    #expect(
      outcome.error.hasPrefix("error: 120\(start.count - 1) words, expected at most 1024\n"),
      "\(outcome.error)")
  }
}
