// ConcurrencyTests.swift — many commands at once in one folder: no update is lost, no set of files is of two commands
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct ConcurrencyTests {
  /// Each changes a field of its own.
  private static let patches: [(arguments: [String], shown: String)] = [
    (["--on-failure", "reset"], "on failure    reset"), (["--psci", "hvc"], "psci over hvc"),
    (["--no-cache"], "no-cache"), (["--no-crypto"], "no-crypto"), (["--messages", "failures"], "quiet"),
    (["--console", "pl011@0x9000000"], "pl011 at 0x9000000"), (["--result-addr", "0"], ""),
    (["--dtb-addr", "0x40200000"], "device tree   0x40200000"),
  ]
  private static let count = 32

  /// Runs all of them at once.
  private func run(_ commands: [[String]], in folder: Folder) async throws -> [Outcome] {
    let command = try await Installation.get().command
    // As one program, so that all are at work at once.
    let lines = commands.enumerated().map { index, words in
      "{ '\(command)' \(words.map { "'\($0)'" }.joined(separator: " ")) 2>tmp/\(index); echo $? >>tmp/\(index); } &"
    }
    _ = try await Command.run("/bin/sh", ["-c", lines.joined(separator: "\n") + "\nwait"], in: folder.path)
    return try commands.indices.map { index in
      let lines = try folder.text(of: "tmp/\(index)").split(separator: "\n")
      return Outcome(
        status: .exited(CInt(lines.last ?? "") ?? -1), output: [],
        error: lines.dropLast().joined(separator: "\n"))
    }
  }

  private func expectDone(_ outcomes: [Outcome], in folder: Folder) throws {
    for outcome in outcomes { #expect(outcome.status == .exited(0), "\(outcome.error)") }
    #expect(try folder.snapshot().keys.filter { $0.contains(".purgatory-") } == [])
  }

  /// What each of them changed is there in the end, in a file and in a folder, whose manifest is true.
  @Test(arguments: ["p.bin", "out"]) func noPatchIsLost(_ name: String) async throws {
    let folder = try await Installation.get().newFolder()
    let commands = (0..<Self.count).map { ["patch", name] + Self.patches[$0 % Self.patches.count].arguments }
    try expectDone(try await run(commands, in: folder), in: folder)
    let shown = try await folder.done(["show", name]).text
    for patch in Self.patches where !patch.shown.isEmpty {
      #expect(shown.contains(patch.shown), "\(patch.arguments): \(shown)")
    }
    if name == "out" { try await folder.done(["check", "out"]) }
    print("torture: concurrency: \(Self.count) patches of \(name) at once")
  }

  /// Builds of different inputs, and patches between them: the folder is of one of them, and its manifest is true.
  @Test func noFolderIsOfTwoBuilds() async throws {
    let folder = try await Installation.get().newFolder()
    for index in 0..<4 {
      try folder.makeFolder("in\(index)")
      try folder.write([UInt8](repeating: UInt8(index), count: 4000 + 100 * index), to: "in\(index)/initrd")
    }
    let commands = (0..<Self.count).map { index in
      [
        "build", "--kernel", "Image", "--initrd", "in\(index % 4)/initrd", "--memory", "0x40000000+1G",
        "--copy",
        "--output-dir", "set",
      ]
    }
    try expectDone(try await run(commands, in: folder), in: folder)
    try await folder.done(["check", "set"])
    let initrd = try folder.read("set/initrd")
    #expect(initrd.count == 4000 + 100 * Int(initrd[0]))
    print("torture: concurrency: \(Self.count) builds of one folder at once")
  }

  /// What is waited for is said: it may be no purgatory.
  @Test func waitingIsSaid() async throws {
    let folder = try await Installation.get().newFolder()
    let command = try await Installation.get().command
    let script = """
      exec 9<.; flock 9
      '\(command)' patch p.bin --on-failure reset 2>tmp/said 9<&- & 
      until grep -q waiting tmp/said; do sleep 0.05; done
      cmp p.bin tmp/old && flock -u 9 && wait $!
      """
    try folder.write(try folder.read("p.bin"), to: "tmp/old")
    let outcome = try await Command.run("/bin/sh", ["-c", script], in: folder.path)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(
      try folder.text(of: "tmp/said").hasPrefix("note: .: waiting for another command that writes there\n"))
    #expect(try folder.read("p.bin") != folder.read("tmp/old"))
  }

  /// `make -j`, each target with a depfile of its own: all are built once, and nothing is built again.
  @Test func makeWithManyJobs() async throws {
    let folder = try await Installation.get().newFolder()
    let command = try await Installation.get().command
    let names = (0..<16).map { "t\($0)" }
    try folder.write(
      """
      all: \(names.map { "\($0).bin" }.joined(separator: " "))
      %.bin:
      \t@'\(command)' build -q -o $@ --manifest $*.json --depfile $*.d --kernel Image@0x40200000 --load-address 0x40000000
      \t@echo $@ >>log
      -include $(wildcard *.d)

      """, to: "Makefile")
    for round in 1...2 {
      try await Command.tool("make", ["--silent", "-j", "8"], in: folder.path)
      #expect(try folder.text(of: "log").split(separator: "\n").count == names.count, "round \(round)")
    }
    let kernel = "\(folder.path)/Image"
    try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: kernel)
    try await Command.tool("make", ["--silent", "-j", "8"], in: folder.path)
    #expect(try folder.text(of: "log").split(separator: "\n").count == 2 * names.count)
  }
}
