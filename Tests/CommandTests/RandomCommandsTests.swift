// RandomCommandsTests.swift — `make random` runs many command lines; here a few, and one that traps, which it has to show
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct RandomCommandsTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func run(_ arguments: [String]) async throws -> Outcome {
    let program = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent()
      .appending(path: "random-commands").path
    return try await Command.run(
      program, arguments, in: folder.path,
      environment: ["TMPDIR": folder.path, "SWIFT_BACKTRACE": "enable=no"])
  }

  @Test func theyEndInADocumentedStatus() async throws {
    let outcome = try await run(["100", "3"])
    #expect(outcome.status == .exited(0), "\(outcome)")
    #expect(outcome.text.contains("random-commands: 100 command lines, "))
  }

  @Test func aTrapIsSeenWithItsCommandLine() async throws {
    let outcome = try await run(["20", "3", "10"])
    guard case .signaled = outcome.status else {
      Issue.record("\(outcome.status)")
      return
    }
    let log = try #require(outcome.text.firstMatch(of: /is in (\S+)/)?.1)
    let line = try String(contentsOfFile: String(log), encoding: .utf8)
    #expect(line.hasPrefix("10: ["))
  }
}
