// SuggestionTests.swift — a typing error is answered with the command line that was probably meant
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct SuggestionTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let rows: [(typed: [String], error: String, help: String)] = [
    (["biuld", "-o", "p.bin"], "no verb 'biuld', did you mean 'build'?", "purgatory build -o p.bin"),
    (["chekc", "a b"], "no verb 'chekc', did you mean 'check'?", "purgatory check 'a b'"),
    (["bund"], "no verb 'bund', did you mean 'bundle'?", "purgatory bundle"),
    (["SHOW", "x"], "no verb 'SHOW', did you mean 'show'?", "purgatory show x"),
    (
      ["frobnicate"],
      "no verb 'frobnicate', expected build, patch, show, check, verify, bundle, graft, run or help",
      "purgatory help"
    ),
    (["show", "--jsno", "x"], "unknown option '--jsno', did you mean '--json'?", "purgatory show --json x"),
    (
      ["build", "--kernal=it's", "-q"], "unknown option '--kernal', did you mean '--kernel'?",
      #"purgatory build '--kernel=it'\''s' -q"#
    ),
    (["build", "--out-dir", "o"], "unknown option '--out-dir'", "purgatory help build"),
    (["patch", "p", "--frob"], "unknown option '--frob'", "purgatory help patch"),
    (
      ["patch", "p", "--digest", "regoins"],
      "the value 'regoins' is invalid for '--digest <digest>', did you mean 'regions'?",
      "purgatory patch p --digest regions"
    ),
    (
      ["patch", "p", "--digest=combine"],
      "the value 'combine' is invalid for '--digest <digest>', did you mean 'combined'?",
      "purgatory patch p --digest=combined"
    ),
    (
      // A file of the same name as the value stays.
      ["show", "bni", "--digest", "bni"], "unknown option '--digest'", "purgatory help show"
    ),
    (
      ["build", "-o", "bni", "--format", "bni"],
      "the value 'bni' is invalid for '--format <format>', did you mean 'bin'?",
      "purgatory build -o bni --format bin"
    ),
    (
      ["patch", "p", "--psci", "svc!"],
      "the value 'svc!' is invalid for '--psci <psci>', expected smc or hvc",
      "purgatory help patch"
    ),
    // What verifies less is not proposed.
    (
      ["build", "--on-failure", "reboot"],
      "the value 'reboot' is invalid for '--on-failure <on-failure>', expected halt, reset, poweroff or boot",
      "purgatory help build"
    ),
    (["run", "--verified", "out"], "unknown option '--verified'", "purgatory help run"),
    (["show", "-j", "out"], "unknown option '-j'", "purgatory help show"),
    (["bun"], "no verb 'bun', did you mean 'bundle'?", "purgatory bundle"),
    (["help", "bild"], "no verb 'bild', did you mean 'build'?", "purgatory help build"),
    // An option that is empty by mistake does not take the next word.
    (
      ["check", "--output=", "a.bin", "b.bin"], "--output= has no value; an empty one is --output ''",
      "purgatory help"
    ),
    (["build", "--output-dir", ""], "--output-dir is empty, expected a folder", "purgatory help build"),
    (
      ["check", "--explain", "overlpa"],
      "the value 'overlpa' is invalid for '--explain <rule>', did you mean 'overlap'?",
      "purgatory check --explain overlap"
    ),
  ]

  @Test(arguments: rows.indices) func nearest(_ index: Int) async throws {
    let row = Self.rows[index]
    let outcome = try await folder.purgatory(row.typed)
    #expect(outcome.status == .exited(64) && outcome.output.isEmpty)
    #expect(outcome.error == "error: \(row.error)\nhelp: \(row.help)\n")
  }

  /// What is proposed is understood: pasted into a shell, it is no typing error any more.
  @Test func aProposalCanBePasted() async throws {
    try folder.write("no purgatory", to: "it's")
    let outcome = try await folder.purgatory(["shwo", "it's"])
    let proposal = try #require(outcome.error.firstMatch(of: /help: purgatory (.*)\n/)).1
    let shell = try #require(Tools.inPath("sh"))
    let pasted = try await Command.run(
      shell, ["-c", "\"$0\" \(proposal)", Command.purgatory.get()], in: folder.path)
    #expect(pasted.status == .exited(1) && pasted.error.contains("it's: header"), "\(pasted.error)")
  }

  @Test func longWordsAreNotCompared() async throws {
    let long = String(repeating: "build", count: 20_000)
    let outcome = try await folder.purgatory([long])
    #expect(outcome.status == .exited(64) && outcome.error.hasSuffix("help: purgatory help\n"))
  }
}
