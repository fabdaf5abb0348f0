// BoardTests.swift — what a device tree says of its machine: memory, initrd, command line; and what is no board
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

extension TreeNode {
  /// A root of 64-bit addresses and sizes.
  static func root(_ children: TreeNode...) -> TreeNode {
    TreeNode("", ["#address-cells": [2], "#size-cells": [2]], children)
  }

  static func memory(_ base: UInt64, _ size: UInt64) -> TreeNode {
    TreeNode("memory@\(String(base, radix: 16))", ["device_type": "memory", "reg": .wide(base, size)])
  }

  /// /reserved-memory, as Linux reads it.
  static func reserved(_ children: TreeNode...) -> TreeNode {
    TreeNode("reserved-memory", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty], children)
  }

  func board(reserving ranges: [Range<UInt64>] = []) throws -> Board {
    try Board(dtb(reserving: ranges), file: "board.dtb")
  }
}

/// The problems of whatever throws them, as the command prints them.
func problems(_ body: () throws -> Void) throws -> [String] {
  do {
    try body()
    return []
  } catch let rejection as Rejection {
    return rejection.problems.map { $0.description + ($0.help.map { "\nhelp: \($0)" } ?? "") }
  }
}

@Suite struct BoardTests {
  @Test func memory() throws {
    let board = try TreeNode.root(
      .memory(0x8_8000_0000, 0x8000_0000), .memory(0x4000_0000, 0x1000_0000),
      TreeNode(
        "memory", ["device_type": "memory", "reg": .wide(0x1_0000_0000, 1 << 30, 0x9_0000_0000, 1 << 20)]),
      .memory(0x5000_0000, 0x1000_0000),  // behind another: one bank
      TreeNode("memory@0", ["reg": .wide(0, 1 << 30)]),  // no device_type: not memory
      TreeNode("flash@0", ["device_type": "flash", "reg": .wide(0, 1 << 30)]),
      TreeNode("memory@1", ["device_type": "memory"]),
      TreeNode("bus", [:], [.memory(0x2000_0000, 1 << 20)])  // not the root's
    ).board()
    #expect(
      board.memory == [
        0x4000_0000..<0x6000_0000, 0x1_0000_0000..<0x1_4000_0000, 0x8_8000_0000..<0x9_0010_0000,
      ])
    #expect(try TreeNode.root().board().memory == [])
  }

  /// QEMU's `virt,secure=on` has memory of the secure world at 0xe000000.
  @Test func disabledMemoryIsNone() throws {
    func memory(_ status: TreeNode.Value) throws -> [Range<UInt64>] {
      var node = TreeNode.memory(0xe00_0000, 0x100_0000)
      node.properties.append(("status", status.bytes))
      return try TreeNode.root(node).board().memory
    }
    #expect(try memory("okay").count == 1)
    #expect(try memory("ok").count == 1)
    #expect(try memory("disabled") == [])
    #expect(try memory("fail-sss") == [])
  }

  @Test func reserved() throws {
    let root = TreeNode.root(
      .reserved(
        TreeNode("secure@1", ["reg": .wide(0x5000_0000, 0x10_0000), "no-map": .empty]),
        TreeNode("two@2", ["reg": .wide(0x6000_0000, 0x1000, 0x7000_0000, 1)]),
        TreeNode("dynamic", ["size": .wide(0, 0x100_0000), "alignment": .wide(0, 0x1000)])))
    #expect(
      try root.board(reserving: [0x4000_0000..<0x4001_0000, 0x500f_0000..<0x5020_0000]).reserved == [
        0x4000_0000..<0x4001_0000, 0x5000_0000..<0x5020_0000, 0x6000_0000..<0x6000_1000,
        0x7000_0000..<0x7000_0001,
      ])
    #expect(try TreeNode.root().board().reserved == [])
  }

  @Test func initrd() throws {
    func initrd(_ start: TreeNode.Value, _ end: TreeNode.Value) throws -> Range<UInt64>? {
      try TreeNode.root(TreeNode("chosen", ["linux,initrd-start": start, "linux,initrd-end": end])).board()
        .initrd
    }
    #expect(try initrd([0x5000_0000], [0x5100_0000]) == 0x5000_0000..<0x5100_0000)
    #expect(try initrd([1, 0], [1, 0x1000]) == 0x1_0000_0000..<0x1_0000_1000)
    #expect(try initrd([0, 0x5000_0000], [0x5100_0000]) == 0x5000_0000..<0x5100_0000)
    #expect(try initrd([0x5000_0000], [0x5000_0000]) == nil)
    #expect(try initrd([2], [1]) == nil)
    #expect(try initrd([0, 0, 1], [0, 0, 2]) == nil)
    #expect(try initrd(.empty, .empty) == nil)
    #expect(try TreeNode.root(TreeNode("chosen")).board().initrd == nil)
    #expect(try TreeNode.root().board().initrd == nil)
  }

  @Test func whatChosenIsTold() throws {
    let range: Range<UInt64> = 0x1_0000_0000..<0x1_0000_1389
    for root in [
      TreeNode.root(),
      .root(TreeNode("chosen", ["bootargs": "old", "linux,initrd-start": [1], "other": [7]])),
    ] {
      let told = try Board(
        told(root.board(), range, "quiet a=\"b c\""), file: "told.dtb")
      #expect(told.initrd == range)
      let chosen = try #require(told.tree.node(at: "/chosen"))
      #expect(told.tree.strings("bootargs", of: chosen) == ["quiet a=\"b c\""])
      #expect(told.tree.number("other", of: chosen) == (root.children.isEmpty ? nil : 7))
    }
  }

  /// The tree's bytes, told of an initrd and a command line.
  private func told(_ board: Board, _ initrd: Range<UInt64>?, _ commandLine: String?) throws -> [UInt8] {
    var changes = BoardChanges()
    if let initrd { changes.initrd = .at(initrd) }
    changes.commandLine = commandLine
    return try board.bytes(changes)
  }

  /// Nothing to say, or nothing that it does not say already: not a byte changes, padding and all.
  @Test func nothingToTell() throws {
    let chosen = TreeNode(
      "chosen", ["bootargs": "quiet", "linux,initrd-start": [0x5000_0000], "linux,initrd-end": [0x5100_0000]])
    let bytes = TreeNode.root(chosen).dtb() + [UInt8](repeating: 0, count: 100)
    let board = try Board(bytes, file: "board.dtb")
    #expect(try told(board, nil, nil) == bytes)
    #expect(try told(board, 0x5000_0000..<0x5100_0000, "quiet") == bytes)
    #expect(try told(board, 0x5000_0000..<0x5100_0001, nil) != bytes)
    #expect(try told(board, nil, "") != bytes)
  }

  /// What a crash kernel's tree says of memory (Linux drivers/of/fdt.c).
  @Test func crashKernel() throws {
    func board(_ chosen: KeyValuePairs<String, TreeNode.Value>) throws -> Board {
      try TreeNode.root(.memory(0x4000_0000, 1 << 30), TreeNode("chosen", chosen)).board()
    }
    let two = try board([
      "linux,usable-memory-range": .wide(0x7000_0000, 0x800_0000, 0x4000_0000, 0x10_0000),
      "linux,elfcorehdr": .wide(0x7000_0000, 0x1000),
    ])
    #expect(two.usableMemory == [0x4000_0000..<0x4010_0000, 0x7000_0000..<0x7800_0000])
    #expect(two.reserved == [0x7000_0000..<0x7000_1000])
    #expect(two.memory == [0x4000_0000..<0x8000_0000])
    #expect(try board([:]).usableMemory == nil)
    // A memory node may say itself how much of it is to be used.
    var node = TreeNode.memory(0x4000_0000, 1 << 30)
    node.properties.append(("linux,usable-memory", TreeNode.Value.wide(0x5000_0000, 0x1000).bytes))
    #expect(try TreeNode.root(node).board().memory == [0x5000_0000..<0x5000_1000])
  }

  /// What is disabled is reserved from nobody; what is not to be mapped is reserved, too.
  @Test func unmapped() throws {
    let board = try TreeNode.root(
      .reserved(
        TreeNode("secure@50000000", ["reg": .wide(0x5000_0000, 0x10_0000), "no-map": .empty]),
        TreeNode("off@60000000", ["reg": .wide(0x6000_0000, 1), "no-map": .empty, "status": "disabled"]),
        TreeNode("log@70000000", ["reg": .wide(0x7000_0000, 0x1000)]))
    ).board()
    #expect(board.unmapped == [0x5000_0000..<0x5010_0000])
    #expect(board.reserved == [0x5000_0000..<0x5010_0000, 0x7000_0000..<0x7000_1000])
  }

  @Test func noBoard() throws {
    let overlay =
      "x.dtbo: a device tree overlay, expected the device tree of a board\n"
      + "help: apply it: fdtoverlay -i BOARD.dtb -o applied.dtb x.dtbo"
    for children in [
      [TreeNode("__fixups__", ["uart0": "/fragment@0:target:0"])],
      [TreeNode("fragment@0", ["target-path": "/"], [TreeNode("__overlay__")])],
    ] {
      #expect(try problems { _ = try Board(TreeNode("", [:], children).dtb(), file: "x.dtbo") } == [overlay])
    }
    let images = TreeNode(
      "images", [:],
      [
        TreeNode("kernel", ["type": "kernel"]), TreeNode("fdt-1", ["type": "flat_dt"]),
        TreeNode("fdt-2", ["type": "flat_dt"]),
      ])
    let fit = TreeNode("", [:], [images, TreeNode("configurations")])
    #expect(
      try problems { _ = try Board(fit.dtb(), file: "x.itb") } == [
        "x.itb: a FIT image, of 2 device trees, expected the device tree of a board\n"
          + "help: extract it: dumpimage -T flat_dt -p 1 -o board.dtb x.itb"
      ])
    // Without configurations, by what an image has.
    let kernel = TreeNode("kernel", ["type": "kernel", "data-position": [4096]])
    #expect(throws: Rejection.self) {
      _ = try Board(TreeNode("", [:], [TreeNode("images", [:], [kernel])]).dtb(), file: "x.itb")
    }
    // What a board's tree may have: symbols for overlays, and a node of either name.
    #expect(try TreeNode.root(TreeNode("__symbols__"), TreeNode("images")).board().memory == [])
    #expect(try TreeNode.root(TreeNode("configurations")).board().memory == [])
  }

  @Test func noDeviceTree() throws {
    #expect(
      try problems { _ = try Board([1, 2, 3], file: "x") } == [
        "x: header: 3 bytes, expected at least 40\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
      ])
    #expect(
      try problems { _ = try Board([UInt8](repeating: 0, count: 40), file: "x") }
        == [
          "x: header: magic 0x0, expected 0xd00dfeed of a flattened device tree\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
        ])
    #expect(
      try problems { _ = try Board(TreeNode.root().dtb().dropLast(), file: "x") }
        == [
          "x: contents: FDT_ERR_TRUNCATED, expected a whole, well-formed device tree\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
        ])
  }
}
