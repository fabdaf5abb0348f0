// ProblemTests.swift — the form of what is reported
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct ProblemTests {
  @Test func forms() {
    #expect(Problem("f", found: "is empty").description == "f: is empty")
    #expect(Problem("f", "flags", found: "0x1").description == "f: flags: 0x1")
    #expect(
      Problem("f", "flags", found: "0x1", expected: "0x2", help: "h").description
        == "f: flags: 0x1, expected 0x2")
    #expect(Problem("f", found: "0x1", expected: "0x2").description == "f: 0x1, expected 0x2")
  }

  /// What a file holds must not become megabytes of error.
  @Test func longOnesAreShortened() {
    let long = String(repeating: "ab", count: 1 << 20)
    let problem = Problem(long, long, found: long, expected: long, help: "h").shortened
    #expect(problem.description.utf8.count < 4 * 600)
    #expect(problem.found.hasPrefix("abab") && problem.found.contains("…") && problem.help == "h")
    #expect(Problem("f", found: String(long.prefix(512))).shortened.found == long.prefix(512))
  }
}
