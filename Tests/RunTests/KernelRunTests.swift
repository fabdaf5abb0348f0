// KernelRunTests.swift — `purgatory run` with a kernel as it comes: packed, with an initrd, and with somebody who types
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite(.requiresQEMU) struct KernelRunTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func theFilesOfAManifestAreItsOwn() async throws {
    try await Guest().build(in: folder)
    let outcome = try await folder.run(["out", "--initrd", "guest", "--append", "quiet"])
    #expect(outcome.status == .exited(1))
    let reason =
      "out/manifest.json, a manifest that names its own files, expected an arm64 Image, or what it is packed in"
    #expect(
      outcome.error
        == "error: --initrd: \(reason)\nerror: --append: \(reason)\n"
        + "help: build the folder with it: purgatory build --output-dir DIR --initrd FILE --cmdline STRING\n")
  }

  /// While it runs, what is typed is the guest's; afterwards the terminal is what it was, also when a signal ended the run.
  @Test(arguments: [false, true])
  func theTerminalIsRestored(_ isKilled: Bool) async throws {
    try await Guest(ends: false).build(in: folder)
    let command = try Command.purgatory.get()
    // In the foreground, as a person has it: a job of the shell would not be the terminal's.
    let session = """
      stty -g >before
      { until grep -aq verified log; do sleep 0.1; done; stty -g </dev/tty >during
        kill -TERM $(cat pid); } 2>/dev/null &
      sh -c 'echo $$ >pid; exec "\(command)" run out --timeout 600 \(isKilled ? "" : "--expect verified")' >log
      stty -g >after
      """
    try folder.write(session, to: "session")
    _ = try await folder.shell("script -qec 'sh session' /dev/null </dev/null")
    let before = try folder.text(of: "before")
    #expect(!before.isEmpty)
    #expect(try folder.text(of: "after") == before)
    if isKilled { #expect(try folder.text(of: "during") != before) }
  }

  @Test func whatCannotBeRun() async throws {
    try folder.write([1, 2, 3, 4], to: "none")
    for (arguments, because) in [
      (["none"], "error: none: header: no arm64 Image header"),
      (["missing"], "error: missing: no such file or directory"),
      ([LinuxInputs.kernelPath, "--initrd", "missing"], "error: missing: no such file or directory"),
    ] {
      let outcome = try await folder.run(arguments)
      #expect(outcome.status == .exited(1))
      #expect(outcome.error.hasPrefix(because), "\(outcome.error)")
    }
  }
}

@Suite("a kernel as it comes, at a console", .requiresQEMU, .requiresLinux)
struct TypingTests {
  let folder: Folder

  /// An initrd that asks, and says what it heard.
  init() throws {
    folder = try Folder()
    var archive = Archive(following: try LinuxInputs.bytes(LinuxInputs.initrdPath))
    archive.add(
      program: "next", Array("#!/bin/sh\necho 'login: '\nread -r name\necho \"welcome, $name\"\n".utf8))
    try folder.write(archive.finished(), to: "initrd")
  }

  /// A shell's line that runs `kernel`, and types when it is asked to.
  private func typed(_ kernel: String) throws -> String {
    let command = try Command.purgatory.get()
    return """
      { until grep -aq 'login: ' log; do sleep 0.1; done; echo somebody; } 2>/dev/null |
        '\(command)' run \(kernel) --initrd initrd --append 'console=ttyAMA0 quiet' --timeout 600 \
          --expect 'welcome, somebody' >log
      """
  }

  /// Packed, or verified by the purgatory in front of it: it reaches a login, which hears.
  @Test(arguments: ["gzip -9n", "zstd -q -3", "bundle"])
  func itReachesALogin(_ packing: String) async throws {
    if packing == "bundle" {
      try await folder.done([
        "bundle", "--kernel", LinuxInputs.kernelPath, "--console", "pl011@0x9000000", "-o", "kernel",
      ])
    } else {
      let packed = try await folder.shell("\(packing) <'\(LinuxInputs.kernelPath)' >kernel")
      try #require(packed.status == .exited(0), "\(packed.error)")
    }
    let outcome = try await folder.shell(try typed("kernel"))
    let log = try folder.text(of: "log")
    #expect(outcome.status == .exited(0), "\(outcome.error)\(log.suffix(2000))")
    #expect(log.contains("welcome, somebody"))
    #expect(log.contains("purgatory: verified ") == (packing == "bundle"))
    // What was unpacked for QEMU is gone.
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/tmp") == [])
  }
}

extension Folder {
  fileprivate func shell(_ line: String) async throws -> Outcome {
    try await Command.run(
      "/bin/sh", ["-c", line], in: path, environment: ["TMPDIR": "\(path)/tmp", "TERM": "xterm"])
  }
}
