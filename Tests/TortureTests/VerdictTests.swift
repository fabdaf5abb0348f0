// VerdictTests.swift — what must not be left behind is found
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct VerdictTests {
  private let command = WritingCommand(name: "", arguments: [], outputs: ["a", "b", "manifest.json", "d"])
  private static func files(_ contents: [String: UInt8]) -> Verdict.Snapshot {
    contents.mapValues { .file([$0], mode: 0o640) }
  }
  private let before = files(["a": 1, "b": 1, "manifest.json": 1, "d": 1, "input": 1])
  private let done = files(["a": 2, "b": 2, "manifest.json": 2, "d": 2, "input": 1])
  private let error = "error: a: cannot be written: no space left on device\nhelp: df -h .\n"

  private func faults(
    _ status: TerminationStatus, _ changes: [String: UInt8?], _ error: String = "", aged: Set<String> = [],
    fault: Fault = .error("EIO"), call: String = "rename"
  ) -> [String] {
    var after = before
    for (name, byte) in changes { after[name] = byte.map { .file([$0], mode: 0o640) } }
    return Verdict(command: command, before: before, done: done, after: after, aged: aged).faults(
      of: Outcome(status: status, output: [], error: error), fault, at: Call(name: call, number: 1, line: ""))
  }

  private static let all: [String: UInt8?] = ["a": 2, "b": 2, "manifest.json": 2, "d": 2]

  @Test func whatMayBe() {
    let kill = Fault.signal("SIGKILL")
    #expect(faults(.exited(0), Self.all) == [])
    #expect(faults(.exited(1), [:], error) == [])
    #expect(faults(.signaled(SIGINT), [:], fault: .signal("SIGINT")) == [])
    #expect(faults(.signaled(SIGTERM), Self.all, fault: .signal("SIGTERM")) == [])
    #expect(
      faults(.signaled(SIGKILL), ["a": 2, "manifest.json": nil, ".purgatory-x": 1], aged: ["a"], fault: kill)
        == [])
    #expect(faults(.exited(1), [".purgatory-x": 2], error, call: "unlink") == [])
    let told = error + "error: a: is new already, and the old file cannot be put back\nhelp: again\n"
    #expect(faults(.exited(1), ["a": 2, "manifest.json": nil], told, aged: ["a"]) == [])
  }

  @Test func whatMayNotBe() {
    let kill = Fault.signal("SIGKILL")
    #expect(faults(.exited(0), [:]) == ["done, but not all is new"])
    #expect(faults(.exited(1), [:]).first?.hasPrefix("says nothing") == true)
    #expect(faults(.exited(1), Self.all, error).first?.hasPrefix("failed, but ") == true)
    #expect(faults(.exited(64), [:]) == ["ended with exited(64)"])
    #expect(faults(.exited(1), ["a": 3], error).first == "a is neither the old file nor the new one")
    #expect(faults(.exited(1), ["a": nil], error).first == "a is neither the old file nor the new one")
    #expect(faults(.exited(1), ["x": 1], error) == ["left x"])
    #expect(faults(.exited(1), ["input": 2], error) == ["changed input"])
    #expect(faults(.exited(1), [".purgatory-x": 2], error) == [#"left [".purgatory-x"]"#])
    #expect(
      faults(.signaled(SIGTERM), [".purgatory-x": 2], fault: .signal("SIGTERM")) == [
        #"left [".purgatory-x"]"#
      ])
    #expect(faults(.signaled(SIGSEGV), [:]) == ["signal 11"])
    #expect(
      faults(.signaled(SIGKILL), ["a": 2], aged: ["a"], fault: kill) == [#"the old manifest beside ["a"]"#])
    #expect(
      faults(.signaled(SIGKILL), ["a": 2, "manifest.json": nil], fault: kill) == ["make takes a for made"])
    #expect(
      faults(.signaled(SIGKILL), ["d": 2, "manifest.json": nil], aged: ["d"], fault: kill).first?.hasPrefix(
        "d is new, ")
        == true)
    #expect(
      faults(.signaled(SIGINT), ["a": 2, "manifest.json": nil], aged: ["a"], fault: .signal("SIGINT")) == [
        "ended between files"
      ])
  }
}
