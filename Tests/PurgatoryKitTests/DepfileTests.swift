// DepfileTests.swift — the Make syntax of dependencies
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct DepfileTests {
  @Test func rules() throws {
    let depfile = try Depfile(target: "out.bin", dependencies: ["a.S", "b.h"])
    #expect(depfile.text == "out.bin: \\\n  a.S \\\n  b.h\na.S:\nb.h:\n")
  }

  @Test func withoutDependencies() throws {
    #expect(try Depfile(target: "out.bin", dependencies: []).text == "out.bin:\n")
  }

  @Test(
    arguments: [
      ("a b", "a\\ b"), ("a#b", "a\\#b"), ("a$b", "a$$b"), ("$ #", "$$\\ \\#"), ("ünï", "ünï"),
      ("a-b_c.d", "a-b_c.d"), ("a:b", "a\\:b"), ("a~", "a~"),
    ])
  func escapes(_ path: String, _ escaped: String) throws {
    let depfile = try Depfile(target: path, dependencies: [path])
    #expect(depfile.text == "\(escaped): \\\n  \(escaped)\n\(escaped):\n")
  }

  /// What make would not read back as the same name.
  @Test(arguments: [
    "a;b", "a=b", "a|b", "a%b", "a\\b", "a*b", "a?b", "a[b", "a(b", "a&b", "a ", ".PHONY", ".c.o", "~a",
    "a\nb", "a\tb", "a\u{7f}b",
  ])
  func isRefused(_ path: String) {
    for (target, dependency) in [(path, "b"), ("a", path)] {
      let error = #expect(throws: Rejection.self) { try Depfile(target: target, dependencies: [dependency]) }
      #expect(error?.problems.map(\.file) == [path])
    }
  }
}
