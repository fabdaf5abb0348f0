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
}
