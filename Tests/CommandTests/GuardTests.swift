// GuardTests.swift — each ASSERT of the linker script and each .if of the assembly refuses what it is there for
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct GuardTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.copyReal(into: folder, as: "source")
  }

  /// A change to one source file; all else is as it was.
  struct Edit: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var file: String
    /// Each text is there once, and becomes the other.
    var changes: [(from: String, to: String)]
    var says: String
  }

  private static func moved(_ offset: String, _ change: String) -> [(from: String, to: String)] {
    [
      (
        "#include \"purgatory_info.h\"\n",
        "#include \"purgatory_info.h\"\n#undef PURGATORY_INFO_OFFSET\n#define PURGATORY_INFO_OFFSET \(offset)\n"
      ),
      (
        ".org    PURGATORY_INFO_OFFSET + PURGATORY_INFO_SIZE\n",
        ".org    PURGATORY_INFO_OFFSET + PURGATORY_INFO_SIZE - \(change)\n"
      ),
    ]
  }

  static let edits = [
    Edit(
      testDescription: "an instruction before the entry", file: "header.S",
      changes: moved("0x44", "4") + [("\npurgatory_start:\n", "\n    nop\npurgatory_start:\n")],
      says: "entry: byte 0 must be the entry point"),
    Edit(
      testDescription: "info further behind", file: "header.S", changes: moved("0x48", "8"),
      says: "info-symbol: struct purgatory_info must follow the 64-byte header"),
    Edit(
      testDescription: "a function that is chosen at run time", file: "system.S",
      changes: [
        (
          "\nfunc read_sctlr\n",
          "\n.text\n.type chosen, %gnu_indirect_function\n.global chosen\nchosen: ret\nbl chosen\nfunc read_sctlr\n"
        )
      ], says: "got-or-plt: something is called through the PLT"),
    Edit(
      testDescription: "another bit for a flag", file: "include/routine.h",
      changes: [("FLAG_QUIET_BIT            5", "FLAG_QUIET_BIT            6")],
      says: "a flag's bit number is not that of the ABI"),
    Edit(
      testDescription: "another shift for an array", file: "include/routine.h",
      changes: [("DIGEST_SHIFT     5", "DIGEST_SHIFT     6")],
      says: "the arrays of struct purgatory_info are not what their shifts say"),
    Edit(
      testDescription: "a routine that falls into one further on", file: "console.S",
      changes: [("falls_into console_flush", "falls_into console_init")],
      says: "the routine before console_flush falls into another"),
    Edit(
      testDescription: "something in between", file: "console.S",
      changes: [("    falls_into console_flush\n", "    falls_into console_flush\n    nop\n")],
      says: "there is something between console_flush and the routine that falls into it"),
    Edit(
      testDescription: "a routine that falls into two", file: "console.S",
      changes: [
        ("    falls_into console_flush\n", "    falls_into console_flush\n    falls_into console_init\n")
      ],
      says: "the routine before console_init falls into another"),
  ]

  private func build(_ toolchain: Toolchain) async throws -> Outcome {
    try await folder.purgatory([
      "build", "--toolchain", toolchain.rawValue, "--source", "source", "-o", "out.bin",
    ])
  }

  @Test(arguments: Toolchain.available, edits)
  func isRefused(_ toolchain: Toolchain, _ edit: Edit) async throws {
    try apply(edit)
    let outcome = try await build(toolchain)
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.contains(edit.says), "\(outcome.error)")
  }

  private func apply(_ edit: Edit) throws {
    var text = try folder.text(of: "source/\(edit.file)")
    for (from, to) in edit.changes {
      try #require(text.components(separatedBy: from).count == 2, "\(from)")
      text = text.replacingOccurrences(of: from, with: to)
    }
    try folder.write(text, to: "source/\(edit.file)")
  }

  /// The words of each ASSERT are what a test waits for; without it, nothing says them, and that test is red.
  @Test(arguments: Toolchain.available)
  func everyAssertIsNeeded(_ toolchain: Toolchain) async throws {
    let script = try folder.text(of: "source/purgatory.lds")
    let asserts = script.matches(of: /\nASSERT\(.*, "(.*)"\)/)
    #expect(asserts.count == script.components(separatedBy: "\nASSERT(").count - 1)
    for assert in asserts {
      let message = String(assert.1)
      try folder.write(script.replacingCharacters(in: assert.range, with: ""), to: "source/purgatory.lds")
      var violations = 0
      for addition in BrokenSourceTests.additions
      where message.contains(toolchain == .llvm ? addition.llvm : addition.gnu) {
        try folder.addSource(addition.assembly + "\n", as: "added.S", to: "source")
        #expect(try await !build(toolchain).error.contains(message), "\(addition)")
        try folder.write("", to: "source/added.S")
        violations += 1
      }
      for edit in Self.edits where message.contains(edit.says) {
        let before = try folder.text(of: "source/\(edit.file)")
        try apply(edit)
        #expect(try await !build(toolchain).error.contains(message), "\(edit)")
        try folder.write(before, to: "source/\(edit.file)")
        violations += 1
      }
      // What lld does not link at all needs none with it.
      #expect(violations > 0 || toolchain == .llvm && message.hasPrefix("dynamic-relocation"), "\(message)")
    }
  }

  /// Inverted, the real sources are refused. What is no guard chooses an instruction, and others test that.
  @Test(arguments: Toolchain.available)
  func everyConditionIsMet(_ toolchain: Toolchain) async throws {
    let real = try await Built.get().real
    let files = try FileManager.default.subpathsOfDirectory(atPath: Source.real)
      .filter { $0.hasSuffix(".S") || $0.hasSuffix(".h") }
    var inverted = 0
    for file in files {
      let text = try folder.text(of: "source/\(file)")
      for condition in text.matches(of: /(?m)^ *\.(if|ifndef|ifdef|elseif) +(.*)$/) {
        let (name, operand) = (condition.1, condition.2)
        let other =
          switch name {
          case "ifndef": "    .ifdef \(operand)"
          case "ifdef": "    .ifndef \(operand)"
          default: "    .\(name) !(\(operand))"
          }
        try folder.write(text.replacingCharacters(in: condition.range, with: other), to: "source/\(file)")
        let outcome = try await build(toolchain)
        if file == "sha256_scalar.S" {
          #expect(try folder.read("out.bin") != real)
        } else {
          #expect(outcome.status == .exited(1), "\(file): \(condition.0)")
        }
        inverted += 1
      }
      try folder.write(text, to: "source/\(file)")
    }
    #expect(inverted == 7)
  }
}
