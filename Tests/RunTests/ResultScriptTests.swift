// ResultScriptTests.swift — examples/result: what the purgatory left, in words and as an exit status
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct ResultScriptTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Cells, what is said of them, and the exit status.
  private static let results: [([UInt32], String, Int32)] = [
    ([2, 0, 52736, 3], "verified in 52736 us (sha2+cache)", 0),
    ([2, 0, 0xffff_ffff, 0], "verified in 4294967295 us (scalar+nocache)", 0),
    ([2, 0, 0, 1], "verified in 0 us (scalar+cache)", 0),
    ([3, 0, 0, 0], "checks skipped", 1),
    ([4, 1, 7, 3], "region 1 did not match, booted anyway", 1),
    ([4, 0xffff_ffff, 7, 3], "the segments did not match, booted anyway", 1),
    ([5, 0, 0, 0], "met an exception, booted anyway", 1),
    ([6, 0, 0, 0], "was not filled in as it should be, booted anyway", 1),
    ([0x8000_0007, 0, 0, 0], "unknown status 2147483655", 1),
    ([0, 0, 0, 0], "none ran", 2),
  ]

  private func script(_ file: String) async throws -> Outcome {
    try await Command.run(
      "\(packageFolder)/examples/result/purgatory-result", [file], in: folder.path,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
  }

  @Test(arguments: results) func cells(_ cells: [UInt32], _ words: String, _ status: Int32) async throws {
    try folder.write(
      cells.flatMap { cell in withUnsafeBytes(of: cell.bigEndian) { Array($0) } }, to: "result")
    let outcome = try await script("result")
    #expect(outcome.text == "purgatory: \(words)\n")
    #expect(outcome.error == "" && outcome.status == .exited(status))
  }

  @Test func noResult() async throws {
    try folder.write([0, 0, 0, 2], to: "short")
    for (file, says) in [("none", "no none"), ("short", "short: 4 bytes, expected 16")] {
      let outcome = try await script(file)
      #expect(outcome.text == "purgatory: \(says)\n" && outcome.status == .exited(2))
    }
  }
}
