// PatchFieldTests.swift — each option changes its field, and no other byte of the struct
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct PatchFieldTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    try folder.write(Input.initrd(), to: "initrd")
    let zeros = [UInt8](repeating: 0, count: 3000)
    try folder.write(Input.initrd() + zeros, to: "initrd+zeros")
    try folder.write(Input.image() + Input.initrd() + zeros, to: "together")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: String
    /// Bytes that are written over a struct with nothing filled in.
    let bytes: [(field: Int, value: [UInt8])]
    var testDescription: String { arguments }

    init(
      _ arguments: String, _ quads: [(field: Int, value: UInt64)] = [],
      longs: [(field: Int, value: UInt32)] = []
    ) {
      self.arguments = arguments
      bytes =
        quads.map { quad in (quad.field, (0..<8).map { UInt8(truncatingIfNeeded: quad.value >> (8 * $0)) }) }
        + longs.map { long in (long.field, (0..<4).map { UInt8(truncatingIfNeeded: long.value >> (8 * $0)) })
        }
    }
  }

  private static func console(_ access: UInt32, _ rest: UInt32...) -> [(field: Int, value: UInt32)] {
    [(Field.consoleAccess, access)] + rest.enumerated().map { (Field.consoleData + 4 * $0, $1) }
  }

  static let cases = [
    Case("--kernel-entry 0x123456789abcdef0", [(Field.kernelEntry, 0x1234_5678_9abc_def0)]),
    Case("--dtb-addr 0xfedcba9876543210", [(Field.dtbAddress, 0xfedc_ba98_7654_3210)]),
    Case("--dtb-addr 0"),
    Case("--relative --load-address 0x5000 --dtb-addr 0", [(Field.flags, 4)]),
    Case("--load-address 0x40000000"),
    Case("--messages failures", [(Field.flags, 0x20)]),
    Case("--messages all"),
    Case("--quiet", [(Field.flags, 0x20)]),
    Case("--no-quiet"),
    Case("--relative", [(Field.flags, 4)]),
    Case("--no-relative"),
    Case("--on-failure halt"),
    Case("--on-failure reset", [(Field.flags, 0x100)]),
    Case("--on-failure poweroff", [(Field.flags, 0x200)]),
    Case("--on-failure boot", [(Field.flags, 0x300)]),
    Case("--psci smc"),
    Case("--psci hvc", [(Field.flags, 0x400)]),
    Case("--digest none", longs: [(Field.skipChecks, 1)]),
    Case("--console raw@0x10", [(Field.consoleBase, 0x10)]),
    Case("--console pl011@0x10", [(Field.consoleBase, 0x10)], longs: console(4, 0, 0x18, 8, 0)),
    Case("--console 8250@0x10", [(Field.consoleBase, 0x10)], longs: console(1, 0, 5, 0x40, 0x40)),
    Case("--console 8250-mmio32@0x10", [(Field.consoleBase, 0x10)], longs: console(4, 0, 20, 0x40, 0x40)),
    Case(
      "--console custom:access=4,data=0x40,status=0x98,mask=0x8,ready=0x8@0x10", [(Field.consoleBase, 0x10)],
      longs: console(4, 0x40, 0x98, 8, 8)),
    Case("--console none"),
    Case(
      "--kernel Image@0x40200000 --digest none",
      [(Field.kernelEntry, 0x4020_0000), (Field.regions, 0x4020_0000), (Field.regions + 8, 4096)],
      longs: [(Field.skipChecks, 1)]),
    Case(
      "--relative --load-address 0x1000000 --digest none --kernel Image@0x40200000 --dtb board.dtb@0x8000",
      [
        (Field.flags, 4), (Field.kernelEntry, 0x3f20_0000), (Field.dtbAddress, 0xffff_ffff_ff00_8000),
        (Field.regions, 0x3f20_0000), (Field.regions + 8, 4096), (Field.regions + 16, 0xffff_ffff_ff00_8000),
        (Field.regions + 24, 72),
      ], longs: [(Field.skipChecks, 1)]),
  ]

  @Test(arguments: cases) func changesItsField(_ row: Case) async throws {
    let built = try await Built.get()
    for (file, before, base) in [
      ("p.bin", built.small, 0), ("p.elf", built.smallELF, loadRange(ofELF: built.smallELF).lowerBound),
    ] {
      try folder.write(before, to: file)
      try await folder.done(["patch", file] + row.arguments.split(separator: " ").map(String.init))
      let expected = row.bytes.reduce(before) { overwriting($0, base + Info.offset + $1.field, $1.value) }
      let after = try folder.read(file)
      #expect(after == expected, "at \(after.indices.first { after[$0] != expected[$0] } ?? -1)")
    }
  }

  private func patched(_ arguments: String) async throws -> Info {
    try folder.write(try await Built.get().small, to: "p.bin")
    try await folder.done(["patch", "p.bin"] + arguments.split(separator: " ").map(String.init))
    return Info(flat: try folder.read("p.bin"))
  }

  private func sha256(_ file: String) async throws -> String {
    String(try await Command.tool("sha256sum", [file], in: folder.path).prefix(64))
  }

  private let zero = String(repeating: "0", count: 64)

  /// A kernel's BSS is not verified, the zeros that a loader adds to other files are.
  @Test func aDigestForEachRegion() async throws {
    let info = try await patched("--kernel Image@0x40200000 --segment initrd@0x4c000000+8000")
    #expect(info.quad(Field.flags) == 1)
    #expect(info.region(0) == (0x4020_0000, 4096))
    #expect(info.region(1) == (0x4c00_0000, 8000))
    #expect(info.digest(0) == (try await sha256("Image")))
    #expect(info.digest(1) == (try await sha256("initrd+zeros")))
    #expect(info.digest(2) == zero)
    #expect(info.combinedDigest == zero)
  }

  @Test func oneDigestOfAllRegions() async throws {
    let info = try await patched(
      "--digest combined --kernel Image@0x40200000 --segment initrd@0x4c000000+8000")
    #expect(info.quad(Field.flags) == 2)
    #expect(info.combinedDigest == (try await sha256("together")))
    #expect(info.digest(0) == zero)
  }

  /// The order in which the purgatory hashes, whatever the order on the command line.
  @Test func theOrderOfRegions() async throws {
    let files = [
      "--segment Image@0x60000000", "--initrd initrd@0x4c000000", "--dtb board.dtb@0x48000000",
      "--kernel Image@0x40200000",
    ]
    let info = try await patched(files.joined(separator: " "))
    #expect((0..<5).map { info.region($0).base } == [0x4020_0000, 0x4800_0000, 0x4c00_0000, 0x6000_0000, 0])
    let reversed = try await patched(files.reversed().joined(separator: " "))
    #expect(reversed.bytes == info.bytes)
  }

  @Test func filesAfterNoChecksAreChecked() async throws {
    _ = try await patched("--digest none --kernel Image@0x40200000")
    try await folder.done(["patch", "p.bin", "--kernel", "Image@0x40200000"])
    let info = Info(flat: try folder.read("p.bin"))
    #expect(info.long(Field.skipChecks) == 0)
    #expect(info.quad(Field.flags) == 1)
    #expect(info.digest(0) == (try await sha256("Image")))
  }
}
