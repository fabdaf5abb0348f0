// HostileToolchainTests.swift — tools that fail, lie, hang or do more than they were asked for: the right bytes, or a clear error
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct HostileToolchainTests {
  let folder: Folder
  /// Where the real tools are.
  private let tools = (clang: Tools.find("clang") ?? "clang", lld: Tools.find("ld.lld") ?? "ld.lld")

  init() throws {
    folder = try Folder()
    try Source.copyReal(into: folder, as: "source")
    for (name, path) in [("clang", tools.clang), ("ld.lld", tools.lld)] {
      try wrap(name, "exec '\(path)' \"$@\"")
    }
  }

  /// A program of this name that does this.
  private func wrap(_ name: String, _ script: String) throws {
    try folder.makeFolder("bin")
    try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)")
    try folder.setMode(0o755, of: "bin/\(name)")
  }

  private func build(_ environment: [String: String] = [:], options: [String] = []) async throws -> Outcome {
    let path = ["PATH": "\(folder.path)/bin:/usr/bin:/bin"]
    return try await folder.purgatory(
      ["build", "--source", "source", "-o", "p.bin"] + options, environment: path.merging(environment) { $1 })
  }

  private func expectRight(_ outcome: Outcome, _ what: String) async throws {
    #expect(outcome.status == .exited(0), "\(what): \(outcome.error.suffix(2000))")
    if folder.exists("p.bin") {
      #expect(try folder.read("p.bin") == (try await Built.get().real), "\(what)")
      try FileManager.default.removeItem(atPath: "\(folder.path)/p.bin")
    }
  }

  /// One error with a remedy, and nothing is left.
  private func expectClear(_ outcome: Outcome, _ what: String, says words: String) throws {
    #expect(outcome.status == .exited(1), "\(what)")
    #expect(outcome.error.contains(words), "\(what): \(outcome.error.suffix(2000))")
    #expect(outcome.error.contains("error: ") && outcome.error.contains("\nhelp: "), "\(what)")
    #expect(!folder.exists("p.bin"), "\(what)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/tmp") == [], "\(what)")
  }

  @Test func aCompilerThatDoesNotDoItsWork() async throws {
    let real = "exec '\(tools.clang)' \"$@\""
    for (script, words) in [
      ("exit 3", "clang failed: exit status 3"), ("kill -9 $$", "clang failed: signal 9"),
      ("exit 0", "clang: exit status 0, and no file"),
      ("for o; do :; done; head -c 5000 /dev/zero >\"$o\"", "unknown file type"),
      ("head -c 5000 /bin/sh >&2; exit 1", "clang failed: exit status 1"),
      ("yes garbage | head -c 3000000 >&2; exit 1", "clang failed: exit status 1"),
      ("\(real) -mbig-endian", "expected 64-bit little-endian AArch64"),
      ("\(real) --target=x86_64-linux-gnu", "clang failed: exit status 1"),
    ] {
      try wrap("clang", script)
      try expectClear(try await build(), script, says: words)
    }
    // What says much is not wrong.
    try wrap("clang", "yes warning | head -c 3000000 >&2; \(real)")
    try await expectRight(try await build(), "3 MB of warnings")
    // What leaves a server behind, as caches of compilers do.
    try wrap("clang", "sleep 1000 & echo $! >>'\(folder.path)/servers'; \(real)")
    try await expectRight(try await build(), "a server")
    for id in try folder.text(of: "servers").split(separator: "\n") { kill(pid_t(id) ?? 0, SIGKILL) }
  }

  @Test(arguments: [
    "-g", "-g3 -gdwarf-5", "-fstack-protector-all", "-mbranch-protection=standard", "-mmark-bti-property",
    "-flto",
    "-ffunction-sections -fdata-sections", "-frecord-gcc-switches", "-fPIC", "-march=armv8.5-a",
  ]) func aCompilerThatAddsOptions(_ options: String) async throws {
    try wrap("clang", "exec '\(tools.clang)' \"$@\" \(options)")
    try await expectRight(try await build(), options)
  }

  @Test func aLinkerThatAddsOptions() async throws {
    for (options, words) in [
      ("--build-id", nil), ("-z separate-code", nil), ("--emit-relocs", nil), ("--image-base=0x10000", nil),
      ("-Ttext=0x1000", "over budget"), ("-z force-bti", "force-bti"), ("-e 4", "entry point 0x4"),
      ("-s", "undefined symbol"), ("--gc-sections", "end marker"), ("-r", "may not be used together"),
      ("--oformat=binary", "no ELF magic"),
    ] as [(String, String?)] {
      try wrap("ld.lld", "exec '\(tools.lld)' \"$@\" \(options)")
      let outcome = try await build()
      if let words {
        try expectClear(outcome, options, says: words)
      } else {
        try await expectRight(outcome, options)
      }
    }
  }

  /// For what is no file nobody waits.
  @Test(arguments: ["exit 0", "mkfifo", "mkdir", "ln -s /dev/zero"])
  func aLinkerThatMakesNoFile(_ command: String) async throws {
    try wrap("ld.lld", command == "exit 0" ? command : "for o; do :; done; \(command) \"$o\"")
    try expectClear(try await build(), command, says: "ld.lld: exit status 0, and no file")
  }

  @Test(.requiresGNU) func gnuToolsThatAddOptions() async throws {
    for (tool, options) in [
      ("as", "-g"), ("as", "--gdwarf-5"), ("ld", "-z separate-code"), ("ld", "--build-id"),
    ] {
      for name in ["as", "ld", "cpp"] {
        let path = Tools.inPath("aarch64-linux-gnu-\(name)") ?? Tools.inPath(name) ?? name
        try wrap("my-\(name)", "exec '\(path)' \"$@\" \(name == tool ? options : "")")
      }
      try await expectRight(try await build(options: ["--cross-compile", "my-"]), "\(tool) \(options)")
    }
  }

  /// What is set for other things.
  @Test func theEnvironment() async throws {
    try folder.makeFolder("evil")
    for name in ["purgatory_info.h", "routine.h"] { try folder.write("#error evil\n", to: "evil/\(name)") }
    try folder.makeFolder("with space")
    for (name, value) in [
      ("CPATH", "evil"), ("C_INCLUDE_PATH", "evil"), ("CFLAGS", "-garbage"), ("ASFLAGS", "-g"),
      ("LDFLAGS", "-shared"),
      ("SOURCE_DATE_EPOCH", "1"), ("CC", "/bin/false"), ("LD", "/bin/false"), ("LD_RUN_PATH", "/x"),
      ("LIBRARY_PATH", "evil"), ("COMPILER_PATH", "evil"), ("CCC_OVERRIDE_OPTIONS", "+-g"), ("LC_ALL", "zz"),
      ("SOURCE_DATE_EPOCH", "x"), ("LDEMULATION", "elf_i386"), ("GNUTARGET", "elf64-x86-64"),
      ("LLD_REPRODUCE", "left"), ("DEPENDENCIES_OUTPUT", "left"),
      ("TMPDIR", "with space"),
    ] {
      let value = ["evil", "with space", "left"].contains(value) ? "\(folder.path)/\(value)" : value
      try await expectRight(try await build([name: value]), name)
      guard Tools.hasGNU || Tools.isCI else { continue }
      try await expectRight(try await build([name: value], options: ["--toolchain", "gnu"]), "\(name), gnu")
    }
    #expect(!folder.exists("left"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/with space") == [])
  }

  /// There is no room for what the tools write.
  @Test func noRoom() async throws {
    let command = try Command.purgatory.get()
    let outcome = try await Command.run(
      "/bin/sh", ["-c", "ulimit -f 0; exec '\(command)' build --source source -o p.bin"], in: folder.path,
      environment: ["TMPDIR": "\(folder.path)/tmp"])
    try expectClear(outcome, "ulimit -f 0", says: "failed: ")
  }

  /// A tool that hangs is ended with the command, and what it has started, and nothing is left.
  @Test(arguments: ["INT", "TERM", "HUP", "QUIT", "XCPU", "ALRM", "USR1"]) func aToolThatHangs(
    _ signal: String
  ) async throws {
    try wrap("clang", "sleep 1000 & echo $! $$ >>'\(folder.path)/processes'; wait")
    let command = try Command.purgatory.get()
    // A shell lets what it runs in the background ignore some.
    let script = """
      env --default-signal=INT,QUIT '\(command)' build --source source -o p.bin &
      until [ -s processes ]; do sleep 0.05; done
      kill -\(signal) $!; wait $!; echo $?
      for id in $(cat processes); do while kill -0 $id 2>/dev/null; do sleep 0.05; done; done
      """
    let outcome = try await Command.run(
      "/bin/sh", ["-c", script], in: folder.path,
      environment: ["TMPDIR": "\(folder.path)/tmp", "PATH": "\(folder.path)/bin:/usr/bin:/bin"])
    let number = ["INT": 2, "TERM": 15, "HUP": 1, "QUIT": 3, "XCPU": 24, "ALRM": 14, "USR1": 10][signal] ?? 0
    #expect(
      outcome.text.split(separator: "\n").contains("\(128 + number)"), "\(outcome.text)\(outcome.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/tmp") == [])
    #expect(!folder.exists("p.bin"))
  }
}
