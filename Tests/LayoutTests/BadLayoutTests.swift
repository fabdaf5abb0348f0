// BadLayoutTests.swift — files for which there is no place, word for word
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct BadLayoutTests {
  private let board = TreeNode.root(.memory(0x4000_0000, 1 << 30))
  private let gigabyte: Range<UInt64> = 0x4000_0000..<0x8000_0000

  @Test func noMemoryToChooseFrom() throws {
    #expect(
      try Plan(files: [.kernel(), .initrd()]).refusal() == [
        """
        Image: address: none, and no memory to choose one from, expected Image@ADDR
        help: give the address, --memory BASE+SIZE, or a --dtb that describes the memory
        """,
        """
        initrd: address: none, and no memory to choose one from, expected initrd@ADDR
        help: give the address, --memory BASE+SIZE, or a --dtb that describes the memory
        """,
      ])
    // A device tree that has none is one reason for all.
    #expect(
      try Plan(files: [.kernel(), .initrd(), .dtb(.root())]).refusal() == [
        """
        board.dtb: /memory: none, expected --memory BASE+SIZE, or an address for each file
        help: give the board's RAM, by its manual or its boot loader (U-Boot: bdinfo), as --memory BASE+SIZE
        """
      ])
  }

  @Test func tooLittleMemory() throws {
    #expect(
      try Plan(files: [.kernel()], memory: [0x4000_0000..<0x4100_0000]).refusal() == [
        """
        Image: address: no room for 0x1800000 bytes aligned to 0x200000, \
        expected them in 0x40000000-0x41000000 outside of none
        help: give more with --memory BASE+SIZE, or an address
        """
      ])
    // By one byte; and then there is none left for the purgatory.
    #expect(try Plan(files: [.kernel()], memory: [0x4000_0000..<0x4182_3fff]).refusal().count == 1)
    #expect(try Plan(files: [.kernel()], memory: [0x4000_0000..<0x4182_4000]).refusal() == [])
    #expect(
      try Plan(files: [.kernel()], memory: [0x4000_0000..<0x4182_3fff]).refusal() == [
        """
        the purgatory: address: no room for 0x24000 bytes aligned to 0x1000, \
        expected them in 0x40000000-0x41823fff outside of 0x40000000-0x41800000
        help: give more with --memory BASE+SIZE, or an address
        """
      ])
  }

  @Test func reservedEverywhere() throws {
    let dtb = File.dtb(board, reserving: [gigabyte])
    let refusal = try Plan(files: [.kernel(), .initrd(), dtb, .segment(1)]).refusal()
    #expect(refusal.count == 4)
    #expect(
      refusal.first == """
        Image: address: no room for 0x1800000 bytes aligned to 0x200000, \
        expected them in 0x40000000-0x80000000 outside of 0x40000000-0x80000000
        help: give more with --memory BASE+SIZE, or an address
        """)
    // The device tree's own, and what is in it in spite of that.
    #expect(try Plan(files: [.segment(1, at: 0x4000_0000), dtb]).refusal().count == 2)
  }

  @Test func outsideOfMemory() throws {
    let files: [File] = [
      .kernel(at: 0x3fe0_0000), .initrd(at: 0x7fff_f000), .dtb(board, at: 0x1000),
      .segment(1, at: 0x8000_0000),
    ]
    let refusal = try Plan(files: files, loadAddress: 0x7fff_0000).refusal()
    let memory =
      ", expected memory: 0x40000000-0x80000000\nhelp: let it be placed, without an address; or, if you know better, add --force"
    #expect(
      refusal
        == [
          "Image: address: 0x3fe00000-0x41600000", "board.dtb: address: 0x1000-0x1164",
          "initrd: address: 0x7ffff000-0x80000388", "payload: address: 0x80000000-0x80000001",
          "the purgatory: address: 0x7fff0000-0x80014000",
        ].map { $0 + memory })
    var forced = Plan(files: files, loadAddress: 0x7fff_0000)
    forced.isForced = true
    #expect(try forced.refusal() == [])
    let holed = Plan(
      files: [.segment(0x2000, at: 0x1000)], memory: [0..<0x2000, 0x2001..<0x1_0000], placesPurgatory: false)
    let inTheHole = try holed.refusal()
    #expect(
      inTheHole.first?.hasPrefix(
        "payload: address: 0x1000-0x3000, expected memory: 0x0-0x2000, 0x2001-0x10000\n")
        == true)
  }

  @Test func filesThatAreNot() throws {
    func refusal(_ role: Segment.Role, _ bytes: [UInt8]) throws -> [String] {
      try Plan(files: [File(role: role, name: "file", bytes: bytes, address: nil)], memory: [gigabyte])
        .refusal()
    }
    let expected = "expected an arm64 Image (\"ARM\\x64\" at 0x38)"
    #expect(
      try refusal(.kernel, Input.gzip) == [
        "file: header: gzip data, \(expected)\nhelp: gunzip -c file > Image"
      ])
    #expect(
      try refusal(.kernel, Array(Input.image().prefix(63))).first?.hasPrefix(
        "file: header: no arm64 Image header") ?? false)
    #expect(
      try refusal(.kernel, Input.image(flags: 1)) == [
        "file: flags: a big-endian kernel, expected a little-endian one\nhelp: build it with CONFIG_CPU_LITTLE_ENDIAN=y"
      ])
    #expect(
      try refusal(.dtb, Array(board.dtb().dropLast()))
        == [
          "file: contents: FDT_ERR_TRUNCATED, expected a whole, well-formed device tree\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
        ])
    #expect(
      try refusal(.dtb, Input.image())
        == [
          "file: header: magic 0x10000014, expected 0xd00dfeed of a flattened device tree\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
        ])
    #expect(
      try refusal(.dtb, Input.dtb(2 << 20 | 1)) == [
        "file: size: 2097153 bytes, expected at most 2 MiB\nhelp: give a smaller file"
      ])
  }

  /// The device tree fits, and does not any more with what it has to say.
  @Test func aCommandLineThatIsTooLong() throws {
    let plan = Plan(files: [.dtb(board)], commandLine: String(repeating: "x", count: 2 << 20))
    let refusal = try plan.refusal()
    #expect(
      refusal == [
        "board.dtb: size: 2097457 bytes, expected at most 2 MiB\nhelp: leave out of it what this board does not need"
      ])
  }

  @Test func aCommandLineWithoutADeviceTree() throws {
    #expect(
      try Plan(files: [.kernel(at: 0x4020_0000)], commandLine: "quiet").refusal()
        == ["--cmdline: no device tree to put it in, expected --dtb\nhelp: add --dtb FILE"])
  }

  private func chosen(_ initrd: Range<UInt64>) -> TreeNode {
    .root(
      .memory(0x4000_0000, 1 << 30),
      TreeNode(
        "chosen",
        ["linux,initrd-start": .wide(initrd.lowerBound), "linux,initrd-end": .wide(initrd.upperBound)]))
  }

  @Test func aDeviceTreeThatDisagrees() throws {
    let tree = chosen(0x5000_0000..<0x5000_1388)
    // Without --initrd, where nobody writes it.
    #expect(
      try Plan(files: [.dtb(tree)], updatesDeviceTree: false).refusal() == [
        """
        board.dtb: /chosen: an initrd at 0x50000000-0x50001388, expected a file that is loaded there
        help: add --initrd FILE@0x50000000, or let purgatory build --output-dir write a tree without it
        """
      ])
    #expect(try Plan(files: [.dtb(tree)]).refusal() == [])
    // Nobody writes it: one that is somewhere else, or of another size.
    for initrd in [File.initrd(at: 0x5100_0000), .initrd(5001, at: 0x5000_0000)] {
      let range = initrd.address == 0x5100_0000 ? "0x51000000-0x51001388" : "0x50000000-0x50001389"
      #expect(
        try Plan(files: [initrd, .dtb(tree)], updatesDeviceTree: false).refusal() == [
          """
          board.dtb: /chosen: an initrd at 0x50000000-0x50001388, expected it at \(range)
          help: let purgatory build --output-dir write a device tree that says so
          """
        ])
      #expect(try Plan(files: [initrd, .dtb(tree)]).refusal() == [])
    }
    // As it says; and a segment does as well.
    #expect(
      try Plan(files: [.initrd(at: 0x5000_0000), .dtb(tree)], updatesDeviceTree: false).refusal() == [])
    #expect(try Plan(files: [.segment(5000, at: 0x5000_0000), .dtb(tree)]).refusal() == [])
  }

  @Test func nobodyWritesTheDeviceTree() throws {
    let unwritten = """
      board.dtb: /chosen: not what --initrd and --cmdline say, expected a place to write the changed DTB to
      help: use purgatory build --output-dir DIR
      """
    func refusal(_ files: [File], _ commandLine: String?) throws -> [String] {
      try Plan(files: files, commandLine: commandLine, updatesDeviceTree: false).refusal()
    }
    #expect(try refusal([.initrd(), .dtb(board)], nil) == [unwritten])
    #expect(try refusal([.dtb(board)], "quiet") == [unwritten])
    // It says so already.
    var told = board
    told.children.append(TreeNode("chosen", ["bootargs": "quiet"]))
    #expect(try refusal([.dtb(told)], "quiet") == [])
  }

  /// One reason is one problem: what follows from it is not said.
  @Test func noConsequences() throws {
    let gzip = File(role: .kernel, name: "Image.gz", bytes: Input.gzip, address: nil)
    #expect(try Plan(files: [gzip, .initrd(), .dtb(board)]).refusal().count == 1)
    let huge = File.segment(1, memorySize: 1 << 31)
    #expect(try Plan(files: [.kernel(), .initrd(), .dtb(board), huge]).refusal().count == 1)
    let large = File(role: .initrd, name: "initrd", bytes: [1], address: nil, memorySize: 1 << 31)
    #expect(try Plan(files: [large, .dtb(chosen(0x5000_0000..<0x5000_1388))]).refusal().count == 1)
  }
}
