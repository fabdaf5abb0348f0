// ReadmeTests.swift — the README's commands are typed as they stand, and say what it says that they do
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct ReadmeTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private struct Block {
    let language: String
    let text: String
    var lines: [Substring] { text.split(separator: "\n") }
    /// The targets of Make, if that is all there is to type.
    var targets: [Substring]? {
      let targets = lines.compactMap { $0.firstMatch(of: /^make ([a-z]+) *#/)?.1 }
      return targets.count == lines.count ? targets : nil
    }
  }

  /// The fenced blocks of the page, in order.
  private static let blocks: [Block] = {
    let page = (try? read("\(packageFolder)/README.md")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    // Every other fence ends a block.
    return page.components(separatedBy: "\n```").dropFirst().enumerated().compactMap { index, part in
      let parts = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      guard index.isMultiple(of: 2), parts.count == 2 else { return nil }
      return Block(language: String(parts[0]), text: "\(parts[1])\n")
    }
  }()

  private static let shell = blocks.filter { $0.language == "sh" }
  /// What is typed one by one, in a folder with the files that it names.
  private static let commands = shell.filter { $0.targets == nil }.map(\.text).joined()

  /// Expects the lines of a block of output in this order, others between them.
  private func expect(
    _ lines: some Sequence<Substring>, in text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let missing = try ExpectedOutput.missing(lines, in: text)
    #expect(missing == nil, "not in this order in:\n\(text)", sourceLocation: sourceLocation)
  }

  /// The folder as the commands presume it. `make` is a program that does what is left of Make's default target when the
  /// tool is built already.
  private func prepare() async throws {
    try folder.makeFolder(".build/release")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/.build/release/purgatory", withDestinationPath: Command.purgatory.get())
    try folder.makeFolder("bin")
    try folder.write(
      "#!/bin/sh\nset -e\ntest $# = 0\n.build/release/purgatory build -o purgatory.bin\n", to: "bin/make")
    try folder.setMode(0o755, of: "bin/make")
    for (input, name) in [(LoaderInput.kernel, "Image"), (.initrd, "initrd.img"), (.kexec, "kexec")] {
      try FileManager.default.copyItem(atPath: input.path, toPath: "\(folder.path)/\(name)")
    }
    try folder.write(QEMU.deviceTree(of: ["-machine", "virt", "-cpu", "max", "-m", "1G"]), to: "board.dtb")
  }

  private func type(_ commands: String) async throws -> Outcome {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let shell = try #require(Tools.inPath("sh"))
    // A hang guard, not a limit.
    let timeout = try #require(Tools.inPath("timeout"))
    return try await QEMU.slots.run {
      try await Command.run(
        timeout, ["600", shell, "-ec", commands], in: folder.path,
        environment: ["PATH": "\(folder.path)/bin:\(path)"])
    }
  }

  /// All that has a language is checked below; what has none is what a program prints, and the blob's layout.
  @Test func everyBlockIsKnown() throws {
    #expect(Self.blocks.map(\.language) == ["sh", "", "sh", "sh", "", "", "c"])
    #expect(Self.shell.compactMap(\.targets) == [["demo", "test"], ["all", "install", "deb"]])
    // `make demo` and `make test` are too long for a test: CI runs the one, and scripts/demo's commands are those below.
    let help = try String(bytes: read("\(packageFolder)/Makefile"), encoding: .utf8)
    for target in ["all", "demo", "test", "help", "install", "uninstall", "deb"] {
      #expect(help?.contains(try Regex("(?m)^\(target):.* ## ")) == true, "\(target)")
    }
    // A command that comes in has to be judged here, too.
    #expect(
      Self.commands.matches(of: /(?m)^\$tool ([a-z]+)/).map(\.1)
        == ["build", "run", "show", "show", "patch", "check", "verify", "bundle", "run", "graft"])
  }

  @Test(.requiresQEMU, .requires(.kernel, .initrd, .kexec)) func theCommandsWork() async throws {
    try await prepare()
    let typed = try await type(Self.commands)
    #expect(typed.status == .exited(0), "\(typed.error)")
    // make
    #expect(try folder.read("purgatory.bin") == (try await unfilledBlob()))
    // build and run: what the demo shows but for its last line, which it makes of the others.
    let demo = Self.blocks.first { $0.text.contains("\nproven: ") }?.lines ?? []
    #expect(demo.count > 4)
    try expect(demo.filter { !$0.hasPrefix("proven: ") }, in: typed.text)
    // show, patch and check
    #expect(typed.text.contains(/ready +yes/))
    #expect(
      typed.text.contains("out: ok: ") && typed.text.contains("purgatory.bin: ok: "),
      "\(typed.text)")
    #expect(try await folder.done(["show", "out/purgatory.bin"]).text.contains(/flags +.*quiet/))
    // bundle and graft
    #expect(try await folder.done(["show", "verified.img"]).text.contains(/ready +yes/))
    let program = try #require(Self.commands.firstMatch(of: /graft (\S+) -o (\S+)/))
    #expect(try await folder.purgatory(["check", "\(program.1)"]).status == .exited(1))
    try await folder.done(["check", "--embedded", "\(program.2)"])
  }

  /// The same commands, with an initrd that changes between `build` and `run`.
  @Test(.requiresQEMU, .requires(.kernel, .initrd, .kexec)) func aFlippedBitIsNotBooted() async throws {
    try await prepare()
    let lines = Self.commands.split(separator: "\n")
    func line(_ beginning: String) throws -> Substring {
      try #require(lines.first { $0.hasPrefix(beginning) })
    }
    let tool = try line("tool=")
    // It would halt, and only a person would see that nothing more comes.
    let built = try await type("\(tool)\n\(line("$tool build ")) --on-failure poweroff")
    #expect(built.status == .exited(0), "\(built.error)")
    var initrd = try folder.read("initrd.img")
    initrd[initrd.count / 2] ^= 1
    try folder.write(initrd, to: "initrd.img")
    let found = try await type("\(tool)\n\(line("$tool run "))")
    #expect(found.status == .exited(1) && found.error.contains("initrd.img: sha256: "), "\(found)")
    let run = try await type("\(tool)\n\(line("$tool run ")) --unverified")
    #expect(run.status == .exited(0), "\(run.error)")
    let said = try #require(Self.blocks.first { $0.text.contains("digest mismatch") })
    try expect(said.lines, in: run.text)
    #expect(!run.text.contains("Booting Linux"))
  }

  /// A word that the command does not know is seen: the shell stops there.
  @Test func aCommandThatIsWrongIsSeen() async throws {
    let wrong = Self.commands.replacing("make ", with: "true ").replacing(
      "--kernel Image", with: "--kernal Image")
    #expect(wrong != Self.commands)
    try folder.makeFolder(".build/release")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/.build/release/purgatory", withDestinationPath: Command.purgatory.get())
    let typed = try await type(wrong)
    #expect(typed.status == .exited(64) && typed.error.contains("--kernal"), "\(typed)")
  }

  @Test func theLoaderInCFillsAPurgatoryIn() async throws {
    let block = try #require(Self.blocks.first { $0.language == "c" })
    try await folder.done(["build", "-o", "purgatory.bin"])
    try folder.write(
      """
      #include <stdio.h>
      #include <string.h>
      #include "purgatory_info.h"

      static void sha256(const void *bytes, uint64_t size, uint8_t *digest) {
        (void)bytes;
        memset(digest, size == 0x1000 ? 0xab : 0, PURGATORY_DIGEST_SIZE);
      }

      int main(void) {
        static _Alignas(8) unsigned char blob[8192];
        uint64_t kernel_addr = 0x40400000, kernel_size = 0x1000, dtb_addr = 0x58000000;
        const char *kernel = "the kernel";
        size_t size = fread(blob, 1, sizeof blob, stdin);
        \(block.text)
        return fwrite(blob, 1, size, stdout) != size;
      }
      """, to: "loader.c")
    try await Command.tool(
      "clang", ["-Wall", "-Werror", "-I\(packageFolder)/purgatory/include", "loader.c", "-o", "loader"],
      in: folder.path)
    let filled = try await Command.run(
      "\(folder.path)/loader", [], in: folder.path, input: folder.read("purgatory.bin"))
    try #require(filled.status == .exited(0))
    try folder.write(filled.output, to: "filled.bin")
    let shown = try await folder.done(["show", "filled.bin"]).text
    for line in [
      "kernel entry  0x40400000", "device tree   0x58000000", "flags         verify-regions",
      "region 0      0x40400000 to 0x40401000, 4,096 bytes  sha256 abababab", "ready         yes",
    ] { #expect(shown.contains(line), "\(line): \(shown)") }
  }
}
