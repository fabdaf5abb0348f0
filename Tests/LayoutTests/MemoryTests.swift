// MemoryTests.swift — what --memory makes of a device tree, and of the places; kdump, UEFI, holes, address 0
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct MemoryTests {
  private let gigabyte: Range<UInt64> = 0x4000_0000..<0x8000_0000

  /// The device tree that a layout hands over.
  private func tree(_ layout: Layout) throws -> Board {
    try Board(try #require(layout.segments.first { $0.role == .dtb }).bytes, file: "written.dtb")
  }

  /// What most boards' trees say: the firmware fills it in.
  @Test(
    arguments: [
      .root(), .root(.memory(0x4000_0000, 0)), .root(TreeNode("memory@0", ["device_type": "memory"])),
      .root(.memory(0x4000_0000, 0), .memory(0x8_0000_0000, 0)),
      .root(TreeNode("memory@40000000", ["reg": .wide(0x4000_0000, 1 << 30)])),
    ] as [TreeNode])
  func theTreeIsTold(_ root: TreeNode) throws {
    let two = [gigabyte, 0x8_0000_0000..<0x8_4000_0000]
    let layout = try Plan(files: [.kernel(), .initrd(), .dtb(root)], memory: two).layout()
    #expect(try tree(layout).memory == two)
    // The board's firmware is in it.
    #expect(layout.base(.kernel) == 0x4020_0000)
    #expect(
      layout.notes.contains {
        $0.hasPrefix("board.dtb: /memory: 0x40000000-0x80000000, 0x800000000-0x840000000 added")
      })
    // Once is enough.
    let again = File(role: .dtb, name: "board.dtb", bytes: try tree(layout).tree.bytes, address: nil)
    let second = try Plan(files: [.kernel(), .initrd(), again], memory: two).layout()
    #expect(try tree(second).tree.bytes == again.bytes)
    #expect(second.notes == [])
  }

  /// What it says is put right, be it more or less.
  @Test func theTreeIsPutRight() throws {
    let root = TreeNode.root(.memory(0x4000_0000, 1 << 30), .memory(0x1_0000_0000, 1 << 30))
    for memory in [[0x4000_0000..<0x6000_0000], [gigabyte], [gigabyte, 0x1_0000_0000..<0x2_0000_0000]]
      as [[Range<UInt64>]]
    {
      let layout = try Plan(files: [.kernel(), .dtb(root)], memory: memory).layout()
      #expect(try tree(layout).memory == memory)
    }
    // Nothing was asked, nothing is changed.
    let layout = try Plan(files: [.kernel(), .dtb(root)]).layout()
    #expect(try tree(layout).memory == [gigabyte, 0x1_0000_0000..<0x1_4000_0000])
    #expect(layout.notes == [])
  }

  @Test func withoutAPlaceToWriteIt() throws {
    func refusal(_ root: TreeNode, _ memory: Range<UInt64>, kernel: Bool = true) throws -> [String] {
      let files: [File] = [.dtb(root)] + (kernel ? [.kernel()] : [])
      return try Plan(files: files, memory: [memory], updatesDeviceTree: false).refusal()
    }
    let zero = TreeNode.root(.memory(0x4000_0000, 0))
    #expect(
      try refusal(zero, gigabyte) == [
        """
        board.dtb: /memory: none, expected 0x40000000-0x80000000, as --memory says, or a place to write the changed DTB to
        help: use purgatory build --output-dir DIR
        """
      ])
    let told = TreeNode.root(.memory(0x4000_0000, 1 << 30))
    #expect(try refusal(told, 0x4000_0000..<0x9000_0000).count == 1)
    // What the tree knows is enough to boot in; and without a kernel nobody reads it.
    #expect(try refusal(told, 0x5000_0000..<0x7000_0000) == [])
    #expect(try refusal(zero, gigabyte, kernel: false) == [])
  }

  /// Cells of the root: what does not fit into one is said in parts, or refused.
  @Test func cells() throws {
    func root(_ address: UInt32, _ size: UInt32) -> TreeNode {
      TreeNode("", ["#address-cells": [address], "#size-cells": [size]])
    }
    let memory: [Range<UInt64>] = [gigabyte, 0x1_0000_0000..<0x3_2000_1000]
    for (address, size) in [(2, 2), (2, 1), (3, 2), (3, 3)] as [(UInt32, UInt32)] {
      let layout = try Plan(files: [.kernel(), .dtb(root(address, size))], memory: memory).layout()
      #expect(try tree(layout).memory == memory, "\(address) \(size)")
    }
    let low = try Plan(files: [.kernel(), .dtb(root(1, 1))], memory: [gigabyte]).layout()
    #expect(try tree(low).memory == [gigabyte])
    #expect(
      try Plan(files: [.kernel(), .dtb(root(1, 1))], memory: memory).refusal() == [
        "board.dtb: /memory: #address-cells 1 and #size-cells 1 of the root, expected room for 0x320001000 in them\n"
          + "help: give less with --memory, or change the tree"
      ])
  }

  /// Memory that must not be mapped is left out of what the kernel is told; and so is, of a tree that knows its memory,
  /// what it leaves out.
  @Test func holes() throws {
    let secure = TreeNode.reserved(
      TreeNode("secure@50000000", ["reg": .wide(0x5000_0000, 0x10_0000), "no-map": .empty]),
      TreeNode("log@60000000", ["reg": .wide(0x6000_0000, 0x10_0000)]))
    let layout = try Plan(files: [.kernel(), .dtb(.root(secure))], memory: [gigabyte]).layout()
    #expect(try tree(layout).memory == [0x4000_0000..<0x5000_0000, 0x5010_0000..<0x8000_0000])
    // Which is no hole that anybody has to be told of, when the same is said again.
    let again = File(role: .dtb, name: "board.dtb", bytes: try tree(layout).tree.bytes, address: nil)
    #expect(try Plan(files: [.kernel(), again], memory: [gigabyte]).layout().notes == [])

    let board = TreeNode.root(.memory(0x4000_0000, 0x3b40_0000), .memory(0x8000_0000, 1 << 30))
    let all: Range<UInt64> = 0x4000_0000..<0x1_0000_0000
    let plan = Plan(files: [.kernel(), .dtb(board)], memory: [all])
    #expect(try tree(plan.layout()).memory == [0x4000_0000..<0x7b40_0000, 0x8000_0000..<0x1_0000_0000])
    #expect(
      try plan.layout().notes.first
        == "--memory: 0x7b400000-0x80000000 is left out, as board.dtb has no memory there: --force puts it in"
    )
    var forced = plan
    forced.isForced = true
    #expect(try tree(forced.layout()).memory == [all])
    #expect(
      try Plan(files: [.kernel(), .dtb(board)], memory: [0x7b40_0000..<0x8000_0000]).refusal().first == """
        --memory: 0x7b400000-0x80000000, expected memory in 0x40000000-0x7b400000, 0x80000000-0xc0000000 of board.dtb
        help: if you know better, add --force
        """)
  }

  /// A later step takes an address of 0 for none.
  @Test func addressZero() throws {
    for role in ["kernel", "dtb", "purgatory"] {
      let files: [File] =
        switch role {
        case "kernel": [.kernel()]
        case "dtb": [.dtb(.root())]
        default: [.segment(10, at: 0x8000)]
        }
      let layout = try Plan(files: files, memory: [0..<0x4000_0000]).layout()
      #expect(layout.loadAddress ?? 0 >= 0x1000)
      #expect(layout.segments.allSatisfy { $0.base >= 0x1000 })
    }
    #expect(try Plan(files: [.kernel()], memory: [0..<0x4000_0000]).layout().base(.kernel) == 0x20_0000)
    // Nor is anything put over a relative purgatory, which is at 0.
    var relative = Plan(files: [.segment(10)], memory: [0..<0x4000_0000], placesPurgatory: false)
    relative.isRelative = true
    #expect(try relative.layout().base(.segment) == 0x2_4000)
  }

  private func crashed(_ usable: TreeNode.Value, memory: TreeNode = .memory(0x4000_0000, 1 << 30)) -> TreeNode
  {
    let chosen = TreeNode(
      "chosen", ["linux,usable-memory-range": usable, "linux,elfcorehdr": .wide(0x7000_0000, 0x1000)])
    return .root(memory, chosen)
  }

  /// A crash kernel's tree bounds the layout, and its core header stays.
  @Test(arguments: [[], [0x7000_0000..<0x7800_0000], [0x4000_0000..<0x8000_0000]] as [[Range<UInt64>]])
  func kdump(_ memory: [Range<UInt64>]) throws {
    let root = crashed(.wide(0x7000_0000, 0x800_0000))
    let layout = try Plan(files: [.kernel(), .initrd(), .dtb(root)], memory: memory).layout()
    let usable: Range<UInt64> = 0x7000_1000..<0x7800_0000
    #expect(layout.segments.allSatisfy { usable.contains($0.range) })
    #expect(usable.contains(try #require(layout.loadAddress)))
    // It is no firmware's: the first of it is used.
    #expect(layout.base(.initrd) == 0x7000_1000)
  }

  @Test func kdumpElsewhere() throws {
    let root = crashed(.wide(0x7000_0000, 0x800_0000))
    #expect(
      try Plan(files: [.kernel(), .dtb(root)], memory: [0x4000_0000..<0x5000_0000]).refusal().first
        == "--memory: 0x40000000-0x50000000, "
        + "expected memory in 0x70000000-0x78000000, the linux,usable-memory-range of board.dtb")
    #expect(
      try Plan(files: [.kernel(at: 0x4020_0000), .dtb(root)]).refusal()
        == ["Image: address: 0x40200000-0x41a00000, expected memory: 0x70000000-0x78000000\n" + force])
    // Two ranges, the way Linux reserves a low one for DMA; and a tree that says nothing else of memory.
    let two = crashed(.wide(0x7800_0000, 0x800_0000, 0x7000_0000, 0x10_0000), memory: TreeNode("x"))
    let layout = try Plan(files: [.kernel(), .dtb(two)]).layout()
    #expect(layout.memory == [0x7000_0000..<0x7010_0000, 0x7800_0000..<0x8000_0000])
    #expect(layout.base(.kernel) == 0x7800_0000)
  }

  /// Linux takes two ranges, and none of a malformed property; what is not memory is said once.
  @Test func kdumpOddities() throws {
    let three = crashed(.wide(0x7000_0000, 0x10_0000, 0x7800_0000, 0x10_0000, 0x4000_0000, 0x1000_0000))
    #expect(try Plan(files: [.kernel(), .dtb(three)]).refusal().first?.contains("no room for") == true)
    for ignored in [.empty, [1]] as [TreeNode.Value] {
      #expect(try Plan(files: [.kernel(), .dtb(crashed(ignored))]).layout().base(.kernel) == 0x4020_0000)
    }
    let outside = crashed(.wide(0x1_0000_0000, 0x1000_0000))
    #expect(
      try Plan(files: [.kernel(), .initrd(), .dtb(outside)]).refusal() == [
        """
        board.dtb: /chosen/linux,usable-memory-range: 0x100000000-0x110000000, \
        expected a part of the memory: 0x40000000-0x80000000
        help: take the tree of the running system, or --memory what it lacks
        """
      ])
  }

  /// What the kernel before left in memory for the next one.
  @Test func handedOver() throws {
    let chosen = TreeNode(
      "chosen",
      [
        "linux,uefi-mmap-start": .wide(0x4020_0000), "linux,uefi-mmap-size": [0x1000],
        "linux,ima-kexec-buffer": .wide(0x4100_0000, 0x1000),
      ])
    let root = TreeNode.root(.memory(0x4000_0000, 1 << 30), chosen)
    #expect(try root.board().reserved == [0x4020_0000..<0x4020_1000, 0x4100_0000..<0x4100_1000])
    #expect(try Plan(files: [.kernel(), .dtb(root)]).layout().base(.kernel) == 0x4120_0000)
  }

  /// What the purgatory cannot reach is no place.
  @Test func above48Bits() throws {
    let root = TreeNode.root(.memory(0x4000_0000, 1 << 30), .memory(1 << 50, 1 << 30))
    #expect(try Plan(files: [.kernel(), .dtb(root)]).layout().memory == [gigabyte])
    #expect(
      try Plan(files: [.kernel()], memory: [1 << 48..<1 << 49]).refusal() == [
        "--memory: 0x1000000000000-0x2000000000000, "
          + "expected memory in 0x0-0x1000000000000, which the purgatory reaches"
      ])
  }

  /// What follows from a device tree that is none is not said.
  @Test func noConsequences() throws {
    let none = File(role: .dtb, name: "board.dtb", bytes: [1, 2, 3], address: nil)
    #expect(
      try Plan(files: [.kernel(), .initrd(), none]).refusal() == [
        "board.dtb: header: 3 bytes, expected at least 40\nhelp: give a device tree as dtc, QEMU or /sys/firmware/fdt has it, whole"
      ])
  }

  /// What will not work, though nothing is wrong with the layout.
  @Test func notes() throws {
    let bare = TreeNode.root()
    func notes(_ plan: Plan) throws -> [String] { try plan.layout().notes }
    let unwritten = Plan(
      files: [.kernel(at: 0x4020_0000), .initrd(at: 0x5000_0000), .dtb(bare, at: 0x4800_0000)],
      loadAddress: 0x4900_0000, updatesDeviceTree: false)
    #expect(
      try notes(unwritten) == [
        "board.dtb: no memory in it, and nobody completes a tree that is verified: a kernel finds none",
        "board.dtb: /chosen names no initrd, so the kernel will not find it; purgatory build --output-dir tells it",
      ])
    let long = Plan(
      files: [.dtb(.root(.memory(0x4000_0000, 1 << 30)))], commandLine: String(repeating: "x", count: 2048))
    #expect(
      try notes(long).first?.hasPrefix("--cmdline: 2048 bytes, of which Linux reads the first 2047") == true)
    var relative = Plan(
      files: [.initrd(at: 0x5000_0000), .dtb(.root(.memory(0x4000_0000, 1 << 30)), at: 0x4800_0000)],
      loadAddress: 0x4900_0000)
    relative.isRelative = true
    #expect(try notes(relative).first?.contains("does not move with a relative purgatory") == true)
  }

  /// Told once, with the remedy; and such a tree gets no memory node, which would take ACPI away from Linux.
  @Test func uefi() throws {
    let root = TreeNode.root(TreeNode("chosen", ["linux,uefi-mmap-start": .wide(0x7c43_d940)]))
    let refusal = try Plan(files: [.kernel(), .initrd(), .dtb(root), .segment(1)]).refusal()
    #expect(refusal.count == 1)
    #expect(
      refusal.first?.hasPrefix(
        "board.dtb: /chosen/linux,uefi-mmap-start: a UEFI boot's tree: its memory is in UEFI's memory map, "
          + "expected --memory BASE+SIZE\nhelp: on the board, as root, grep -A9 'System RAM' /proc/iomem")
        == true
    )
    #expect(try Plan(files: [.dtb(root)]).refusal().count == 1)
    let layout = try Plan(files: [.kernel(), .dtb(root)], memory: [gigabyte]).layout()
    let written = try tree(layout).tree
    #expect(written.children(of: try #require(written.node(at: "/"))).map(written.name) == ["chosen"])
    #expect(layout.base(.kernel) == 0x4020_0000)
  }
}

private let force = "help: let it be placed, without an address; or, if you know better, add --force"

@Suite struct ExplicitAddressTests {
  /// Where the user wants the result, and an initrd at 0.
  @Test func others() throws {
    let root = TreeNode.root(
      .memory(0x4000_0000, 1 << 30),
      .reserved(TreeNode("secure@50000000", ["reg": .wide(0x5000_0000, 0x10_0000)])))
    for (address, place) in [(0x5000_0000, "reserved"), (0x3900_0000, "expected memory: 0x40000000")]
      as [(UInt64, String)]
    {
      var request = LayoutRequest(files: [.kernel(), .dtb(root)], purgatorySize: 0x2_4000)
      request.resultAddress = address
      #expect(try problems { _ = try Layout(request) }.first?.contains(place) == true)
      request.isForced = true
      #expect(try problems { _ = try Layout(request) } == [])
    }
    let low = Plan(files: [.initrd(at: 0)], memory: [0..<0x4000_0000])
    #expect(try low.refusal() == ["initrd: address: 0x0, expected any other\n" + force])
  }

  @Test func reserved() throws {
    let root = TreeNode.root(
      .memory(0x4000_0000, 1 << 30),
      .reserved(TreeNode("secure@50000000", ["reg": .wide(0x5000_0000, 0x10_0000), "no-map": .empty])))
    let files: [File] = [
      .kernel(at: 0x4f00_0000), .initrd(at: 0x500f_f000),
      .dtb(root, at: 0x6000_0000, reserving: [0x6000_0000..<0x6000_1000]),
      .segment(16, at: 0x5000_0010),
    ]
    let plan = Plan(files: files, loadAddress: 0x4fff_f000)
    let secure = "0x50000000-0x50100000 is reserved, expected memory that the device tree does not reserve"
    let refusal = try plan.refusal()
    #expect(
      refusal == [
        "Image: address: 0x4f000000-0x50800000, and \(secure)\n\(force)",
        "board.dtb: address: 0x60000000-0x60000225, and 0x60000000-0x60001000 is reserved, "
          + "expected memory that the device tree does not reserve\n\(force)",
        "initrd: address: 0x500ff000-0x50100388, and \(secure)\n\(force)",
        "payload: address: 0x50000010-0x50000020, and \(secure)\n\(force)",
        "the purgatory: address: 0x4ffff000-0x50023000, and \(secure)\n\(force)",
      ])
    var forced = plan
    forced.isForced = true
    #expect(try forced.refusal() == [])
  }

  /// booting.rst: within 32 GiB from a multiple of 1 GiB, with the kernel.
  @Test func anInitrdFarFromItsKernel() throws {
    let root = TreeNode.root(.memory(0x4000_0000, 64 << 30))
    func refusal(_ initrd: UInt64, forced: Bool = false) throws -> [String] {
      var plan = Plan(files: [.kernel(at: 0x4020_0000), .initrd(at: initrd), .dtb(root)])
      plan.isForced = forced
      return try plan.refusal()
    }
    #expect(try refusal(0x8_3fff_e000) == [])
    #expect(
      try refusal(0x8_4000_0000) == [
        "initrd: address: 0x840000000-0x840001388, expected 0x0-0x83fffffff, within 32 GiB of the kernel\n\(force)"
      ])
    #expect(try refusal(0x8_4000_0000, forced: true) == [])
  }
}

@Suite struct ChosenTests {
  private func root(_ chosen: KeyValuePairs<String, TreeNode.Value>) -> TreeNode {
    .root(.memory(0x4000_0000, 1 << 30), TreeNode("chosen", chosen))
  }

  private func written(_ plan: Plan) throws -> (Board, notes: [String]) {
    let layout = try plan.layout()
    return (try Board(try #require(layout.segments.first { $0.role == .dtb }).bytes, file: ""), layout.notes)
  }

  @Test func aStaleInitrd() throws {
    for properties in [
      ["linux,initrd-start": .wide(0x4800_0000), "linux,initrd-end": .wide(0x480f_0d34)],
      ["linux,initrd-start": [0, 0, 0]],
      ["linux,initrd-end": [1]],
    ] as [KeyValuePairs<String, TreeNode.Value>] {
      let (board, notes) = try written(Plan(files: [.kernel(), .dtb(root(properties))]))
      #expect(!board.namesInitrd)
      #expect(
        notes.count == 1 && notes.first?.contains("is dropped, as there is no --initrd") == true, "\(notes)")
    }
    // It is loaded all the same, as a segment; or it is another one.
    let tree = root(["linux,initrd-start": .wide(0x4800_0000), "linux,initrd-end": .wide(0x4800_0010)])
    #expect(
      try written(Plan(files: [.segment(16, at: 0x4800_0000), .dtb(tree)])).0.initrd
        == 0x4800_0000..<0x4800_0010)
    let (board, notes) = try written(Plan(files: [.initrd(), .dtb(tree)]))
    #expect(board.initrd == 0x4020_0000..<0x4020_1388)
    #expect(notes == [])
  }

  /// Random numbers for one boot.
  @Test func seeds() throws {
    let tree = root(["kaslr-seed": .wide(7), "rng-seed": [1, 2, 3, 4], "bootargs": "quiet"])
    let names = "board.dtb: /chosen/kaslr-seed, rng-seed: random numbers"
    let (dropped, notes) = try written(Plan(files: [.kernel(), .dtb(tree)]))
    #expect(dropped.seeds == [])
    #expect(dropped.commandLine == "quiet")
    #expect(notes == ["\(names) for one boot are dropped; --keep-seeds keeps them"])
    var keeping = Plan(files: [.kernel(), .dtb(tree)])
    keeping.keepsSeeds = true
    let (kept, keptNotes) = try written(keeping)
    #expect(kept.seeds == ["kaslr-seed", "rng-seed"])
    #expect(keptNotes == ["\(names) for one boot are kept, the same at every boot of this tree"])
    // A tree that nobody writes has them.
    let (same, said) = try written(Plan(files: [.kernel(), .dtb(tree)], updatesDeviceTree: false))
    #expect(same.seeds.count == 2)
    #expect(said == ["\(names), the same at every boot of this tree; build --output-dir writes one without"])
  }
}
