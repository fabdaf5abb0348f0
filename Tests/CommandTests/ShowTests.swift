// ShowTests.swift — what `show` says, in words and in JSON
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct ShowTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.write(try await Built.get().smallELF, to: "p.elf")
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    try folder.write(Input.initrd(), to: "initrd")
  }

  private static let files = [
    "--load-address", "0x40000000", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000",
    "--initrd",
    "initrd@0x4c000000",
  ]
  private static let cases: [(name: String, options: [String])] = [
    ("unfilled", []),
    ("filled", files + ["--console", "8250-mmio32@0xfe215040", "--on-failure", "reset", "--psci", "hvc"]),
    (
      "combined",
      files + [
        "--digest", "combined", "--console", "raw@0x9000000", "--on-failure", "boot", "--messages",
        "failures",
      ]
    ),
    (
      "relative",
      files + ["--relative", "--load-address", "0x44000000", "--on-failure", "poweroff", "--psci", "smc"]
    ),
    ("skip-checks", files + ["--digest", "none"]),
    ("entry-only", ["--kernel-entry", "0x40200000"]),
  ]

  @Test(arguments: cases.map(\.name)) func texts(_ name: String) async throws {
    let options = Self.cases.first { $0.name == name }?.options ?? []
    try await folder.done(["patch", "p.bin"] + options)
    let before = try folder.snapshot()
    let text = try await folder.done(["show", "p.bin"])
    #expect(text.error == "")
    try Golden.expect(text.text, "show-\(name).txt")
    let json = try await folder.done(["show", "--json", "p.bin"])
    #expect(json.error == "")
    try Golden.expect(json.text, "show-\(name).json")
    #expect(differences(before, try folder.snapshot()) == [])

    // The ELF file holds the same: only its name and its format differ.
    try await folder.done(["patch", "p.elf"] + options)
    let elf = try await folder.done(["show", "p.elf"]).text
    #expect(
      elf.replacing("p.elf", with: "p.bin").replacing("position-independent ELF", with: "flat") == text.text)
    let elfJSON = try await folder.done(["show", "--json", "p.elf"]).text
    #expect(elfJSON.replacing("\"elf\"", with: "\"bin\"") == json.text)
  }

  /// Loaders pad files with zeros: those are not loaded, and stay where they are when the file is patched.
  @Test func padded() async throws {
    try await folder.done(["patch", "p.bin"] + Self.files)
    let plain = try folder.read("p.bin")
    let text = try await folder.done(["show", "p.bin"]).text
    let json = try await folder.done(["show", "p.bin", "--json"]).text
    let padding = [UInt8](repeating: 0, count: 4096 - plain.count)
    try folder.write(plain + padding, to: "p.bin")
    #expect(try await folder.done(["show", "p.bin"]).text == text)
    #expect(try await folder.done(["show", "p.bin", "--json"]).text == json)
    try await folder.done(["patch", "p.bin", "--messages", "failures"])
    #expect(try folder.read("p.bin") == overwriting(plain, 0x40 + Field.flags, [0x21]) + padding)
  }

  @Test func readyInJSON() async throws {
    struct Summary: Decodable {
      let ready: Bool
      let loadSize: Int
      let memorySize: UInt64
    }
    func summary() async throws -> Summary {
      let outcome = try await folder.done(["show", "--json", "real.bin"])
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Summary.self, from: Data(outcome.output))
    }
    let real = try await Built.get().real
    try folder.write(real, to: "real.bin")
    let unfilled = try await summary()
    #expect(!unfilled.ready)
    #expect(unfilled.loadSize == real.count)
    #expect(unfilled.memorySize == integer(real, 0x10))
    try await folder.done(["patch", "real.bin"] + Self.files)
    #expect(try await summary().ready)
  }

  @Test(arguments: [["show", "p.bin"], ["show", "--json", "p.bin"], ["patch", "p.bin", "-o", "-"]])
  func aFullDeviceIsAnError(_ arguments: [String]) async throws {
    let command = try Command.purgatory.get()
    let line = ([command] + arguments).map { "'\($0)'" }.joined(separator: " ") + " >/dev/full"
    let outcome = try await Command.run(Tools.inPath("sh") ?? "sh", ["-c", line], in: folder.path)
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error
        == "error: standard output: cannot be written: no space left on device\nhelp: see what reads it, or write to a file\n"
    )
  }
}
