// OptionTests.swift — what `check` is asked for: rules, profiles, budgets, files; exit codes; colours
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@testable import PurgatoryCommand

@Suite struct OptionTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func allowedRulesAreNotApplied() async throws {
    try await FormatTests.makeFiles(in: folder)
    let bad = FormatTests.files[1]
    func check(_ allowed: String...) async throws -> (rules: Set<String>, ok: Bool) {
      let report = try await folder.report([bad] + allowed.flatMap { ["--allow", $0] })
      return (Set(report.files.flatMap(\.findings).map(\.rule)), report.ok)
    }
    try #expect(await check().rules == ["entry", "undefined-symbol"])
    try #expect(await check("entry").rules == ["undefined-symbol"])
    try #expect(await check("entry").ok == false)
    try #expect(await check("dtb").rules == ["entry", "undefined-symbol"])
    // What would keep it from running anywhere was allowed: it passes, and is not ok.
    let allowed = try await folder.report([bad, "--allow", "entry", "--allow", "undefined-symbol"]).files[0]
    #expect(allowed.findings.map(\.rule) == ["proof"] && allowed.verdict == "unproven")
    #expect(allowed.findings[0].message.contains("what breaks entry, undefined-symbol was allowed"))
    try #expect(
      await folder.purgatory(
        ["check", bad] + ["entry", "undefined-symbol", "proof"].flatMap { ["--allow", $0] }
      ).status == .exited(0))
  }

  @Test func theBudgetIsAnOption() async throws {
    let large = Crafted {
      $0.isSealed = true
      $0.more = ".skip 5000"
      $0.memory = 0x4000
    }
    try await large.make(in: folder, as: "x.elf")
    try await large.makeFlat(in: folder, as: "x.bin")
    let size = try folder.read("x.bin").count
    for (maximum, isOK) in [
      ("\(size)", true), ("\(size - 1)", false), ("6K", true), ("1M", true), ("0x100", false),
    ] {
      let report = try await folder.report(["--max-size", maximum, "x.elf", "x.bin"])
      #expect(report.files.map(\.ok) == [isOK, isOK], "\(maximum)")
      #expect(report.files.allSatisfy { $0.findings.allSatisfy { $0.rule == "load-segment" } })
    }
    // More than the default, too.
    try await Crafted {
      $0.isSealed = true
      $0.more = ".skip 9000"
      $0.memory = 0x4000
    }.make(in: folder, as: "y.elf")
    try #expect(await folder.report(["y.elf"]).ok == false)
    try #expect(await folder.report(["--max-size", "10K", "y.elf"]).ok)
  }

  @Test func whatCannotBeReadIsAFinding() async throws {
    try folder.write("", to: "empty")
    try folder.write("#!/bin/sh\n", to: "script")
    try folder.makeFolder("folder")
    try folder.write("secret", to: "secret")
    try folder.setMode(0, of: "secret")
    for (name, message) in [
      ("missing", "no such file or directory"), ("empty", "is empty"),
      ("folder", "a folder with nothing to judge in it"),
      ("script", "neither an ELF file nor a flat purgatory"),
    ] {
      let report = try await folder.report([name])
      #expect(report.files.first?.findings.map(\.rule) == ["malformed-elf"])
      #expect(report.files.first?.findings.first?.message.contains(message) == true, "\(report)")
    }
    let secret = try await folder.report(["secret"])  // root may read it, and then it is no ELF file
    #expect(secret.files.first?.findings.map(\.rule) == ["malformed-elf"])
    // One of several does not keep the others from being judged.
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good")
    try #expect(await folder.report(["missing", "good"]).files.map(\.ok) == [false, true])
  }

  @Test func exitCodes() async throws {
    try await FormatTests.makeFiles(in: folder)
    let rows: [(arguments: [String], code: Int32)] = [
      (["good.elf"], 0), (["good.elf", "good.elf"], 0), ([FormatTests.files[1]], 1),
      (["good.elf", FormatTests.files[1]], 1), (["missing"], 2), (["missing", FormatTests.files[1]], 2),
      ([], 64),
      (["--allow", "nothing", "good.elf"], 64), (["--allow", "malformed-elf", "good.elf"], 64),
      (["--allow", "malformed-elf", "missing"], 64), (["--allow", "dtb", "missing"], 2),
      (["--format", "xml", "good.elf"], 64), (["--profile", "all", "good.elf"], 64),
      (["--max-size", "much", "good.elf"], 64), (["--objects", "x.o"], 64), (["--script", "x.lds"], 64),
      (["good.elf", "--objects", "x.o"], 64),
    ]
    for row in rows {
      let outcome = try await folder.purgatory(["check"] + row.arguments)
      #expect(outcome.status == .exited(row.code), "\(row.arguments): \(outcome.error)")
      #expect(outcome.output.isEmpty == (row.code == 64), "\(row.arguments)")
      #expect(outcome.error.isEmpty == (row.code != 64), "\(row.arguments): \(outcome.error)")
    }
  }

  @Test func coloursNeedATerminalThatHasThem() {
    func shows(_ isTerminal: Bool, _ environment: [String: String]) -> Bool {
      CheckText.showsColour(isTerminal: isTerminal, environment: environment)
    }
    #expect(shows(true, [:]))
    #expect(shows(true, ["TERM": "xterm-256color", "NO_COLOR": ""]))
    #expect(!shows(false, ["TERM": "xterm-256color"]))
    #expect(!shows(true, ["TERM": "dumb"]))
    #expect(!shows(true, ["TERM": "xterm-256color", "NO_COLOR": "1"]))
  }

  /// `script` of util-linux gives it a terminal.
  @Test(.enabled(if: Tools.find("script") != nil || Tools.isCI, "script is not in PATH"))
  func coloursAreForTerminalsOnly() async throws {
    try await FormatTests.makeFiles(in: folder)
    let program = try Command.purgatory.get()
    func onTerminal(_ arguments: String, environment: [String: String] = [:]) async throws -> String {
      let path = try #require(Tools.find("script"))
      let command = "'\(program)' check \(arguments)"
      let outcome = try await Command.run(
        path, ["-q", "-e", "-c", command, "/dev/null"], in: folder.path, environment: environment)
      return outcome.text.replacing("\r\n", with: "\n")
    }
    let plain = try await folder.purgatory(["check", "good.elf", "bad.elf"]).text
    #expect(!plain.contains("\u{1b}"))
    let coloured = try await onTerminal("good.elf bad.elf")
    #expect(coloured.contains("\u{1b}[1;31merror:\u{1b}[0m bad.elf: "), "\(coloured)")
    #expect(coloured.contains("\u{1b}[1;32mok\u{1b}[0m"))
    #expect(coloured.replacing(/\u{1b}\[[0-9;]*m/, with: "") == plain)
    try #expect(await onTerminal("good.elf bad.elf", environment: ["NO_COLOR": "1"]) == plain)
    // Empty means unset (no-color.org).
    try #expect(await onTerminal("good.elf bad.elf", environment: ["NO_COLOR": ""]) == coloured)
    for format in ["json", "sarif", "junit", "github"] {
      try #expect(await !onTerminal("--format \(format) bad.elf").contains("\u{1b}"))
    }
  }
}
