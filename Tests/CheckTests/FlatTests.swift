// FlatTests.swift — flat purgatories: what their header, their struct and their end must be
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

/// What `build` makes, with nothing filled in: once in a test process.
struct Built: Sendable {
  let flat: [UInt8]
  let elf: [UInt8]

  static func get() async throws -> Built { try await task.value }

  private static let task = Task {
    let folder = try Folder()
    try await folder.done(["build", "-o", "purgatory.bin"])
    try await folder.done(["build", "--format", "elf", "-o", "purgatory.elf"])
    return Built(flat: try folder.read("purgatory.bin"), elf: try folder.read("purgatory.elf"))
  }
}

@Suite struct FlatTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func findings(_ change: (inout Image) -> Void) async throws -> [String] {
    var image = Image(bytes: try await Built.get().flat)
    change(&image)
    try folder.write(image.bytes, to: "flat.bin")
    return folder.findings(in: "flat.bin")
  }

  private static let notOne =
    "malformed-elf: file: neither an ELF file nor a flat purgatory, expected what can be judged by itself"

  @Test func headerStructAndEndAreChecked() async throws {
    #expect(try await findings { _ in } == [])
    #expect(try await findings { $0.bytes[0x38] ^= 1 } == [Self.notOne])
    #expect(
      try await findings { $0.bytes[0x40] ^= 1 }
        == ["malformed-elf: file: an arm64 Image, expected an ELF file or a flat purgatory"])
    #expect(
      try await findings { $0.bytes.removeAll() } == [
        "malformed-elf: file: is empty, expected a file to check"
      ])
    #expect(
      try await findings { $0[0x48, UInt32.self] = 3 } == [
        "info-symbol: purgatory_info.version: 3, expected 2"
      ])
    #expect(
      try await findings { $0[0x4c, UInt32.self] = 0x388 } == [
        "info-symbol: purgatory_info.size: 0x388, expected 0x390"
      ]
    )
    #expect(
      try await findings { $0[0x60, UInt64.self] = 0x800 }
        == [
          "info-symbol: purgatory_info.flags: unknown bits 0x800, which the purgatory ignores, expected 0 there"
        ])
    #expect(
      try await findings { $0[0x78, UInt64.self] = 0x40001 }.first?.hasPrefix(
        "info-symbol: purgatory_info.memory_size: 0x40001, ")
        == true)
  }

  /// One bit of the code, wherever it is, and the seal says so.
  @Test func aDamagedOneIsRefused() async throws {
    let flat = try await Built.get().flat
    for offset in [0x3d0, 0x800, flat.count - 41, flat.count - 40, flat.count - 9] {
      var bytes = flat
      bytes[offset] ^= 4
      try folder.write(bytes, to: "damaged.bin")
      for profile in Profile.allCases {
        let found = folder.findings(in: "damaged.bin", profile)
        #expect(
          found.count == 1 && found[0].hasPrefix("malformed-elf: seal: code with the SHA-256 "), "\(found)")
      }
      let patched = try await folder.purgatory(["patch", "damaged.bin", "--messages", "failures"])
      #expect(patched.status == .exited(1) && patched.error.contains("damaged.bin: seal: "))
    }
  }

  @Test func everyTruncationIsAFinding() async throws {
    let flat = try await Built.get().flat
    for count in 1..<flat.count {
      try folder.write(Array(flat.prefix(count)), to: "short.bin")
      let found = folder.findings(in: "short.bin")
      #expect(found.count == 1 && found[0].hasPrefix("malformed-elf: "), "\(count) bytes: \(found)")
    }
    // Loaders pad: that is whole.
    try folder.write(flat + [UInt8](repeating: 0, count: 5000), to: "padded.bin")
    #expect(folder.findings(in: "padded.bin") == [])
  }

  /// Filled in for good, and with two overlapping segments: `patch` refuses to make the latter.
  @Test func aFilledInOneIsJudged() async throws {
    try folder.write([UInt8](repeating: 7, count: 8192), to: "kernel")
    try await folder.done([
      "build", "-o", "good.bin", "--segment", "kernel@0x40000000", "--kernel-entry", "0x40000000",
      "--load-address",
      "0x50000000",
    ])
    #expect(folder.findings(in: "good.bin") == [])
    var image = Image(bytes: try folder.read("good.bin"))
    image[0x40 + 0x50, UInt64.self] = 0x4000_1ff0
    image[0x40 + 0x58, UInt64.self] = 16
    image[0x40 + 0x18, UInt64.self] = 0x4000_0001
    try folder.write(image.bytes, to: "bad.bin")
    let found = folder.findings(in: "bad.bin")
    #expect(
      found.contains { $0.hasPrefix("overlap: region 0: 0x40000000-0x40002000 overlaps region 1 ") },
      "\(found)")
    #expect(found.contains("dtb: dtb_addr: 0x40000001, expected a multiple of 8"))
    #expect(found.count == 2)
    // Rules of position independence say nothing about what is in the struct.
    #expect(folder.findings(in: "bad.bin", .pie) == [])
  }
}
