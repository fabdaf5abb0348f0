// KilledMakeTests.swift — a build that is killed between its files is no finished one, for make and for a loader
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite(.requiresStrace) struct KilledMakeTests {
  /// With the status of a signal make would remove the target itself.
  private static let makefile = """
    p.bin: Image
    \t$(STRACE) $(PURGATORY) build -q -o $@ --manifest m.json --depfile p.d --kernel Image@0x40200000 \\
    \t  --initrd initrd@0x50000000 --load-address 0x40000000 --on-failure reset || exit 1
    -include p.d

    """

  /// At each of the calls that put a file into its place, and before the first.
  @Test(arguments: ["rename:1", "rename:2", "rename:3", "utimensat:4", "unlink:1"])
  func makeBuildsAgain(_ call: String) async throws {
    let installation = try await Installation.get()
    let reference = try installation.newFolder()
    let folder = try installation.newFolder()
    let words = call.split(separator: ":")
    for folder in [reference, folder] {
      try folder.write(Self.makefile, to: "Makefile")
      // What is there is older than what it is made of.
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -1000)], ofItemAtPath: "\(folder.path)/p.bin")
    }
    let make = ["--silent", "PURGATORY=\(installation.command)"]
    try await Command.tool("make", make, in: reference.path)
    let tracing = "STRACE=strace -o /dev/null -e inject=\(words[0]):signal=SIGKILL:when=\(words[1])"
    let killed = try await Command.run(
      Tools.inPath("make") ?? "make", make + [tracing], in: folder.path)
    #expect(killed.status == .exited(2), "\(killed.error)")
    // A loader finds the manifest of the older files, with them, or none.
    if folder.exists("m.json") {
      let checked = try await folder.purgatory(["check", "m.json"])
      #expect(checked.status == .exited(0), "\(checked.text)\(checked.error)")
    }
    try await Command.tool("make", make, in: folder.path)
    for name in ["p.bin", "m.json", "p.d"] {
      #expect(try folder.read(name) == reference.read(name), "\(name) after \(call)")
    }
    let again = try await Command.tool("make", ["-q"] + make, in: folder.path)
    #expect(again == "")
  }
}
