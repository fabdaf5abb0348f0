// LayoutTests.swift — where each kind of file goes: by its own rules, lowest first
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

/// What a layout is made of.
struct Plan: Sendable {
  var files: [File] = []
  var memory: [Range<UInt64>] = []
  var commandLine: String?
  var purgatorySize: UInt64 = 0x2_4000
  var loadAddress: UInt64?
  var placesPurgatory = true
  /// As with --output-dir.
  var updatesDeviceTree = true
  var isRelative = false
  var keepsSeeds = false
  var isForced = false

  func layout() throws -> Layout {
    var request = LayoutRequest(
      files: files, memory: memory, commandLine: commandLine, purgatorySize: purgatorySize,
      loadAddress: loadAddress)
    request.placesPurgatory = placesPurgatory
    request.isRelative = isRelative
    request.bootsKernel = files.contains { $0.role == .kernel }
    request.updatesDeviceTree = updatesDeviceTree
    request.keepsSeeds = keepsSeeds
    request.isForced = isForced
    return try Layout(request)
  }

  /// The problems for which there is no layout.
  func refusal() throws -> [String] { try problems { _ = try layout() } }
}

extension File {
  static func kernel(
    at address: UInt64? = nil, imageSize: UInt64 = 0x180_0000, textOffset: UInt64 = 0, flags: UInt64 = 0xa
  ) -> File {
    let bytes = Input.image(4096, imageSize: imageSize, textOffset: textOffset, flags: flags)
    return File(role: .kernel, name: "Image", bytes: bytes, address: address)
  }
  static func initrd(_ size: Int = 5000, at address: UInt64? = nil) -> File {
    File(role: .initrd, name: "initrd", bytes: [UInt8](repeating: 7, count: size), address: address)
  }
  static func dtb(_ root: TreeNode, at address: UInt64? = nil, reserving: [Range<UInt64>] = []) -> File {
    File(role: .dtb, name: "board.dtb", bytes: root.dtb(reserving: reserving), address: address)
  }
  static func segment(_ size: Int, at address: UInt64? = nil, memorySize: UInt64? = nil) -> File {
    File(
      role: .segment, name: "payload", bytes: [UInt8](repeating: 9, count: size), address: address,
      memorySize: memorySize)
  }
}

extension BoardChanges {
  /// Nothing but room for the result.
  static let room = {
    var changes = Self()
    changes.reservesResult = true
    return changes
  }()
}

extension Layout {
  func base(_ role: Segment.Role) -> UInt64? { segments.first { $0.role == role }?.base }
  func range(_ role: Segment.Role) -> Range<UInt64>? { segments.first { $0.role == role }?.range }
}

@Suite struct LayoutTests {
  let gigabyte: Range<UInt64> = 0x4000_0000..<0x8000_0000

  @Test func everythingIsPlaced() throws {
    let tree = TreeNode.root(.memory(0x4000_0000, 1 << 30))
    let layout = try Plan(files: [.kernel(), .initrd(), .dtb(tree), .segment(10)]).layout()
    // The firmware has the first 2 MiB, so nothing is below the kernel.
    #expect(layout.range(.kernel) == 0x4020_0000..<0x41a0_0000)
    #expect(layout.range(.initrd) == 0x41a0_0000..<0x41a0_1388)
    #expect(layout.base(.segment) == 0x41a0_2000)
    #expect(layout.base(.dtb) == 0x41a0_3000)
    #expect(layout.loadAddress == 0x41a0_4000)
    #expect(layout.segments.map(\.role) == [.kernel, .dtb, .initrd, .segment])
    #expect(layout.memory == [gigabyte])
    #expect(layout.deviceTreeChanged)
  }

  @Test func whatTheDeviceTreeIsTold() throws {
    let tree = TreeNode.root(.memory(0x4000_0000, 1 << 30))
    let layout = try Plan(files: [.kernel(), .initrd(), .dtb(tree)], commandLine: "quiet").layout()
    let board = try Board(try #require(layout.segments.first { $0.role == .dtb }).bytes, file: "")
    #expect(board.initrd == layout.range(.initrd))
    let chosen = try #require(board.tree.node(at: "/chosen"))
    #expect(board.tree.strings("bootargs", of: chosen) == ["quiet"])
    // Untold of anything, it has room for the result, and no more.
    let untold = try Plan(files: [.kernel(), .dtb(tree)]).layout()
    #expect(untold.deviceTreeChanged)
    let expected = try Board(tree.dtb(), file: "").bytes(.room)
    #expect(untold.segments.first { $0.role == .dtb }?.bytes == expected)
    // Which it has once.
    let again = File(role: .dtb, name: "board.dtb", bytes: expected, address: nil)
    #expect(try !Plan(files: [.kernel(), again]).layout().deviceTreeChanged)
  }

  /// RAM of a board has firmware at its start; who names other memory, or no board, has chosen.
  @Test func theFirstTwoMegabytes() throws {
    let tree = TreeNode.root(.memory(0x4000_0000, 1 << 30))
    #expect(try Plan(files: [.segment(1), .dtb(tree)]).layout().base(.segment) == 0x4020_0000)
    #expect(
      try Plan(files: [.segment(1), .dtb(tree)], memory: [gigabyte]).layout().base(.segment) == 0x4020_0000)
    #expect(
      try Plan(files: [.segment(1), .dtb(.root())], memory: [gigabyte]).layout().base(.segment) == 0x4020_0000
    )
    let inside: Range<UInt64> = 0x4010_0000..<0x8000_0000
    #expect(
      try Plan(files: [.segment(1), .dtb(tree)], memory: [inside]).layout().base(.segment) == 0x4010_0000)
    #expect(try Plan(files: [.kernel()], memory: [gigabyte]).layout().base(.kernel) == 0x4000_0000)
    // In each bank.
    let two = TreeNode.root(.memory(0x4000_0000, 0x20_0000), .memory(0x8000_0000, 1 << 30))
    #expect(try Plan(files: [.segment(1), .dtb(two)]).layout().base(.segment) == 0x8020_0000)
    // An address that the user gives may be there.
    #expect(
      try Plan(files: [.segment(1, at: 0x4000_0000), .dtb(tree)]).layout().base(.segment) == 0x4000_0000)
  }

  @Test func kernels() throws {
    func base(_ kernel: File, _ memory: Range<UInt64>..., reserving: [Range<UInt64>] = []) throws -> UInt64? {
      let banks = memory.map { TreeNode.memory($0.lowerBound, $0.upperBound - $0.lowerBound) }
      let tree = TreeNode("", ["#address-cells": [2], "#size-cells": [2]], banks)
      return try Plan(files: [kernel, .dtb(tree, reserving: reserving)]).layout().base(.kernel)
    }
    #expect(try base(.kernel(textOffset: 0x8_0000), gigabyte) == 0x4028_0000)
    #expect(try base(.kernel(), 0x4010_0000..<0x8000_0000) == 0x4040_0000)
    // A multiple of 2 MiB plus text_offset may be below where RAM and firmware end.
    #expect(try base(.kernel(textOffset: 0x18_0000), 0x4010_0000..<0x8000_0000) == 0x4038_0000)
    // Memory below an old kernel is lost to it, so it gets the start of RAM, firmware or not.
    #expect(try base(.kernel(flags: 2), gigabyte) == 0x4000_0000)
    #expect(try base(.kernel(textOffset: 0x8_0000, flags: 2), gigabyte) == 0x4008_0000)
    #expect(
      try base(.kernel(textOffset: 0x8_0000, flags: 2), gigabyte, reserving: [0x4000_0000..<0x4010_0000])
        == 0x4028_0000)
    // Its BSS counts: one byte of it that is not free moves it.
    for (end, expected) in [(0x41a0_0000, 0x4020_0000), (0x419f_ffff, 0x41c0_0000)] as [(UInt64, UInt64)] {
      #expect(try base(.kernel(), gigabyte, reserving: [end..<0x41b0_0000]) == expected)
    }
    // And in the bank that has room for it.
    #expect(try base(.kernel(), 0x4000_0000..<0x4100_0000, 0x1_0000_0000..<0x2_0000_0000) == 0x1_0020_0000)
    #expect(try base(.kernel(), 0x100_0000_0000..<0x101_0000_0000) == 0x100_0020_0000)
  }

  @Test func banksThatMeetAreOne() throws {
    let tree = TreeNode.root(.memory(0x4000_0000, 0x100_0000), .memory(0x4100_0000, 0x100_0000))
    #expect(try Plan(files: [.kernel(), .dtb(tree)]).layout().base(.kernel) == 0x4020_0000)
    let explicit = try Plan(files: [.kernel(at: 0x4040_0000), .dtb(tree)]).layout()
    #expect(explicit.memory == [0x4000_0000..<0x4200_0000])
    let named = try Plan(files: [.kernel()], memory: [0x4100_0000..<0x4200_0000, 0x4000_0000..<0x4110_0000])
      .layout()
    #expect(named.base(.kernel) == 0x4000_0000)
  }

  @Test func deviceTreesDoNotCrossTwoMegabytes() throws {
    func base(_ size: Int, after end: UInt64) throws -> UInt64? {
      var tree = TreeNode.root(.memory(0x2000_0000, 0x6000_0000)).dtb()
      tree += [UInt8](repeating: 0, count: size - tree.count)
      let dtb = File(role: .dtb, name: "board.dtb", bytes: tree, address: nil)
      return try Plan(
        files: [.segment(16, at: 0x4000_0000, memorySize: end - 0x4000_0000), dtb], memory: [gigabyte],
        updatesDeviceTree: false
      ).layout().base(.dtb)
    }
    #expect(try base(0x1000, after: 0x401f_f000) == 0x401f_f000)
    #expect(try base(0x1001, after: 0x401f_f000) == 0x4020_0000)
    #expect(try base(0x1000, after: 0x401f_f010) == 0x4020_0000)
    #expect(try base(2 << 20, after: 0x4000_1000) == 0x4020_0000)
    #expect(try base(2 << 20, after: 0x4020_0000) == 0x4020_0000)
  }

  /// One that has an address grows where it is: what is placed leaves it room.
  @Test func aDeviceTreeThatGrows() throws {
    var root = TreeNode.root(.memory(0x2000_0000, 0x6000_0000))
    root.properties.append(("pad", [UInt8](repeating: 1, count: 4076 - root.dtb().count)))
    #expect((4090...4096).contains(root.dtb().count))
    let layout = try Plan(
      files: [.initrd(), .segment(1), .dtb(root, at: 0x4000_0000)], memory: [gigabyte], commandLine: "quiet"
    ).layout()
    let dtb = try #require(layout.range(.dtb))
    #expect(dtb.upperBound > 0x4000_1000)
    #expect(layout.base(.initrd) == 0x4000_2000)
    #expect(layout.base(.segment) == 0x4000_4000)
  }

  /// booting.rst: kernel and initrd in 32 GiB that start at a multiple of 1 GiB.
  @Test func initrdWindows() throws {
    func window(_ kernel: Range<UInt64>) -> ClosedRange<UInt64>? { Layout.initrdWindow(around: kernel) }
    let giga: UInt64 = 1 << 30
    #expect(window(0x4020_0000..<0x4200_0000) == 0...33 * giga - 1)
    #expect(window(0..<0x4200_0000) == 0...32 * giga - 1)
    #expect(window(31 * giga..<32 * giga) == 0...63 * giga - 1)
    #expect(window(31 * giga..<32 * giga + 1) == giga...63 * giga - 1)
    #expect(window(100 * giga + 5..<100 * giga + 6) == 69 * giga...132 * giga - 1)
    #expect(window(.max - 5..<(.max - 4)) == (1 << 34 - 32) * giga...UInt64.max)
    #expect(window(giga..<33 * giga) == giga...33 * giga - 1)
    #expect(window(giga..<33 * giga + 1) == nil, "more than any window holds")
    #expect(window(0..<UInt64.max) == nil)

    // Memory at 0x40000000 for the kernel, and far away for the initrd.
    func initrd(_ base: UInt64, kernel: UInt64? = nil) throws -> UInt64? {
      let near: Range<UInt64> = 0x4000_0000..<0x4180_0000
      return try Plan(files: [.kernel(at: kernel), .initrd()], memory: [near, base..<base + 0x1000_0000])
        .layout().base(.initrd)
    }
    #expect(try initrd(32 * giga) == 32 * giga)
    #expect(try initrd(33 * giga - 0x100_0000) == 33 * giga - 0x100_0000)
    #expect(
      try problems { _ = try initrd(33 * giga) } == [
        """
        initrd: address: no room for 0x1388 bytes aligned to 0x1000, expected them in 0x40000000-0x41800000, \
        0x840000000-0x850000000 outside of 0x40000000-0x41800000
        help: give more with --memory BASE+SIZE, or an address
        """
      ])
    // Below the kernel, too.
    #expect(try initrd(32 * giga, kernel: 32 * giga + 0x20_0000) == 0x4000_0000)
  }

  @Test func reservedMemoryIsLeftAlone() throws {
    let tree = TreeNode.root(
      .memory(0x4000_0000, 1 << 30),
      .reserved(
        TreeNode("a", ["reg": .wide(0x4020_0000, 0x1000)]), TreeNode("b", ["reg": .wide(0x4200_0010, 0x10)]),
        TreeNode("dynamic", ["size": .wide(1 << 30)])))
    let layout = try Plan(
      files: [.segment(0x1001), .kernel(), .dtb(tree, reserving: [0x4020_1000..<0x4020_1001])]
    ).layout()
    #expect(layout.base(.kernel) == 0x4040_0000)
    #expect(layout.base(.segment) == 0x4020_2000)
    #expect(layout.base(.dtb) == 0x4020_4000)
    #expect(layout.reserved == [0x4020_0000..<0x4020_1001, 0x4200_0010..<0x4200_0020])
    // With memory of the user's, too.
    let named = try Plan(files: [.segment(1), .dtb(tree)], memory: [0x4020_0000..<0x4030_0000]).layout()
    #expect(named.base(.segment) == 0x4020_1000)
  }

  /// What the user says is done, whatever is placed around it.
  @Test func addressesOfTheUser() throws {
    let files: [File] = [
      .kernel(at: 0x4200_0000), .initrd(at: 0x4000_0000),
      .dtb(.root(.memory(0x2000_0000, 0x6000_0000)), at: 0x4000_2000),
      .segment(1, at: 0x4000_3000), .segment(0x1000), .segment(0x1000),
    ]
    var plan = Plan(files: files, memory: [gigabyte], loadAddress: 0x4000_5000)
    let layout = try plan.layout()
    #expect(
      layout.segments.map(\.base) == [
        0x4200_0000, 0x4000_2000, 0x4000_0000, 0x4000_3000, 0x4000_4000, 0x4002_9000,
      ])
    plan.loadAddress = nil
    #expect(try plan.layout().loadAddress == 0x4000_6000)
    plan.placesPurgatory = false
    #expect(try plan.layout().loadAddress == nil)
    #expect(try Plan().layout().segments.isEmpty)
    #expect(try Plan(files: [.segment(1, at: 16)]).layout().loadAddress == nil)  // no memory: nowhere
  }
}
