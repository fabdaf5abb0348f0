// HarnessTests.swift — what the other tests rely on can fail
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct HarnessTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func theCommandIsTheOneBuiltWithTheseTests() throws {
    let path = try Command.purgatory.get()
    let tests = try FileManager.default.contentsOfDirectory(
      atPath: URL(filePath: path).deletingLastPathComponent().path)
    #expect(tests.contains { $0.hasSuffix(".xctest") || $0.hasSuffix(".so") })
  }

  @Test func aSnapshotSeesEveryChange() throws {
    try folder.write("old", to: "tmp/a")
    let before = try folder.snapshot()
    #expect(differences(before, try folder.snapshot()) == [])
    try folder.write("olD", to: "tmp/a")
    #expect(differences(before, try folder.snapshot()) == ["tmp/a"])
    try folder.write("old", to: "tmp/a")
    try folder.setMode(0o600, of: "tmp/a")
    #expect(differences(before, try folder.snapshot()) == ["tmp/a"])
    try FileManager.default.removeItem(atPath: "\(folder.path)/tmp/a")
    try folder.makeFolder("new")
    #expect(differences(before, try folder.snapshot()) == ["new", "tmp/a"])
  }

  @Test func aRefusalThatIsNoneIsFound() throws {
    let row = Refusal("", [], because: "reason")
    func found(
      _ status: TerminationStatus = .exited(1), output: String = "",
      error: String = "error: f: reason\nhelp: h\n",
      left: [String: Folder.Entry] = [:]
    ) -> [String] {
      let outcome = Outcome(status: status, output: Array(output.utf8), error: error)
      return faults(of: outcome, exitCode: 1, row: row, before: [:], after: left)
    }
    #expect(found() == [])
    #expect(found(.exited(0)) == ["ended with exited(0)"])
    #expect(found(.signaled(1)) == ["ended with signaled(1)"])
    #expect(found(output: "x") == ["wrote to standard output"])
    #expect(found(left: ["purgatory.bin": .other(mode: 0)]) == ["changed purgatory.bin"])
    #expect(found(error: "error: other\nhelp: h\n") == ["does not say 'reason'"])
    #expect(found(error: "reason\n") == ["no error line"])
    #expect(found(error: "error: reason\nhelp: h") == ["no final newline"])
    #expect(found(error: "error: reason.\nhelp: h\n") == ["a final period: error: reason."])
    #expect(found(error: "error: reason\nerror: reason\nhelp: h\n") == ["says something twice"])
    #expect(found(error: "error: reason\n") == ["no help: error: reason"])
    #expect(
      found(error: "error: reason\nhelp: h\nerror: reason 2\nx\nhelp: h\n") == ["no help: error: reason 2"])
    #expect(found(error: "") == ["does not say 'reason'", "no final newline", "no error line"])
  }

  @Test func aGoldenThatDiffersIsFound() {
    #expect(Golden.firstDifference("a\nb\n", "a\nb\n") == "none")
    #expect(Golden.firstDifference("a\nb\n", "a\nc\n") == "line 2: 'b', expected 'c'")
    #expect(Golden.firstDifference("a\nb\n", "a\n") == "line 2: 'b', expected ''")
  }

  @Test func volatilePathsAreReplaced() {
    let text = "\(folder.path)/a \(packageFolder)/b"
    #expect(Golden.normalised(text, in: folder) == "FOLDER/a PACKAGE/b")
  }
}
