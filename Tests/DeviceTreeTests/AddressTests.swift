// AddressTests.swift — where a device is for the CPU: `reg`, through the `ranges` of every bus above it
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import DeviceTree

@Suite struct AddressTests {
  private func tree(_ root: TreeNode) throws -> DeviceTree { try DeviceTree(root.dtb()) }

  /// The registers of the node at `path`.
  private func registers(_ path: String, _ root: TreeNode) throws -> [Range<UInt64>] {
    let tree = try tree(root)
    return tree.registers(of: try #require(tree.node(at: path)))
  }

  /// A root with so many cells, and a `soc` in it with others.
  private func soc(
    root: (UInt32, UInt32), soc: (UInt32, UInt32), ranges: TreeNode.Value?, uart reg: TreeNode.Value
  ) -> TreeNode {
    var bus = TreeNode(
      "soc", ["#address-cells": [soc.0], "#size-cells": [soc.1]], [TreeNode("uart@9", ["reg": reg])])
    if let ranges { bus.properties.append(("ranges", ranges.bytes)) }
    return TreeNode("", ["#address-cells": [root.0], "#size-cells": [root.1]], [bus])
  }

  @Test func cells() throws {
    func root(_ address: UInt32, _ size: UInt32, _ reg: TreeNode.Value) -> TreeNode {
      TreeNode("", ["#address-cells": [address], "#size-cells": [size]], [TreeNode("uart", ["reg": reg])])
    }
    #expect(try registers("/uart", root(1, 1, [0x900_0000, 0x1000])) == [0x900_0000..<0x900_1000])
    #expect(try registers("/uart", root(2, 1, [1, 2, 3])) == [0x1_0000_0002..<0x1_0000_0005])
    #expect(try registers("/uart", root(1, 2, [1, 2, 3])) == [1..<0x2_0000_0004])
    #expect(try registers("/uart", root(2, 2, [1, 2, 3, 4])) == [0x1_0000_0002..<0x4_0000_0006])
    // Of a third cell, PCI's flags, nothing is taken.
    #expect(try registers("/uart", root(3, 1, [0xff, 1, 2, 3])) == [0x1_0000_0002..<0x1_0000_0005])
    #expect(try registers("/uart", root(1, 1, [1, 2, 3, 4])) == [1..<3, 3..<7])
    // Where nobody says it, it is 1 and 1, as for Linux.
    #expect(try registers("/uart", TreeNode("", [:], [TreeNode("uart", ["reg": [1, 2]])])) == [1..<3])
  }

  @Test func noneAtAll() throws {
    func root(_ address: UInt32, _ size: UInt32, _ reg: TreeNode.Value) -> TreeNode {
      TreeNode("", ["#address-cells": [address], "#size-cells": [size]], [TreeNode("uart", ["reg": reg])])
    }
    for (address, size, reg) in [
      // No whole row.
      (1, 1, []), (1, 1, [1]), (1, 1, .init(bytes: [1, 2, 3, 4, 5, 6, 7])),
      (1, 0, [1]), (1, 1, [1, 0]),  // no size
      (0, 0, [1, 2]), (4, 1, [1, 2, 3, 4, 5]), (0xffff_ffff, 1, [1, 2]),  // no such cells
    ] as [(UInt32, UInt32, TreeNode.Value)] {
      #expect(try registers("/uart", root(address, size, reg)) == [], "\(address) \(size) \(reg)")
    }
    #expect(try registers("/uart", TreeNode("", [:], [TreeNode("uart")])) == [])
    // As Linux has them: whole rows count, and what goes on behind the last address ends there.
    #expect(try registers("/uart", root(1, 1, [1, 2, 3])) == [1..<3])
    let top: UInt64 = 0xffff_ffff_ffff_f000
    #expect(try registers("/uart", root(2, 2, .wide(top, 0x1000))) == [top..<UInt64.max])
    #expect(try registers("/uart", root(2, 2, .wide(0x1000, .max))) == [0x1000..<UInt64.max])
    #expect(try registers("/", TreeNode("", ["reg": [1, 2, 3]])) == [])
  }

  @Test func oneBus() throws {
    // A Raspberry Pi 4's: 32-bit addresses of the VideoCore in the CPU's 35 bits.
    let uart: TreeNode.Value = [0x7e20_1000, 0x200]
    let ranges: TreeNode.Value = [
      0x7e00_0000, 0, 0xfe00_0000, 0x180_0000, 0x7c00_0000, 0, 0xfc00_0000, 0x200_0000,
    ]
    #expect(
      try registers("/soc/uart@9", soc(root: (2, 1), soc: (1, 1), ranges: ranges, uart: uart))
        == [0xfe20_1000..<0xfe20_1200])
    // The second row.
    #expect(
      try registers("/soc/uart@9", soc(root: (2, 1), soc: (1, 1), ranges: ranges, uart: [0x7c00_0010, 4]))
        == [0xfc00_0010..<0xfc00_0014])
    // What no row maps, by one byte.
    for address: UInt32 in [0x7bff_ffff, 0x7f80_0000] {
      let root = soc(root: (2, 1), soc: (1, 1), ranges: ranges, uart: [address, 4])
      #expect(try registers("/soc/uart@9", root) == [])
    }
  }

  @Test func emptyRangesMapEverything() throws {
    let root = soc(root: (1, 1), soc: (2, 2), ranges: .empty, uart: .wide(0x9_0000_0000, 0x1000))
    #expect(try registers("/soc/uart@9", root) == [0x9_0000_0000..<0x9_0000_1000])
  }

  @Test func noRangesMapNothing() throws {
    #expect(try registers("/soc/uart@9", soc(root: (1, 1), soc: (1, 1), ranges: nil, uart: [9, 1])) == [])
    // Ranges that are no whole rows are none.
    #expect(
      try registers("/soc/uart@9", soc(root: (1, 1), soc: (1, 1), ranges: [0, 0], uart: [9, 1])) == [])
  }

  @Test func nestedBuses() throws {
    func bus(_ name: String, _ cells: (UInt32, UInt32), _ ranges: TreeNode.Value, _ child: TreeNode)
      -> TreeNode
    {
      TreeNode(name, ["#address-cells": [cells.0], "#size-cells": [cells.1], "ranges": ranges], [child])
    }
    let uart = TreeNode("uart", ["reg": [0x10, 0x20]])
    let inner = bus("inner", (1, 1), [0, 0x100, 0x1000], uart)
    let middle = bus("middle", (1, 1), .empty, inner)
    let outer = bus("outer", (1, 1), [0, 0x40, 0x9000_0000, 0x1_0000], middle)
    let root = TreeNode("", ["#address-cells": [2], "#size-cells": [2]], [outer])
    #expect(try registers("/outer/middle/inner/uart", root) == [0x40_9000_0110..<0x40_9000_0130])
  }

  /// More levels than any board has are not followed: a hostile tree must not cost a stack, or time.
  @Test func endlessBuses() throws {
    func root(_ depth: Int) -> TreeNode {
      var node = TreeNode("uart", ["reg": [1, 2]])
      for _ in 0..<depth {
        node = TreeNode("b", ["#address-cells": [1], "#size-cells": [1], "ranges": .empty], [node])
      }
      return TreeNode("", ["#address-cells": [1], "#size-cells": [1]], [node])
    }
    for depth in [30, 31, 32, 1000] {
      let path = String(repeating: "/b", count: depth) + "/uart"
      #expect(try registers(path, root(depth)) == (depth < 32 ? [1..<3] : []), "\(depth)")
    }
  }
}
