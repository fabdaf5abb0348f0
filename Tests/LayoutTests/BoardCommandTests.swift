// BoardCommandTests.swift — boards at the command line: a bundle's memory, a folder's PSCI, a FIT image that is too large
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct BoardCommandTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(TreeNode.root().dtb(), to: "bare.dtb")
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb(), to: "board.dtb")
  }

  private func bundle(_ arguments: [String]) async throws -> Outcome {
    try await folder.purgatory(
      ["bundle", "--source", "small", "--kernel", "Image", "-o", "out.img", "--console", "none"] + arguments)
  }

  /// A bundle's tree is its own: nobody completes it.
  @Test func aBundlesMemory() async throws {
    let refused = try await bundle(["--dtb", "bare.dtb"])
    #expect(refused.status == .exited(1))
    #expect(
      refused.error == """
        error: bare.dtb: /memory: none, and nobody completes a tree that is verified, expected --memory BASE+SIZE
        help: give the board's RAM with --memory, or leave --dtb out, and the loader's tree is handed over

        """)
    #expect(!folder.exists("out.img"))
    let told = try await bundle(["--dtb", "bare.dtb", "--memory", "0x40000000+512M"])
    #expect(told.status == .exited(0), "\(told.error)")
    #expect(try inBundle("out.img").memory == [0x4000_0000..<0x6000_0000])
    let untold = try await bundle(["--memory", "0x40000000+512M"])
    #expect(untold.status == .exited(1))
    #expect(
      untold.error == "error: --memory: no device tree to tell it to, expected --dtb\nhelp: add --dtb FILE\n")
  }

  /// Nor do all boots of a bundle get the same random numbers; an initrd is for whoever loads one there.
  @Test func aBundlesChosen() async throws {
    let chosen = TreeNode(
      "chosen",
      ["rng-seed": [1, 2], "linux,initrd-start": .wide(0x5000_0000), "linux,initrd-end": .wide(0x5000_1000)])
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30), chosen).dtb(), to: "seeds.dtb")
    let made = try await bundle(["--dtb", "seeds.dtb"])
    #expect(made.status == .exited(0), "\(made.error)")
    #expect(
      made.error.hasPrefix(
        """
        note: seeds.dtb: /chosen/rng-seed: random numbers for one boot are dropped
        note: seeds.dtb: /chosen names an initrd at 0x50000000-0x50001000: whoever loads the bundle has to load it there

        """), "\(made.error)")
    let board = try inBundle("out.img")
    #expect(board.seeds == [])
    #expect(board.initrd == 0x5000_0000..<0x5000_1000)
  }

  /// The device tree of a bundle.
  private func inBundle(_ name: String) throws -> Board {
    let bytes = try folder.read(name)
    let info = try Blob(bytes, file: "").info
    let region = try #require(info.usedRegions.map(\.region).first { $0.base == info.dtbAddress })
    let tree = Array(bytes[Int(clamping: region.base)..<Int(clamping: region.base + region.size)])
    return try Board(tree, file: name)
  }

  /// What belongs to one boot is in no bundle.
  @Test(
    arguments: [
      ["linux,uefi-mmap-start": .wide(0x7c43_d940)], ["linux,elfcorehdr": .wide(0x7000_0000, 0x1000)],
    ] as [KeyValuePairs<String, TreeNode.Value>])
  func ofOneBoot(_ properties: KeyValuePairs<String, TreeNode.Value>) async throws {
    let root = TreeNode.root(.memory(0x4000_0000, 1 << 30), TreeNode("chosen", properties))
    try folder.write(root.dtb(), to: "one.dtb")
    let refused = try await bundle(["--dtb", "one.dtb"])
    #expect(refused.status == .exited(1))
    #expect(refused.error.contains("expected a device tree that fits every boot"), "\(refused.error)")
  }

  /// `patch` of a folder knows the board by the folder's tree.
  @Test func aFoldersPSCI() async throws {
    try await folder.done([
      "build", "--source", "small", "--kernel", "Image", "--dtb", "board.dtb", "--output-dir", "out",
    ])
    let refused = try await folder.purgatory(["patch", "out", "--on-failure", "reset"])
    #expect(refused.status == .exited(1))
    #expect(
      refused.error.hasPrefix("error: out/devicetree.dtb: PSCI: none, so nothing resets"), "\(refused.error)")
    try await folder.done(["patch", "out", "--on-failure", "reset", "--psci", "hvc"])
    try await folder.done(["check", "out"])
  }

  @Test func aLargeFITImage() async throws {
    try folder.write([0xd0, 0x0d, 0xfe, 0xed] + [UInt8](repeating: 0, count: 3 << 20), to: "fit.itb")
    let refused = try await folder.purgatory([
      "build", "--source", "small", "--kernel", "Image", "--dtb", "fit.itb", "-o", "x",
    ])
    #expect(refused.status == .exited(1))
    #expect(
      refused.error == """
        error: fit.itb: size: 3145732 bytes, expected at most 2 MiB
        help: of a FIT image, dumpimage -l fit.itb lists the parts; dumpimage -T flat_dt -p N -o board.dtb fit.itb

        """)
  }
}
