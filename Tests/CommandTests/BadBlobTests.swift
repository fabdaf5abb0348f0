// BadBlobTests.swift — flat files that are no purgatory of this version
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct BadBlobTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private struct Bad {
    let name: String
    let bytes: [UInt8]
    let because: String
  }

  private func variants() async throws -> [Bad] {
    let good = try await Built.get().small
    func with(_ field: Int, _ bytes: [UInt8]) -> [UInt8] { overwriting(good, Info.offset + field, bytes) }
    return [
      Bad(name: "empty", bytes: [], because: "is empty"),
      Bad(name: "one-byte", bytes: [0], because: "neither"),
      Bad(name: "text", bytes: Array("purgatory\n".utf8), because: "neither"),
      Bad(name: "zeros", bytes: [UInt8](repeating: 0, count: 4096), because: "neither"),
      Bad(name: "a-kernel", bytes: Input.image(), because: "neither"),
      Bad(name: "no-header", bytes: Array(good.dropFirst(0x40)), because: "neither"),
      Bad(name: "other-magic", bytes: with(Field.magic, Array("PURGINF0".utf8)), because: "neither"),
      Bad(name: "version-1", bytes: with(Field.version, little(1)), because: "version"),
      Bad(name: "version-3", bytes: with(Field.version, little(3)), because: "version"),
      Bad(name: "version-0", bytes: with(Field.version, little(0)), because: "version"),
      Bad(name: "larger", bytes: with(Field.size, little(0x388)), because: "0x388"),
      Bad(name: "smaller", bytes: with(Field.size, little(0x378)), because: "0x378"),
      Bad(name: "unknown-flag", bytes: with(Field.flags, little(0x840)), because: "0x840"),
      Bad(name: "unknown-high-flag", bytes: with(Field.flags + 4, little(0x8000_0000)), because: "flags"),
      Bad(name: "unknown-status", bytes: with(Field.status, little(7)), because: "status"),
      Bad(name: "no-memory", bytes: with(Field.memorySize, little(0)), because: "memory_size"),
      Bad(name: "little-memory", bytes: with(Field.memorySize, little(991)), because: "memory_size"),
      Bad(name: "much-memory", bytes: with(Field.memorySize, little(0x40001)), because: "memory_size"),
      Bad(name: "other-memory", bytes: with(Field.memorySize, little(0x2008)), because: "header.image_size"),
      Bad(name: "no-branch", bytes: overwriting(good, 0, [0, 0, 0, 0]), because: "header.code0"),
      Bad(name: "itself", bytes: overwriting(good, 0, little(0x1400_0000)), because: "header.code0"),
      Bad(name: "into-the-info", bytes: overwriting(good, 0, little(0x1400_00f3)), because: "header.code0"),
      Bad(name: "behind-the-end", bytes: overwriting(good, 0, little(0x1400_00f8)), because: "header.code0"),
      Bad(name: "a-call", bytes: overwriting(good, 0, little(0x9400_00f4)), because: "header.code0"),
      Bad(name: "text-offset", bytes: overwriting(good, 0x0a, [8]), because: "header.text_offset"),
      Bad(name: "image-size", bytes: overwriting(good, 0x10, [1]), because: "header.image_size"),
      Bad(name: "no-image-size", bytes: overwriting(good, 0x11, [0]), because: "header.image_size"),
      Bad(name: "big-endian", bytes: overwriting(good, 0x18, [0x0b]), because: "header.flags"),
      Bad(name: "not-anywhere", bytes: overwriting(good, 0x18, [2]), because: "header.flags"),
      Bad(name: "res2", bytes: overwriting(good, 0x20, [1]), because: "header.res2"),
      Bad(name: "res3", bytes: overwriting(good, 0x2f, [1]), because: "header.res3"),
      Bad(name: "res4", bytes: overwriting(good, 0x30, [1]), because: "header.res4"),
      Bad(name: "a-pe-header", bytes: overwriting(good, 0x3c, [0x40]), because: "header.res5"),
      Bad(name: "more-after-the-end", bytes: good + [1], because: "behind the end marker"),
      Bad(name: "no-end", bytes: Array(good.dropLast(8)), because: "PURGEND."),
      Bad(name: "half-an-end", bytes: Array(good.dropLast()), because: "PURGEND."),
      Bad(name: "only-the-info", bytes: Array(good.prefix(0x3d0)), because: "PURGEND."),
      Bad(name: "half-the-info", bytes: Array(good.prefix(0x200)), because: "PURGEND."),
      Bad(name: "only-the-header", bytes: Array(good.prefix(0x40)), because: "PURGEND."),
      Bad(name: "half-the-header", bytes: Array(good.prefix(0x3c)), because: "neither"),
    ]
  }

  @Test func isRefused() async throws {
    let variants = try await variants()
    for bad in variants { try folder.write(bad.bytes, to: bad.name) }
    try await expectRefusals(
      variants.map { Refusal($0.name, ["show", $0.name], because: $0.because) }, golden: "bad-flat.txt",
      in: folder)
    let before = try folder.snapshot()
    for bad in variants {
      let shown = try await folder.purgatory(["show", bad.name])
      let patched = try await folder.purgatory(["patch", bad.name, "--messages", "failures"])
      let row = Refusal(bad.name, [], because: bad.because)
      #expect(try faults(of: patched, exitCode: 1, row: row, before: before, after: folder.snapshot()) == [])
      #expect(patched.error == shown.error)
    }
  }

  @Test func theLimitsOfMemory() async throws {
    let good = try await Built.get().small
    for size in [UInt32(clamping: good.count), 0x40000] {
      let header = overwriting(good, 0x10, little(size))  // image_size of the Image header
      try folder.write(overwriting(header, Info.offset + Field.memorySize, little(size)), to: "p.bin")
      try await folder.done(["show", "p.bin"])
    }
  }

  @Test(arguments: ["bin", "elf"]) func cutShort(_ format: String) async throws {
    let built = try await Built.get()
    let whole = format == "bin" ? built.real : built.realELF
    let lengths = Array(stride(from: 1, to: whole.count, by: 211)) + [63, 64, 0x3cf, 0x3d0, whole.count - 1]
    try folder.write(whole, to: "whole")
    try await folder.done(["show", "whole"])
    for length in lengths {
      try folder.write(Array(whole.prefix(length)), to: "cut")
      let before = try folder.snapshot()
      let outcome = try await folder.purgatory(["patch", "cut", "--messages", "failures"])
      let row = Refusal("\(length)", [], because: "error: cut: ")
      let faults = try faults(of: outcome, exitCode: 1, row: row, before: before, after: folder.snapshot())
      #expect(faults == [], "\(length) of \(whole.count) bytes: \(outcome.error)")
    }
  }
}
