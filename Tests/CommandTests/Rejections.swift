// Rejections.swift — a table of what the command must refuse: exact texts, and nothing changed anywhere
// SPDX-License-Identifier: MIT

import Subprocess
import TestSupport
import Testing

/// One command line that must be refused.
struct Refusal {
  let name: String
  let arguments: [String]
  /// Words that the message must have: a table that is recorded again cannot turn one reason into another.
  let because: [String]
  var environment: [String: String] = [:]

  init(_ name: String, _ arguments: [String], because: String..., environment: [String: String] = [:]) {
    self.name = name
    self.arguments = arguments
    self.because = because
    self.environment = environment
  }
}

/// Runs every row in `folder`, which must stay as it is, and compares all messages with one golden file.
func expectRefusals(
  _ rows: [Refusal], exitCode: Int32 = 1, golden: String, in folder: Folder,
  sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  var document = ""
  let before = try folder.snapshot()
  for row in rows {
    let outcome = try await folder.purgatory(row.arguments, environment: row.environment)
    let faults = try faults(
      of: outcome, exitCode: exitCode, row: row, before: before, after: folder.snapshot())
    #expect(faults == [], "\(row.name): \(outcome.error)", sourceLocation: sourceLocation)
    document += "## \(row.name)\n$ purgatory \(row.arguments.joined(separator: " "))\n\(outcome.error)\n"
  }
  try Golden.expect(document, golden, in: folder, sourceLocation: sourceLocation)
}

/// Errors that no remedy follows; one is for all before it that are alike.
private func withoutHelp(_ lines: [Substring]) -> [Substring] {
  lines.indices.filter { lines[$0].hasPrefix("error: ") }
    .filter { index in lines[(index + 1)...].first { !$0.hasPrefix("error: ") }?.hasPrefix("help: ") != true }
    .map { lines[$0] }
}

/// What is wrong with a refusal, apart from its exact text.
func faults(
  of outcome: Outcome, exitCode: Int32, row: Refusal, before: [String: Folder.Entry],
  after: [String: Folder.Entry]
) -> [String] {
  var faults: [String] = []
  if outcome.status != .exited(exitCode) { faults.append("ended with \(outcome.status)") }
  if !outcome.output.isEmpty { faults.append("wrote to standard output") }
  faults += differences(before, after).map { "changed \($0)" }
  faults += row.because.filter { !outcome.error.contains($0) }.map { "does not say '\($0)'" }
  // One line for each problem, each with its form; a tool's own words go before them.
  let lines = outcome.error.split(separator: "\n", omittingEmptySubsequences: false)
  if lines.last != "" || outcome.error.isEmpty { faults.append("no final newline") }
  let errors = lines.filter { $0.hasPrefix("error: ") }
  if errors.isEmpty { faults.append("no error line") }
  // What is typed wrongly is reported in the words of ArgumentParser.
  faults += withoutHelp(lines).map { "no help: \($0)" }
  if exitCode == 1 { faults += errors.filter { $0.hasSuffix(".") }.map { "a final period: \($0)" } }
  if Set(errors).count != errors.count { faults.append("says something twice") }
  return faults
}
