// OutputTests.swift — outputs that cannot be written, and that are no regular files
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct OutputTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.makeFolder("folder")
  }

  @Test func cannotBeWritten() async throws {
    try Source.makeSmall(in: folder)
    let build = ["build", "--source", "small"]
    try await expectRefusals(
      [
        Refusal("no such folder", ["patch", "p.bin", "-o", "none/p.bin"], because: "no such file"),
        Refusal("a folder", ["patch", "p.bin", "-o", "folder"], because: "is a directory"),
        Refusal("a file in a file", ["patch", "p.bin", "-o", "p.bin/p.bin"], because: "not a directory"),
        Refusal("no name", ["patch", "p.bin", "-o", ""], because: "cannot be written"),
        Refusal("build", build + ["-o", "none/p.bin"], because: "none/p.bin: cannot be written"),
      ], golden: "bad-outputs.txt", in: folder)
  }

  @Test func aDeviceIsWrittenTo() async throws {
    let before = try folder.snapshot()
    try await folder.done(["patch", "p.bin", "-o", "/dev/null"])
    #expect(differences(before, try folder.snapshot()) == [])
    #expect(FileManager.default.fileExists(atPath: "/dev/null"))
    let full = try await folder.purgatory(["patch", "p.bin", "-o", "/dev/full"])
    #expect(full.status == .exited(1))
    #expect(full.error == "error: /dev/full: cannot be written: no space left on device\n")
  }

  @Test func aPipeIsReadAndWritten() async throws {
    let command = try Command.purgatory.get()
    let line = "'\(command)' patch /dev/stdin --quiet -o /dev/stdout"
    let outcome = try await Command.run(
      Tools.inPath("sh") ?? "sh", ["-c", "cat p.bin | \(line) | cat >out.bin"], in: folder.path)
    #expect(outcome.error.hasPrefix("/dev/stdout: 976 bytes"))
    #expect(try folder.read("out.bin") == overwriting(folder.read("p.bin"), 0x40 + Field.flags, [0x20]))
  }

  @Test func standardInput() async throws {
    let outcome = try await folder.purgatory(["show", "/dev/stdin"], input: folder.read("p.bin"))
    #expect(outcome.status == .exited(0))
    #expect(outcome.text.hasPrefix("/dev/stdin:\n  format        flat\n"))
  }
}
