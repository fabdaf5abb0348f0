// DepfileTests.swift — the Make syntax of dependencies
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct DepfileTests {
  @Test func rules() {
    let depfile = Depfile(target: "out.bin", dependencies: ["a.S", "b.h"])
    #expect(depfile.text == "out.bin: \\\n  a.S \\\n  b.h\na.S:\nb.h:\n")
  }

  @Test func withoutDependencies() {
    #expect(Depfile(target: "out.bin", dependencies: []).text == "out.bin:\n")
  }

  @Test(
    arguments: [
      ("a b", "a\\ b"), ("a#b", "a\\#b"), ("a$b", "a$$b"), ("$ #", "$$\\ \\#"), ("ünï", "ünï"),
      ("a-b_c.d", "a-b_c.d"),
    ])
  func escapes(_ path: String, _ escaped: String) {
    let depfile = Depfile(target: path, dependencies: [path])
    #expect(depfile.text == "\(escaped): \\\n  \(escaped)\n\(escaped):\n")
  }
}
