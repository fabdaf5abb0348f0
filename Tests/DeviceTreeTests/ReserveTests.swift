// ReserveTests.swift — room in a device tree that is aligned to 8 bytes, though properties are aligned to 4
// SPDX-License-Identifier: MIT

import DeviceTree
import TestSupport
import Testing

@Suite struct ReserveTests {
  private static let name = "purgatory,result"

  /// /chosen behind nodes whose lengths put it anywhere, with properties before the new one.
  private static let trees: [[UInt8]] = (0..<12).map { index in
    let long = String(repeating: "x", count: index)
    return TreeNode(
      "", ["model": .init(stringLiteral: long)],
      [
        TreeNode("cpus", ["reg": [1, 2]]),
        TreeNode("chosen", index.isMultiple(of: 2) ? [:] : ["bootargs": .init(stringLiteral: long)]),
        TreeNode("after", ["reg": [3]]),
      ]
    ).dtb(reserving: index.isMultiple(of: 3) ? [] : [0x1000..<0x2000])
  }

  private func place(_ tree: DeviceTree) throws -> Int {
    let chosen = try #require(tree.node(at: "/chosen"))
    return try #require(tree.offset(of: Self.name, of: chosen))
  }

  @Test(arguments: trees) func itIsAligned(_ bytes: [UInt8]) throws {
    var tree = try DeviceTree(bytes)
    try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
    let again = try DeviceTree(tree.bytes)  // it is well-formed
    let place = try place(again)
    #expect(place.isMultiple(of: 8))
    #expect(Array(tree.bytes[place..<place + 16]) == [UInt8](repeating: 0, count: 16))
    // Nothing else has changed.
    let before = try DeviceTree(bytes)
    for path in ["/", "/chosen", "/after"] {
      for name in ["model", "bootargs", "reg"] {
        let (old, new) = (try #require(before.node(at: path)), try #require(again.node(at: path)))
        #expect(before.property(name, of: old) == again.property(name, of: new))
      }
    }
    #expect(again.memoryReservations == before.memoryReservations)
    #expect(again.children(of: try #require(again.node(at: "/"))).count == 3)
    #expect(again.property("result", of: try #require(again.node(at: "/chosen"))) == nil)
  }

  @Test func someOfThemWouldNotBe() throws {
    let unaligned = try Self.trees.filter { bytes in
      var tree = try DeviceTree(bytes)
      try tree.set(Self.name, to: [UInt8](repeating: 0, count: 16), ofNodeAt: "/chosen")
      return try !place(tree).isMultiple(of: 8)
    }
    #expect(!unaligned.isEmpty && unaligned.count < Self.trees.count)
  }

  @Test(arguments: trees) func twiceIsOnce(_ bytes: [UInt8]) throws {
    var tree = try DeviceTree(bytes)
    try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
    let once = tree.bytes
    try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
    #expect(tree.bytes == once)
    // What a purgatory left there is gone.
    let place = try place(tree)
    var left = once
    left.replaceSubrange(place..<place + 16, with: 1...16)
    var booted = try DeviceTree(left)
    try booted.reserve(Self.name, 16, ofNodeAt: "/chosen")
    #expect(booted.bytes == once)
  }

  @Test(arguments: [0, 4, 15, 17, 24]) func ofAnotherSizeItIsMadeAnew(_ size: Int) throws {
    for bytes in Self.trees {
      var tree = try DeviceTree(bytes)
      try tree.set(Self.name, to: [UInt8](repeating: 0xff, count: size), ofNodeAt: "/chosen")
      try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
      let chosen = try #require(tree.node(at: "/chosen"))
      #expect(tree.property(Self.name, of: chosen) == [UInt8](repeating: 0, count: 16))
      #expect(try place(tree).isMultiple(of: 8))
      try DeviceTree.validate(tree.bytes)
    }
  }

  /// A structure block at 4 beyond a multiple of 8, which packing moves.
  @Test(arguments: trees) func aGapBeforeTheStructure(_ bytes: [UInt8]) throws {
    func word(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
    var gap = bytes
    gap.insert(contentsOf: [0, 0, 0, 0], at: word(8))
    for (offset, value) in [(4, word(4) + 4), (8, word(8) + 4), (12, word(12) + 4)] {
      gap.replaceSubrange(
        offset..<offset + 4, with: (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) })
    }
    for existing in [nil, 16] as [Int?] {
      var tree = try DeviceTree(gap)
      if let existing {
        try tree.set(Self.name, to: .init(repeating: 1, count: existing), ofNodeAt: "/chosen")
      }
      try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
      #expect(try place(tree).isMultiple(of: 8))
      let once = tree.bytes
      try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
      #expect(tree.bytes == once)
    }
  }

  /// The name that the tokens have for a moment is one of the node's own.
  @Test(arguments: 0..<8) func namesThatAreTaken(_ index: Int) throws {
    var node = TreeNode("chosen", ["result": "mine", "urgatory,result": "mine, too", "esult": .empty])
    if index.isMultiple(of: 2) { node.properties.append((name: Self.name, value: [1, 2, 3])) }
    let long = String(repeating: "x", count: 2 * index)
    let bytes = TreeNode("", ["model": .init(stringLiteral: long)], [node]).dtb()
    var tree = try DeviceTree(bytes)
    try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
    #expect(try place(tree).isMultiple(of: 8))
    let chosen = try #require(tree.node(at: "/chosen"))
    #expect(tree.strings("result", of: chosen) == ["mine"])
    #expect(tree.strings("urgatory,result", of: chosen) == ["mine, too"])
    #expect(tree.property("esult", of: chosen) == [])
  }

  @Test func aTreeWithoutTheNodeGetsIt() throws {
    var tree = try DeviceTree(TreeNode("").dtb())
    try tree.reserve(Self.name, 16, ofNodeAt: "/chosen")
    #expect(try place(tree).isMultiple(of: 8))
  }
}
