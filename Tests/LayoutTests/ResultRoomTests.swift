// ResultRoomTests.swift — a device tree with room for the purgatory's result, and result_addr, which points there
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct ResultRoomTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb(), to: "board.dtb")
  }

  private func info(of name: String) throws -> PurgatoryInfo { try Blob(folder.read(name), file: name).info }

  /// The tree's bytes, and where in it the room is.
  private func room(in name: String) throws -> UInt64 {
    try #require(try Board(folder.read(name), file: name).resultOffset)
  }

  @Test func anOutputFolderHasIt() async throws {
    try await folder.done([
      "build", "--source", "small", "--kernel", "Image", "--dtb", "board.dtb", "--output-dir", "out",
    ])
    let info = try info(of: "out/purgatory.bin")
    #expect(info.dtbAddress != 0)
    #expect(info.resultAddress == info.dtbAddress + (try room(in: "out/devicetree.dtb")))
    #expect(info.resultAddress.isMultiple(of: 8))
    let shown = try await folder.done(["show", "out/purgatory.bin"]).text
    #expect(shown.contains("result        stored at \(String(hex: info.resultAddress))"))
    let json = try await folder.done(["show", "--json", "out/purgatory.bin"]).text
    #expect(json.contains("\"result_addr\" : \(info.resultAddress)"), "\(json)")
    try await folder.done(["check", "out"])

    // The folder's own tree, once more, is the same.
    try await folder.done([
      "build", "--source", "small", "--kernel", "Image", "--dtb", "out/devicetree.dtb", "--output-dir",
      "again",
    ])
    #expect(try folder.read("again/devicetree.dtb") == folder.read("out/devicetree.dtb"))
    // Any tree that has room is written to, any other not.
    for (dtb, offset) in [("out/devicetree.dtb", try room(in: "out/devicetree.dtb")), ("board.dtb", nil)] {
      try await folder.done([
        "build", "--source", "small", "--kernel", "Image@0x40200000", "--dtb", "\(dtb)@0x48000000", "-o",
        "one",
      ])
      #expect(try self.info(of: "one").resultAddress == offset.map { 0x4800_0000 + $0 } ?? 0)
    }
  }

  @Test func aBundlesOwnTreeHasIt() async throws {
    try await folder.done([
      "bundle", "--source", "small", "--kernel", "Image", "--dtb", "board.dtb", "-o", "verified.img",
    ])
    let info = try info(of: "verified.img")
    let bytes = try folder.read("verified.img")
    let region = try #require(info.usedRegions.map(\.region).first { $0.base == info.dtbAddress })
    let tree = Array(bytes[Int(clamping: region.base)..<Int(clamping: region.base + region.size)])
    let offset = try #require(try Board(tree, file: "tree").resultOffset)
    #expect(info.resultAddress == info.dtbAddress + offset)
    try await folder.done(["check", "verified.img"])
    // Without one there is nothing to write to.
    try await folder.done(["bundle", "--source", "small", "--kernel", "Image", "-o", "without.img"])
    #expect(try self.info(of: "without.img").resultAddress == 0)
  }

  @Test func itMovesWithTheOthers() async throws {
    let base = ["--load-address", "0x44000000"]
    try await folder.done(
      [
        "build", "--source", "small", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000",
        "--result-addr", "0x48000100", "-o", "p",
      ] + base)
    #expect(try info(of: "p").resultAddress == 0x4800_0100)
    try await folder.done(["patch", "p", "--relative"] + base)
    #expect(try info(of: "p").resultAddress == 0x400_0100)
    try await folder.done(["patch", "p", "--no-relative"] + base)
    #expect(try info(of: "p").resultAddress == 0x4800_0100)
    // With other files the tree with the room is none of the regions any more.
    try await folder.done(["patch", "p", "-o", "other", "--kernel", "Image@0x40200000"])
    #expect(try info(of: "other").resultAddress == 0)
    try await folder.done(["patch", "p", "--result-addr", "0"])
    #expect(try info(of: "p").resultAddress == 0)

    // Where there is no region, either.
    for (arguments, says) in [
      (
        ["--kernel-entry", "0x40200000", "--digest", "none", "--result-addr", "0x401ffff8"],
        "with kernel_entry in it"
      ),
      (["--result-addr", "0xfffffffffffffff8"], "expected an end below 2^64"),
      (
        ["--relative", "--load-address", "0x48000000", "--result-addr", "0x48000000"],
        "the purgatory's own address"
      ),
    ] {
      let outcome = try await folder.purgatory(["build", "--source", "small", "-o", "none"] + arguments)
      #expect(outcome.status == .exited(1) && outcome.error.contains(says), "\(outcome.error)")
    }

    // Alone, too.
    try await folder.done(["build", "--source", "small", "--result-addr", "0x48000100", "-o", "p"])
    let refused = try await folder.purgatory(["patch", "p", "--relative"])
    #expect(refused.status == .exited(1) && refused.error.contains("add --load-address"), "\(refused.error)")
    try await folder.done(["patch", "p", "--relative"] + base)
    #expect(try info(of: "p").resultAddress == 0x400_0100)
  }

  @Test(arguments: [
    ("0x48000104", "result_addr: 0x48000104, expected a multiple of 8"),
    ("0x40200100", "result_addr: 0x40200100-0x40200110 overlaps region 0 at 0x40200000-"),
    ("0x401ffff8", "result_addr: 0x401ffff8-0x40200008 overlaps region 0 at 0x40200000-"),
    ("0x40204000", "result_addr: 0x40204000 in Image, expected memory that the kernel does not clear"),
    ("0x48000000", "result_addr: 0x48000000-0x48000010 overlaps region 1 at 0x48000000-"),
    ("0x47fffff8", "result_addr: 0x47fffff8-0x48000008 overlaps region 1 at 0x48000000-"),
    ("0x4c000010", "result_addr: 0x4c000010-0x4c000020 overlaps region 2 at 0x4c000000-"),
    ("0x44000100", "result_addr: 0x44000100-0x44000110 overlaps the purgatory at 0x44000000-"),
  ])
  func aPlaceThatWouldBreakSomething(_ address: String, _ says: String) async throws {
    try folder.write(Input.image(imageSize: 0x8000), to: "Image")
    try folder.write(Input.initrd(), to: "payload")
    let outcome = try await folder.purgatory([
      "build", "--source", "small", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000",
      "--segment",
      "payload@0x4c000000", "--load-address", "0x44000000", "--result-addr", address, "-o", "p",
    ])
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.contains(says), "\(outcome.error)")
    #expect(!folder.exists("p"))
  }
}
