// FillInfoTests.swift — the loaders in examples/ fill a purgatory in, byte for byte as `purgatory patch` does
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct FillInfoTests {
  let folder: Folder
  /// A kernel, a device tree, an initrd, and files of the sizes at which SHA-256 needs one more block.
  private let files: [(option: String, placed: String)]

  init() throws {
    folder = try Folder()
    try folder.write(TreeNode("").dtb(), to: "board.dtb")
    var files = [
      ("--kernel", "Image@0x40200000"), ("--dtb", "board.dtb@0x48000000"), ("--initrd", "size-55@0x4c000010"),
    ]
    for (index, size) in [1, 55, 56, 63, 64, 65, 119, 120, 121, 127, 128, 4096, 5000].enumerated() {
      try folder.write(.random(size, seed: UInt64(size)), to: "size-\(size)")
      files.append(("--segment", "size-\(size)@\(0x5000_0000 + index * 0x2000)"))
    }
    self.files = files.map { (option: $0.0, placed: $0.1) }
  }

  /// Fills in with `program`, and as `purgatory patch` does it.
  private func expectTheSame(_ program: String, format: String) async throws {
    try await folder.done(["build", "--format", format, "-o", "empty"])
    try await folder.done(["build", "-o", "Image"])  // a flat purgatory is an arm64 Image
    try await folder.done(
      [
        "patch", "empty", "-o", "patched", "--console", "pl011@0x9000000", "--psci", "hvc", "--on-failure",
        "reset",
      ]
        + files.flatMap { [$0.option, $0.placed] })
    let outcome = try await Command.run(
      program, ["empty", "filled"] + files.map(\.placed), in: folder.path)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.error == "")
    #expect(try folder.read("filled") == folder.read("patched"))
    #expect(try folder.read("filled") != folder.read("empty"))
  }

  private func make(_ example: String) async throws -> String {
    let clang = try #require(Tools.find("clang"))
    try await Command.tool(
      "make", ["-s", "-f", "\(packageFolder)/examples/\(example)/Makefile", "CC=\(clang) -Werror"],
      in: folder.path)
    return "\(folder.path)/\(example)"
  }

  @Test func throughTheHeaderAlone() async throws {
    try await expectTheSame(make("fill-info"), format: "bin")
  }

  @Test func byTheSymbol() async throws {
    try await expectTheSame(make("fill-info-libelf"), format: "elf")
  }

  @Test(.requiresGo) func inGo() async throws {
    let built = try await Go.run(
      ["build", "-o", "\(folder.path)/fill-info-go", "."], in: "\(packageFolder)/examples/fill-info-go")
    #expect(built.status == .exited(0), "\(built.error)")
    try await expectTheSame("\(folder.path)/fill-info-go", format: "bin")
  }

  /// What is no purgatory is not filled in.
  @Test(arguments: ["fill-info", "fill-info-libelf"])
  func otherFiles(_ example: String) async throws {
    let program = try await make(example)
    try folder.write([UInt8](repeating: 0, count: 5000), to: "Image")
    for (purgatory, says) in [("none", "none: "), ("size-1", "size-1: "), ("size-5000", "size-5000: ")] {
      let outcome = try await Command.run(
        program, [purgatory, "out", "Image@0x40200000", "board.dtb@0x48000000"], in: folder.path)
      #expect(outcome.status == .exited(1))
      #expect(outcome.error.hasPrefix("error: \(says)"), "\(outcome.error)")
    }
    #expect(try await Command.run(program, ["a", "b"], in: folder.path).status == .exited(64))
    #expect(!folder.exists("out"))
  }
}
