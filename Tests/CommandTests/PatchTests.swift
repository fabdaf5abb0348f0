// PatchTests.swift — patching: where the result goes, and that nothing but the struct changes
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct PatchTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    let built = try await Built.get()
    try folder.write(built.real, to: "p.bin")
    try folder.write(built.realELF, to: "p.elf")
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
  }

  private let changes = [
    "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000", "--console", "raw@0x9000000",
    "--on-failure",
    "poweroff", "--psci", "hvc", "--messages", "failures",
  ]

  private func structRange(of bytes: [UInt8]) -> Range<Int> {
    let start = (bytes[0] == 0x7f ? loadRange(ofELF: bytes).lowerBound : 0) + Info.offset
    return start..<start + Info.size
  }

  @Test(arguments: ["p.bin", "p.elf"]) func inPlace(_ file: String) async throws {
    let before = try folder.read(file)
    let outcome = try await folder.done(["patch", file] + changes)
    #expect(outcome.output == [])
    let size = try await Built.get().real.count
    #expect(
      outcome.error == Input.memoryNote + "\(file): \(grouped(size)) bytes, 2 regions (4,168 bytes), ready\n")
    let after = try folder.read(file)
    #expect(after != before)
    let range = structRange(of: before)
    #expect(after.count == before.count)
    #expect(after[..<range.lowerBound] == before[..<range.lowerBound])
    #expect(after[range.upperBound...] == before[range.upperBound...])
  }

  @Test(arguments: ["p.bin", "p.elf"]) func toAnotherFile(_ file: String) async throws {
    let before = try folder.snapshot()
    try await folder.done(["patch", file, "-o", "other"] + changes)
    #expect(differences(before, try folder.snapshot()) == ["other"])
    let standardOutput = try await folder.done(["patch", file, "-o", "-"] + changes)
    #expect(standardOutput.output == (try folder.read("other")))
    #expect(differences(before, try folder.snapshot()) == ["other"])
    try await folder.done(["patch", file] + changes)
    #expect(try folder.read(file) == folder.read("other"))
  }

  @Test func nothingToChangeChangesNothing() async throws {
    let before = try folder.snapshot()
    for file in ["p.bin", "p.elf"] { try await folder.done(["patch", file]) }
    #expect(differences(before, try folder.snapshot()) == [])
    for file in ["p.bin", "p.elf"] { try await folder.done(["patch", file] + changes) }
    let patched = try folder.snapshot()
    for file in ["p.bin", "p.elf"] { try await folder.done(["patch", file] + changes) }
    #expect(differences(patched, try folder.snapshot()) == [])
    #expect(differences(before, patched) == ["p.bin", "p.elf"])
  }

  @Test func extractingAndPatchingCommute() async throws {
    try await folder.done(["patch", "p.elf", "-o", "patched.elf"] + changes)
    try await Command.tool("llvm-objcopy", ["-O", "binary", "patched.elf", "extracted.bin"], in: folder.path)
    try await folder.done(["patch", "p.bin"] + changes)
    #expect(try folder.read("extracted.bin") == folder.read("p.bin"))
    let elf = try folder.read("patched.elf")
    #expect(Array(elf[loadRange(ofELF: elf)]) == (try folder.read("p.bin")))
  }

  @Test(arguments: [0o600, 0o644, 0o755, 0o444]) func permissionsAreKept(_ mode: Int) async throws {
    try folder.setMode(mode, of: "p.bin")
    try await folder.done(["patch", "p.bin"] + changes)
    #expect(try folder.mode(of: "p.bin") == mode)
    try folder.write("old", to: "other")
    try folder.setMode(mode, of: "other")
    try await folder.done(["patch", "p.bin", "-o", "other"])
    #expect(try folder.mode(of: "other") == mode)
    #expect(try folder.read("other") == folder.read("p.bin"))
  }

  /// What is not named stays.
  @Test func onePatchAfterAnother() async throws {
    try await folder.done(["patch", "p.bin", "-o", "at-once.bin"] + changes)
    let steps = [
      Array(changes[0..<4]), Array(changes[4..<6]), Array(changes[6..<8]), Array(changes[8..<10]),
      Array(changes[10...]),
    ]
    for step in steps { try await folder.done(["patch", "p.bin"] + step) }
    #expect(try folder.read("p.bin") == folder.read("at-once.bin"))
  }

  /// Naming files replaces all regions, and keeps how they are verified.
  @Test func newFilesReplaceAllRegions() async throws {
    try await folder.done(["patch", "p.bin", "--digest", "combined"] + changes)
    try await folder.done(["patch", "p.bin", "--segment", "Image@0x40200000"])
    let info = Info(flat: try folder.read("p.bin"))
    #expect(info.region(0) == (0x4020_0000, 4096))
    #expect(info.region(1) == (0, 0))
    #expect(info.quad(Field.flags) & 3 == 2)
    #expect(info.combinedDigest == (try await sha256(of: "Image")))
    #expect(info.digest(0) == String(repeating: "0", count: 64))
  }

  private func sha256(of file: String) async throws -> String {
    String(try await Command.tool("sha256sum", [file], in: folder.path).prefix(64))
  }

  private func grouped(_ number: Int) -> String {
    number < 1000 ? "\(number)" : "\(number / 1000)," + String(String(number % 1000 + 1000).dropFirst())
  }
}
