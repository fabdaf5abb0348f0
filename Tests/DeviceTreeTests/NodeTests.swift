// NodeTests.swift — nodes by path and by alias, properties, reservations, and changes in a copy
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import DeviceTree

@Suite struct NodeTests {
  private func tree(_ root: TreeNode) throws -> DeviceTree { try DeviceTree(root.dtb()) }

  private let board = TreeNode(
    "", ["model": "a board", "compatible": .strings("vendor,board", "vendor,family")],
    [
      TreeNode(
        "aliases",
        [
          "serial0": "/soc/uart@9", "bus": "/soc", "self": "self", "ping": "pong", "pong": "ping",
          "second": "serial0", "gone": "/soc/uart@a", "none": .empty, "word": [0x2f73_6f63],
        ]),
      TreeNode(
        "soc", [:], [TreeNode("uart@9", ["number": [0x1234_5678], "wide": .wide(1 << 40), "flag": .empty])]),
    ])

  @Test func byPath() throws {
    let tree = try tree(board)
    let uart = try #require(tree.node(at: "/soc/uart@9"))
    #expect(tree.name(of: uart) == "uart@9")
    #expect(tree.node(at: "/soc/uart") == uart)  // the unit address may be left out
    #expect(tree.parent(of: uart) == tree.node(at: "/soc"))
    #expect(tree.node(at: "/").flatMap(tree.parent(of:)) == nil)
    for path in ["", "/none", "/soc/uart@9/none", "soc", "none"] {
      #expect(tree.node(at: path) == nil, "\(path)")
    }
  }

  /// Depth first, as Linux looks; with all that is above it.
  @Test func byCompatible() throws {
    func node(_ name: String, _ compatible: TreeNode.Value? = nil, _ children: TreeNode...) -> TreeNode {
      var node = TreeNode(name, [:], children)
      if let compatible { node.properties.append(("compatible", compatible.bytes)) }
      return node
    }
    let tree = try tree(
      TreeNode(
        "", ["compatible": "vendor,root"],
        [
          node("a", nil, node("b", "vendor,b", node("c", "vendor,c")), node("d")),
          node("e", .strings("vendor,e", "vendor,c"), node("f", "vendor,f")),
        ]))
    func path(_ names: String...) -> String? { tree.node(compatibleWith: Set(names)).map(tree.path(of:)) }
    #expect(path("vendor,root") == "/")
    #expect(path("vendor,b") == "/a/b")
    #expect(path("vendor,c") == "/a/b/c")
    #expect(path("vendor,e") == "/e")
    #expect(path("vendor,f", "vendor,none") == "/e/f")
    #expect(path("vendor,f", "vendor,b") == "/a/b")
    #expect(path("vendor", "vendor,", "") == nil)
    for path in ["/", "/a/b/c", "/e/f"] {
      let node = try #require(tree.node(at: path))
      #expect(tree.path(of: node) == path)
      #expect(tree.strings("compatible", of: node).first.flatMap { tree.node(compatibleWith: [$0]) } == node)
    }
  }

  @Test func availability() throws {
    func status(_ status: TreeNode.Value?, above: TreeNode.Value? = nil) throws -> [Bool] {
      var (bus, leaf) = (TreeNode("bus"), TreeNode("node"))
      if let status { leaf.properties.append(("status", status.bytes)) }
      if let above { bus.properties.append(("status", above.bytes)) }
      bus.children = [leaf]
      let tree = try tree(TreeNode("", [:], [bus]))
      let node = try #require(tree.node(at: "/bus/node"))
      return [tree.isAvailable(node), tree.isReachable(node)]
    }
    for on in ["okay", "ok", nil] as [TreeNode.Value?] {
      #expect(try status(on) == [true, true])
      #expect(try status(nil, above: on) == [true, true])
      #expect(try status(on, above: "disabled") == [true, false])
    }
    for off in ["disabled", "reserved", "fail", "fail-sss", "", .empty] as [TreeNode.Value] {
      #expect(try status(off) == [false, false])
    }
  }

  @Test func propertyNames() throws {
    let tree = try tree(board)
    func names(_ path: String, _ prefix: String = "", atMost limit: Int = 100) throws -> [String] {
      tree.properties(of: try #require(tree.node(at: path)), startingWith: prefix, atMost: limit)
    }
    #expect(try names("/soc/uart@9") == ["number", "wide", "flag"])
    #expect(try names("/soc/uart@9", atMost: 2) == ["number", "wide"])
    #expect(try names("/aliases", "se") == ["serial0", "self", "second"])
    #expect(try names("/aliases", "serial0x") == [])
    #expect(try names("/soc") == [])
  }

  @Test func byAlias() throws {
    let tree = try tree(board)
    let uart = tree.node(at: "/soc/uart@9")
    #expect(tree.node(at: "serial0") == uart)
    #expect(tree.node(at: "bus/uart@9") == uart)
    #expect(tree.node(at: "word") == tree.node(at: "/soc"))  // bytes are bytes
    // An alias is a path, not an alias; one of itself has no end.
    for path in ["self", "ping", "second", "gone", "none", "serial0/none"] {
      #expect(tree.node(at: path) == nil, "\(path)")
    }
    #expect(try self.tree(TreeNode("")).node(at: "serial0") == nil)
  }

  @Test func properties() throws {
    let tree = try tree(board)
    let root = try #require(tree.node(at: "/"))
    let uart = try #require(tree.node(at: "/soc/uart@9"))
    #expect(tree.strings("compatible", of: root) == ["vendor,board", "vendor,family"])
    #expect(tree.strings("none", of: root) == [])
    #expect(tree.property("flag", of: uart) == [])
    #expect(tree.property("none", of: uart) == nil)
    #expect(tree.number("number", of: uart) == 0x1234_5678)
    #expect(tree.number("wide", of: uart) == nil)
    #expect(tree.address("number", of: uart) == 0x1234_5678)
    #expect(tree.address("wide", of: uart) == 1 << 40)
    #expect(tree.address("flag", of: uart) == nil)
    #expect(tree.children(of: root).map(tree.name(of:)) == ["aliases", "soc"])
  }

  @Test func reservations() throws {
    let ranges: [Range<UInt64>] = [0x4000_0000..<0x4010_0000, 0x1000..<0x1001, 0..<(.max)]
    #expect(try DeviceTree(board.dtb(reserving: ranges)).memoryReservations == ranges)
    #expect(try tree(board).memoryReservations == [])
  }

  @Test func aChange() throws {
    var tree = try tree(board)
    let before = tree
    try tree.set("bootargs", to: Array("quiet\0".utf8), ofNodeAt: "/chosen")
    let chosen = try #require(tree.node(at: "/chosen"))
    #expect(tree.strings("bootargs", of: chosen) == ["quiet"])
    #expect(tree.node(at: "/soc/uart@9").flatMap { tree.number("number", of: $0) } == 0x1234_5678)
    #expect(before.node(at: "/chosen") == nil)
    // Longer, shorter, empty; nothing is left of the old one.
    for value in [[UInt8](repeating: 0x61, count: 4096), [1], []] {
      try tree.set("bootargs", to: value, ofNodeAt: "/chosen")
      #expect(tree.node(at: "/chosen").flatMap { tree.property("bootargs", of: $0) } == value)
      try DeviceTree.validate(tree.bytes)
    }
    #expect(tree.bytes.count < before.bytes.count + 100)
    #expect(tree.bytes.count == tree.bytes[4..<8].reduce(0) { $0 << 8 | Int($1) })
  }

  /// The same changes give the same bytes, and a value that is there already changes none.
  @Test func aChangeIsReproducible() throws {
    var one = try tree(board)
    var two = try tree(board)
    try one.set("model", to: Array("other\0".utf8), ofNodeAt: "/")
    try two.set("model", to: Array("other\0".utf8), ofNodeAt: "/")
    #expect(one.bytes == two.bytes)
    try two.set("model", to: Array("other\0".utf8), ofNodeAt: "/")
    #expect(one.bytes == two.bytes)
  }

  /// Room behind the tree is not kept, and does not get into it.
  @Test func aChangeOfAPaddedTree() throws {
    var padded = try DeviceTree(board.dtb() + [UInt8](repeating: 0xa5, count: 4096))
    var plain = try tree(board)
    try padded.set("x", to: [1], ofNodeAt: "/soc")
    try plain.set("x", to: [1], ofNodeAt: "/soc")
    #expect(padded.bytes == plain.bytes)
  }

  @Test func noSuchNode() throws {
    var tree = try tree(board)
    let before = tree.bytes
    #expect(throws: DeviceTreeError.self) { try tree.set("x", to: [1], ofNodeAt: "/none/none") }
    #expect(tree.bytes == before)
  }
}
