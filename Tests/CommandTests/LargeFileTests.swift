// LargeFileTests.swift — files that are larger than the memory there is, and how far work on them has come
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct LargeFileTests {
  let folder: Folder

  /// Larger than the memory that the command gets.
  private static let size: UInt64 = 256 << 20

  init() async throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.write(Input.image(imageSize: Self.size), to: "Image")
    for name in ["large", "huge"] { try folder.write([1], to: name) }
    for (name, size) in [("Image", Self.size), ("large", Self.size), ("huge", 2 << 30)] {
      try #require(FileHandle(forWritingAtPath: "\(folder.path)/\(name)")).truncate(atOffset: size)
    }
  }

  /// Runs the command with 250 MB of address space, of which its code and threads take a part.
  private func purgatory(_ arguments: [String], on terminal: Bool = false) async throws -> Outcome {
    let words = ([try Command.purgatory.get()] + arguments).map { "'\($0)'" }.joined(separator: " ")
    let line = "ulimit -v 250000; exec \(words)"
    let quoted = line.replacing("'", with: #"'\''"#)
    let command = terminal ? "exec script -qec '\(quoted)' /dev/null" : line
    return try await Command.run(
      "/bin/sh", ["-c", command], in: folder.path,
      environment: ["TMPDIR": "\(folder.path)/tmp", "TERM": "xterm", "LC_ALL": "C.UTF-8"])
  }

  private static let layout = ["--memory", "0x40000000+16G", "--kernel-entry", "0x80000000"]

  /// Everything that reads or writes such files.
  @Test func noneIsHeld() async throws {
    let commands: [[String]] = [
      ["patch", "p.bin", "-o", "q.bin", "--segment", "large@0x80000000", "--segment", "Image@0x100000000"],
      ["patch", "p.bin", "-o", "c.bin", "--segment", "large@0x80000000", "--digest", "combined"],
      [
        "build", "--source", "small", "--kernel", "Image", "--initrd", "large", "--output-dir", "out",
        "--copy",
      ]
        + Self.layout.prefix(2),
      ["check", "out", "--allow", "proof", "--profile", "pie"],
      ["bundle", "--source", "small", "--kernel", "Image", "--console", "pl011@0x9000000", "-o", "b.img"],
      ["show", "b.img"], ["check", "b.img", "--allow", "proof"],
      ["patch", "b.img", "--messages", "failures", "-o", "b2.img"],
    ]
    for command in commands {
      let outcome = try await purgatory(command)
      #expect(outcome.status == .exited(0), "\(command): \(outcome.error)\(outcome.text)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/tmp") == [])
  }

  @Test func progressIsShownOnATerminal() async throws {
    let command = ["patch", "p.bin", "-o", "q.bin", "--segment", "huge@0x80000000"]
    let shown = try await purgatory(command, on: true)
    #expect(shown.status == .exited(0))
    let lines = shown.text.split(separator: "\n").filter { $0.contains(" MiB of 2.0 GiB  ") }
    #expect(!lines.isEmpty, "\(shown.text)")
    #expect(lines.allSatisfy { $0.contains("huge") && $0.contains("/s  ") && $0.contains(" left") })
    // Gone before anything else is said.
    #expect(shown.text.contains("\u{1b}[1A\u{1b}[Jq.bin: "))
    // Not in a log, and not where nobody wants it.
    for (arguments, terminal) in [
      (command, false), (command + ["--no-progress"], true), (command + ["-q"], true),
    ] {
      let outcome = try await purgatory(arguments, on: terminal)
      #expect(outcome.status == .exited(0))
      #expect(!(outcome.text + outcome.error).contains("MiB"), "\(arguments)")
    }
  }
}
