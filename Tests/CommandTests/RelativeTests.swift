// RelativeTests.swift — addresses become offsets from the purgatory, and addresses again
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct RelativeTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    try await folder.done(
      [
        "patch", "p.bin", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000", "--console",
        "raw@0x900",
      ])
  }

  private func patch(_ arguments: String...) async throws -> Info {
    try await folder.done(["patch", "p.bin"] + arguments)
    return Info(flat: try folder.read("p.bin"))
  }

  @Test func thereAndBack() async throws {
    let before = try folder.read("p.bin")
    let relative = try await patch("--relative", "--load-address", "0x44000000")
    #expect(relative.quad(Field.flags) == 5)
    #expect(relative.quad(Field.kernelEntry) == 0xffff_ffff_fc20_0000)
    #expect(relative.quad(Field.dtbAddress) == 0x400_0000)
    #expect(relative.region(0) == (0xffff_ffff_fc20_0000, 4096))
    #expect(relative.region(1) == (0x400_0000, 72))
    #expect(relative.region(2) == (0, 0))
    #expect(relative.quad(Field.consoleBase) == 0x900)  // a device does not move with the purgatory

    let show = try await folder.done(["show", "p.bin"]).text
    #expect(show.contains("  kernel entry  base -0x3e00000\n"))
    #expect(show.contains("  device tree   base +0x4000000\n"))

    _ = try await patch("--no-relative", "--load-address", "0x44000000")
    #expect(try folder.read("p.bin") == before)
  }

  @Test func theSameAsRelativeFromTheStart() async throws {
    let converted = try await patch("--relative", "--load-address", "0x44000000")
    try folder.write(try await Built.get().small, to: "p.bin")
    let fresh = try await patch(
      "--relative", "--load-address", "0x44000000", "--kernel", "Image@0x40200000", "--dtb",
      "board.dtb@0x48000000",
      "--console", "raw@0x900")
    #expect(converted.bytes == fresh.bytes)
  }

  /// Offsets are taken at another base: all moves together.
  @Test func elsewhere() async throws {
    _ = try await patch("--relative", "--load-address", "0x44000000")
    let moved = try await patch("--no-relative", "--load-address", "0x84000000")
    #expect(moved.quad(Field.kernelEntry) == 0x8020_0000)
    #expect(moved.quad(Field.dtbAddress) == 0x8800_0000)
    #expect(moved.region(0).base == 0x8020_0000)
  }

  @Test func noDeviceTreeStaysNone() async throws {
    try folder.write(try await Built.get().small, to: "p.bin")
    _ = try await patch("--kernel", "Image@0x40200000")
    let relative = try await patch("--relative", "--load-address", "0x44000000")
    #expect(relative.quad(Field.dtbAddress) == 0)
    let cleared = try await patch("--load-address", "0x44000000", "--dtb-addr", "0")
    #expect(cleared.quad(Field.dtbAddress) == 0)
  }

  @Test func theBaseHasToBeKnown() async throws {
    try await folder.done(["patch", "p.bin", "-o", "r.bin", "--relative", "--load-address", "0x44000000"])
    try await expectRefusals(
      [
        Refusal(
          "to relative", ["patch", "p.bin", "--relative"], because: "absolute already", "--load-address"),
        Refusal(
          "to absolute", ["patch", "r.bin", "--no-relative"], because: "relative already", "--load-address"),
      ], golden: "bad-conversions.txt", in: folder)
    // It is what it is asked to be: there is nothing to convert.
    for (file, option) in [("p.bin", "--no-relative"), ("r.bin", "--relative")] {
      let before = try folder.read(file)
      try await folder.done(["patch", file, option])
      #expect(try folder.read(file) == before)
    }
  }
}
