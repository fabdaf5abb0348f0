// AdoptionTests.swift — how a project with findings takes up the gate: allow-lists, baselines, folders, reports in files
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct AdoptionTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Three addresses in .data, of two symbols; one in .rodata.
  private func makeFiles(more: String = "") async throws {
    let recipe = Recipe(
      source: """
        .text
        .global _start, other
        _start: nop
        other: nop
        .data
        .quad _start, other, _start
        \(more)
        .section .rodata
        .quad _start
        """, isLinked: false)
    try await recipe.make(in: folder, as: "x.o")
  }

  private func findings(_ arguments: [String]) async throws -> [String] {
    let report = try await folder.report(["--profile", "pie"] + arguments)
    return report.files.flatMap { $0.findings.map { "\($0.rule) \($0.location) \($0.count)" } }
  }

  @Test func findingsOfAKindAreOne() async throws {
    try await makeFiles()
    try #expect(
      await findings(["x.o"]) == ["absolute-address .data+0x0 3", "absolute-address .rodata+0x0 1"])
    try #expect(
      await findings(["x.o", "--verbose"]) == [
        "absolute-address .data+0x0 1", "absolute-address .data+0x8 1", "absolute-address .data+0x10 1",
        "absolute-address .rodata+0x0 1",
      ])
    let text = try await folder.purgatory(["check", "--profile", "pie", "x.o"]).text
    #expect(text.contains("(and 2 more) [absolute-address]") && text.contains("broken, 4 findings"))
  }

  @Test func aSubjectIsAllowed() async throws {
    try await makeFiles()
    let rows: [(allowed: String, left: [String])] = [
      ("absolute-address", []),
      ("absolute-address:.rodata", ["absolute-address .data+0x0 3"]),
      ("absolute-address:other", ["absolute-address .data+0x0 2", "absolute-address .rodata+0x0 1"]),
      ("absolute-address:R_AARCH64_ABS64", []),
      ("absolute-address:R_AARCH64_*", []),
      ("absolute-address:.d*", ["absolute-address .rodata+0x0 1"]),
      ("absolute-address:.rodata+0x0", ["absolute-address .data+0x0 3"]),
      ("dtb:.data", ["absolute-address .data+0x0 3", "absolute-address .rodata+0x0 1"]),
    ]
    for row in rows {
      try #expect(await findings(["x.o", "--allow", row.allowed]) == row.left, "\(row.allowed)")
      try folder.write("# known\n\n  \(row.allowed)  # since 2024\n", to: "allowed")
      try #expect(await findings(["x.o", "--allow-list", "allowed"]) == row.left, "\(row.allowed)")
    }
    // It passes, and what was allowed is counted; but it is not ok.
    let outcome = try await folder.purgatory([
      "check", "--profile", "pie", "x.o", "--allow", "absolute-address",
    ])
    #expect(outcome.status == .exited(0))
    #expect(outcome.text.contains("x.o: unproven: ") && outcome.text.contains(", 4 allowed findings;"))
  }

  @Test func anAllowListIsRead() async throws {
    try await makeFiles()
    try folder.write("absolute-address\nnothing\nmalformed-elf\nentry:\na b\n", to: "bad")
    let outcome = try await folder.purgatory(["check", "x.o", "--allow-list", "bad"])
    #expect(outcome.status == .exited(2) && outcome.text == "")
    let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("error: bad: line ") }
    #expect(
      lines.map { String($0.dropFirst("error: bad: ".count).prefix(7)) } == [
        "line 2:", "line 3:", "line 4:", "line 5:",
      ])
    try #expect(await folder.purgatory(["check", "x.o", "--allow-list", "missing"]).status == .exited(2))
    try folder.write("", to: "empty")
    try #expect(
      await folder.purgatory(["check", "--profile", "pie", "x.o", "--allow-list", "empty"]).status
        == .exited(1))
  }

  @Test func onlyWhatIsNewIsReported() async throws {
    try await makeFiles()
    let check = ["check", "--profile", "pie", "x.o"]
    let written = try await folder.purgatory(check + ["--write-baseline", "known.json"])
    #expect(written.status == .exited(0))
    let known = try folder.read("known.json")
    let again = try await folder.purgatory(check + ["--baseline", "known.json"])
    #expect(again.status == .exited(0) && again.text.contains("x.o: unproven: "))
    // Places may move; one more of a kind is new.
    try await makeFiles(more: ".quad other")
    try #expect(await findings(["x.o", "--baseline", "known.json"]) == ["absolute-address .data+0x0 1"])
    // Another file, another rule.
    try await makeFiles()
    try folder.write(try folder.read("x.o"), to: "y.o")
    try #expect(await findings(["y.o", "--baseline", "known.json"]).count == 2)
    try #expect(await findings(["x.o", "--baseline", "known.json", "--verbose"]) == [])
    // What cannot be read is never known, and what is wrong with a baseline is said.
    let missing = try await folder.purgatory(["check", "missing", "--write-baseline", "none.json"])
    #expect(missing.status == .exited(2))
    try #expect(folder.text(of: "none.json").contains("\"files\" : [\n\n  ]"))
    try #expect(await folder.purgatory(["check", "missing", "--baseline", "none.json"]).status == .exited(2))
    try folder.write("{}", to: "bad.json")
    let bad = try await folder.purgatory(check + ["--baseline", "bad.json"])
    #expect(bad.status == .exited(2) && bad.error.hasPrefix("error: bad.json: no baseline, expected "))
    #expect(try folder.read("known.json") == known)
  }

  @Test func aFolderIsLookedThrough() async throws {
    try await makeFiles()
    try folder.makeFolder("build/sub")
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    try await Crafted { $0.isSealed = true }.makeFlat(in: folder, as: "good.bin")
    for (from, to) in [
      ("good.elf", "build/b.elf"), ("good.bin", "build/sub/a.bin"), ("x.o", "build/sub/x.o"),
    ] {
      try folder.write(try folder.read(from), to: to)
    }
    try folder.write("text\n", to: "build/readme")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/build/again", withDestinationPath: "..")
    let outcome = try await folder.purgatory(["check", "--profile", "pie", "build", "--format", "json"])
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output))
    #expect(report.files.map(\.path) == ["build/b.elf", "build/sub/a.bin", "build/sub/x.o"])
    #expect(report.files.map(\.verdict) == ["proven", "proven", "broken"])
    #expect(
      outcome.error
        == "note: build: 2 other files were not judged: no ELF files, archives or purgatories\n")
    // Nothing in it is an error, as a folder that is not there is.
    try folder.makeFolder("empty")
    try #expect(await folder.purgatory(["check", "empty"]).status == .exited(2))
  }

  @Test func standardInputIsRead() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    let shell = try #require(Tools.inPath("sh"))
    let program = try Command.purgatory.get()
    let outcome = try await Command.run(
      shell, ["-c", "exec '\(program)' check - <good.elf"], in: folder.path)
    #expect(outcome.status == .exited(0) && outcome.text.hasPrefix("-: ok: "), "\(outcome.text)")
    try #expect(await folder.purgatory(["check", "-", "-"]).status == .exited(64))
  }

  /// Text for the log, the report for the next step.
  @Test(arguments: ["json", "sarif", "junit", "github", "text"])
  func theReportGoesToAFile(_ format: String) async throws {
    try await makeFiles()
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    let files = ["good.elf", "x.o", "missing"]
    let alone = try await folder.purgatory(["check", "--format", format] + files)
    let text = try await folder.purgatory(["check"] + files)
    let both = try await folder.purgatory(["check", "--format", format, "-o", "report"] + files)
    #expect(both.status == .exited(2) && both.text == text.text && both.error == "")
    #expect(try folder.text(of: "report") == alone.text)
    try #expect(await folder.purgatory(["check", "--format", format, "-o", "-"] + files).text == alone.text)
    // A report that cannot be written is an error of its own.
    // None of them replaces what it is about.
    for output in ["x.o", "./good.elf"] {
      let outcome = try await folder.purgatory(["check", "--format", format, "-o", output] + files)
      #expect(
        outcome.status == .exited(1) && outcome.error.contains("would replace the input"), "\(outcome.error)")
    }
    let nowhere = try await folder.purgatory(["check", "-o", "no/such/folder", "good.elf"])
    #expect(nowhere.status == .exited(1) && nowhere.error.hasPrefix("error: no/such/folder: "))
  }

  @Test func aRuleIsExplained() async throws {
    for rule in Rule.allCases {
      let outcome = try await folder.done(["check", "--explain", rule.rawValue])
      #expect(outcome.text == rule.page + "\n")
    }
    try #expect(await folder.purgatory(["check", "--explain", "nothing"]).status == .exited(64))
  }

  /// What firmware can apply to itself: relative, inside, and not where it starts.
  @Test func firmwareRelocatesItself() async throws {
    func judge(_ assembly: String, _ options: [String] = []) async throws -> CheckedFile {
      let recipe = Recipe(
        source: ".text\n.global _start\n_start: nop\n\(assembly)",
        options: (options.contains("-shared") ? [] : ["-pie", "--no-dynamic-linker"]) + ["-z", "notext"]
          + options)
      try await recipe.make(in: folder, as: "fw.elf")
      return folder.judge("fw.elf", .selfRelocating)
    }
    let good = ".data\n.balign 8\n.quad _start\n.section .other, \"ax\"\n.quad _start"
    for options in [[], ["-z", "rel"], ["-z", "pack-relative-relocs"]] {
      let file = try await judge(good, options)
      #expect(file.verdict == .unproven && file.findings.isEmpty, "\(file.lines)")
      #expect(file.counts.dynamicRelocations == 2)
      #expect(folder.judge("fw.elf", .pie).verdict == .broken)
    }
    let rows: [(assembly: String, options: [String], says: String)] = [
      (".balign 8\n.quad _start", [], "none where the entry point is: that runs before"),
      (".data\n.quad _start + 0x10000000", [], "an address in the file"),
      (".data\n.quad _start - 0x10000000", [], "an address in the file"),
      (".data\n.global far\n.quad far", ["-shared"], "only relative ones"),
    ]
    for row in rows {
      let file = try await judge(row.assembly, row.options)
      let found = file.findings.filter { $0.rule == .dynamicRelocation }
      #expect(found.count == 1 && found[0].message.hasSuffix("expected \(row.says)"), "\(file.lines)")
      #expect(file.verdict == .broken)
    }
    let usage = ["check", "--profile", "self-relocating", "--objects", "x.o", "--script", "x.lds"]
    try #expect(await folder.purgatory(usage).status == .exited(64))
  }
}
