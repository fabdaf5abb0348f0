// MemoryTests.swift — the memory that a device tree tells of, and is told of
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import DeviceTree

@Suite struct MemoryTests {
  private func tree(_ children: [TreeNode], cells: (UInt32, UInt32) = (2, 2)) throws -> DeviceTree {
    let root = TreeNode(
      "", ["#address-cells": [cells.0], "#size-cells": [cells.1], "model": "kept"], children)
    return try DeviceTree(root.dtb())
  }

  private func memory(_ name: String, _ others: KeyValuePairs<String, TreeNode.Value>) -> TreeNode {
    var node = TreeNode(name, ["device_type": "memory"])
    node.properties += others.map { ($0.key, $0.value.bytes) }
    return node
  }

  private let other = TreeNode("soc", [:], [TreeNode("uart@9", ["reg": [9]])])

  /// Told of two banks: the nodes of the root are what is expected, and whatever else was there still is.
  private func told(_ tree: DeviceTree, _ names: [String]) throws {
    let banks: [Range<UInt64>] = [0x4000_0000..<0x8000_0000, 0x8_0000_0000..<0x8_0020_0000]
    var changed = tree
    try changed.setMemory(banks)
    #expect(changed.memory == banks)
    let root = try #require(changed.node(at: "/"))
    #expect(Set(changed.children(of: root).map(changed.name)) == Set(names))
    #expect(changed.strings("model", of: root) == ["kept"])
    #expect(changed.number("reg", of: try #require(changed.node(at: "/soc/uart@9"))) == 9)
    try DeviceTree.validate(changed.bytes)
    // Once more, it is the same.
    var again = changed
    try again.setMemory(banks)
    #expect(again.bytes == changed.bytes)
  }

  @Test func aNode() throws {
    try told(tree([other]), ["soc", "memory@40000000"])
    try told(tree([memory("memory@0", [:]), other]), ["soc", "memory@0"])
    try told(tree([memory("memory", ["reg": .wide(0, 0)]), other]), ["soc", "memory"])
    // What Linux would not take for memory, for want of a device_type.
    try told(
      tree([TreeNode("memory@40000000", ["reg": .wide(0, 1 << 30)]), other]), ["soc", "memory@40000000"])
  }

  /// One node says it all: the others go.
  @Test func nodes() throws {
    try told(
      tree([
        memory("memory@0", ["reg": .wide(0, 1)]), other, memory("memory@1", ["reg": .wide(1, 1)]),
        memory("memory@1", ["reg": .wide(2, 1)]), memory("ram@7", [:]),
      ]), ["soc", "memory@0"])
    // What is disabled is the firmware's.
    try told(
      tree([memory("secure@0", ["reg": .wide(0, 1), "status": "disabled"]), other, memory("memory@1", [:])]),
      ["soc", "secure@0", "memory@1"])
    // Whatever its name is, and whatever it is in the way of.
    try told(
      tree([TreeNode("memory@40000000", ["reg": .wide(0, 1), "status": "disabled"]), other]),
      ["soc", "memory@40000000", "memory-1@40000000"])
    try told(
      tree([
        TreeNode("memory@40000000", ["device_type": "memory", "status": "disabled"]),
        memory("memory", ["reg": .wide(1, 1)]),
        other,
      ]), ["soc", "memory@40000000", "memory"])
    // What kexec says to use of a node counts before its reg.
    try told(
      tree([memory("memory@0", ["reg": .wide(0, 8), "linux,usable-memory": .wide(0, 4)]), other]),
      ["soc", "memory@0"])
  }

  /// What one of several nodes is, their memory is not.
  @Test func merged() throws {
    func properties(_ children: TreeNode...) throws -> [String] {
      var tree = try tree(children)
      try tree.setMemory([0..<4096])
      return tree.properties(of: try #require(tree.node(at: "/memory@0")), atMost: 100)
    }
    let node = memory("memory@0", ["reg": .wide(0, 1), "hotpluggable": .empty, "numa-node-id": [1]])
    #expect(Set(try properties(node)) == ["device_type", "reg", "hotpluggable", "numa-node-id"])
    #expect(Set(try properties(node, memory("memory@1", ["reg": .wide(1, 1)]))) == ["device_type", "reg"])
  }

  /// A root that does not say: 1 and 1, as Linux has it.
  @Test func noCells() throws {
    var tree = try DeviceTree(TreeNode("", [:], [memory("memory@0", ["reg": [0x4000_0000, 0x1000]])]).dtb())
    #expect(tree.memory == [0x4000_0000..<0x4000_1000])
    try tree.setMemory([0x8000_0000..<0x9000_0000])
    #expect(tree.property("reg", of: try #require(tree.node(at: "/memory@0")))?.count == 8)
    #expect(tree.memory == [0x8000_0000..<0x9000_0000])
    // Buses have what is above them.
    let deep = try DeviceTree(
      TreeNode(
        "", ["#address-cells": [2], "#size-cells": [2]],
        [TreeNode("soc", ["ranges": .empty], [TreeNode("uart", ["reg": .wide(0x1000, 0x100)])])]
      ).dtb())
    #expect(deep.registers(of: try #require(deep.node(at: "/soc/uart"))) == [0x1000..<0x1100])
  }

  @Test func usableMemory() throws {
    let one = try tree([memory("memory@0", ["reg": .wide(0, 8), "linux,usable-memory": .wide(0, 4)])])
    #expect(one.memory == [0..<4])
    #expect(try tree([memory("memory@0", ["reg": .wide(0, 8), "linux,usable-memory": .empty])]).memory == [])
    let chosen = TreeNode("chosen", ["linux,usable-memory-range": [1, 2, 3, 4], "odd": [1, 2, 3]])
    let narrow = try tree([chosen], cells: (1, 1))
    let node = try #require(narrow.node(at: "/chosen"))
    #expect(narrow.ranges("linux,usable-memory-range", of: node) == [1..<3, 3..<7])
    #expect(narrow.ranges("odd", of: node) == [1..<3])
    #expect(narrow.ranges("none", of: node) == [])
  }

  /// A size of one cell ends below 4 GiB, so that more is said in parts; an address of one cell does not reach further.
  @Test func cells() throws {
    let large: Range<UInt64> = 0x8000_0000..<0x3_0000_1000
    var narrow = try tree([], cells: (2, 1))
    try narrow.setMemory([large])
    #expect(narrow.memory.first?.lowerBound == large.lowerBound)
    #expect(narrow.memory.last?.upperBound == large.upperBound)
    #expect(zip(narrow.memory, narrow.memory.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
    var wide = try tree([], cells: (3, 3))
    try wide.setMemory([large])
    #expect(wide.memory == [large])
    // More parts than a tree has room for end at that.
    var parts = try tree([], cells: (2, 1))
    #expect(throws: DeviceTreeError.self) { try parts.setMemory([0..<UInt64.max]) }
    for cells in [(1, 1), (0, 2), (2, 0), (4, 2), (0xffff_ffff, 1)] as [(UInt32, UInt32)] {
      var tree = try tree([], cells: cells)
      #expect(throws: DeviceTreeError.self) { try tree.setMemory([large]) }
    }
  }

  @Test func removal() throws {
    var tree = try tree([TreeNode("chosen", ["a": [1], "b": [2]])])
    try tree.remove("a", ofNodeAt: "/chosen")
    let chosen = try #require(tree.node(at: "/chosen"))
    #expect(tree.properties(of: chosen, atMost: 100) == ["b"])
    let before = tree.bytes
    try tree.remove("a", ofNodeAt: "/chosen")
    try tree.remove("a", ofNodeAt: "/none")
    #expect(tree.bytes == before)
    // One that is there again and again goes, within reason.
    func times(_ count: Int) throws -> DeviceTree {
      var node = TreeNode("chosen")
      node.properties = [(name: String, value: [UInt8])](repeating: ("a", [0]), count: count) + [("b", [1])]
      var tree = try DeviceTree(TreeNode("", [:], [node]).dtb())
      try tree.remove("a", ofNodeAt: "/chosen")
      return tree
    }
    let few = try times(7)
    #expect(few.properties(of: try #require(few.node(at: "/chosen")), atMost: 100) == ["b"])
    #expect(throws: DeviceTreeError.self) { _ = try times(9) }
  }
}
