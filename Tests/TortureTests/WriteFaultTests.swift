// WriteFaultTests.swift — a fault at each system call that touches an output: never half a file, never half of several
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite(.requiresStrace) struct WriteFaultTests {
  /// Of so many cases one is tried.
  private static let step = Torture.isFull ? 1 : 41

  @Test(arguments: WritingCommand.all) func aFaultAtEachCall(_ command: WritingCommand) async throws {
    let installation = try await Installation.get()
    let traces = try Folder()
    let words = [installation.command] + command.arguments
    let reference = try installation.newFolder()
    let before = try reference.snapshot()
    let calls = try await Strace.calls(words, in: reference, trace: "\(traces.path)/trace")
    let done = try reference.snapshot()
    #expect(command.outputs.contains { before[$0] != done[$0] })
    // The file is on the disk before it has its name, and the name when the command ends.
    let syncs = calls.indices.filter { calls[$0].name == "fsync" }
    let renames = calls.indices.filter { calls[$0].name.hasPrefix("rename") }
    #expect(try #require(syncs.first) < #require(renames.first))
    #expect(try #require(syncs.last) > #require(renames.last))
    let cases = calls.flatMap { call in Fault.all.map { (call, $0) } }.enumerated()
      .filter { $0.offset % Self.step == 0 }
    let all = try await withThrowingTaskGroup(of: Fault.self, returning: [Fault: Int].self) { group in
      var counts: [Fault: Int] = [:]
      for (index, (call, fault)) in cases {
        if index >= 4 * Self.step, let tried = try await group.next() { counts[tried, default: 0] += 1 }
        group.addTask {
          try await expectNoFaults(
            of: command, fault, at: call, installation, before, done, trace: "\(traces.path)/\(index)")
          return fault
        }
      }
      for try await tried in group { counts[tried, default: 0] += 1 }
      return counts
    }
    #expect(!all.isEmpty)
    let text = Fault.all.map { "\($0) \(all[$0, default: 0])" }.joined(separator: ", ")
    print("torture: \(command.name): \(calls.count) calls, \(all.values.reduce(0, +)) cases: \(text)")
  }

  private func expectNoFaults(
    of command: WritingCommand, _ fault: Fault, at call: Call, _ installation: Installation,
    _ before: Verdict.Snapshot, _ done: Verdict.Snapshot, trace: String
  ) async throws {
    let words = [installation.command] + command.arguments
    let folder = try installation.newFolder()
    let outcome = try await Strace.run(words, in: folder, fault, at: call, trace: trace)
    let verdict = Verdict(
      command: command, before: before, done: done, after: try folder.snapshot(),
      aged: aged(command.outputs, in: folder))
    let faults = verdict.faults(of: outcome, fault, at: call)
    #expect(faults == [], "\(fault) at \(call.number): \(call.line)\n\(outcome.status) \(outcome.error)")
    if outcome.status == .signaled(SIGKILL) { try await runAgain(words, command, in: folder, done) }
  }

  /// What a killed run left is in nobody's way.
  private func runAgain(
    _ words: [String], _ command: WritingCommand, in folder: Folder, _ done: Verdict.Snapshot
  ) async throws {
    // There is nothing to patch where the manifest is gone, or tells of another purgatory.
    if command.name == "patch a folder", !folder.exists("out/manifest.json") { return }
    let again = try await Command.run(words[0], Array(words.dropFirst()), in: folder.path)
    #expect(again.status == .exited(0), "\(again.error)")
    let after = try folder.snapshot()
    // A manifest that was gone has the usual permissions now.
    #expect(command.outputs.filter { after[$0]?.bytes != done[$0]?.bytes } == [])
  }
}

/// Those that are older than anything.
func aged(_ names: [String], in folder: Folder) -> Set<String> {
  Set(
    names.filter { name in
      let date = try? FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[
        .modificationDate]
      return (date as? Date)?.timeIntervalSince1970 == 0
    })
}

extension Folder.Entry {
  fileprivate var bytes: [UInt8]? {
    if case .file(let bytes, _) = self { bytes } else { nil }
  }
}
