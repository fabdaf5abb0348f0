// HostileTreeTests.swift — device trees that were changed at random, or on purpose: refused or read, never a crash
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct HostileTreeTests {
  /// Everything that is read of a device tree.
  private let board = TreeNode.root(
    TreeNode("aliases", ["serial0": "/soc/uart@9000000"]),
    TreeNode(
      "chosen",
      [
        "stdout-path": "serial0:115200n8", "linux,initrd-start": [0x5000_0000],
        "linux,initrd-end": [0x5000_1388],
      ]),
    TreeNode("psci", ["method": "hvc", "compatible": "arm,psci-1.0"]),
    .memory(0x4000_0000, 0x1000_0000), .memory(0x1_0000_0000, 0x1000_0000),
    .reserved(TreeNode("secure@42000000", ["reg": .wide(0x4200_0000, 0x10_0000)])),
    TreeNode(
      "soc", ["#address-cells": [1], "#size-cells": [1], "ranges": [0, 0, 0, 0x1000_0000]],
      [TreeNode("uart@9000000", ["compatible": "ns16550a", "reg": [0x900_0000, 0x1000], "reg-shift": [0]])])
  ).dtb(reserving: [0x4800_0000..<0x4800_1000])

  /// Reads everything, and lays out everything; whether that was possible.
  private func use(_ bytes: [UInt8]) -> Bool {
    if let board = try? Board(bytes, file: "hostile.dtb") {
      _ = board.reserved
      _ = board.psci
      _ = try? board.console()
    }
    let dtb = File(role: .dtb, name: "hostile.dtb", bytes: bytes, address: nil)
    var plan = Plan(files: [.kernel(), .initrd(5000), dtb], commandLine: "quiet")
    let isPlaced = (try? plan.layout()) != nil
    plan.updatesDeviceTree = false
    _ = try? plan.layout()
    plan.updatesDeviceTree = true
    plan.memory = [0x4000_0000..<0x8000_0000]
    _ = try? plan.layout()
    return isPlaced
  }

  /// As many ports as a tree has room for: a few are looked at.
  @Test func aliases() throws {
    var aliases = TreeNode("aliases")
    aliases.properties = (0..<60_000).map { ("serial\($0 % 1000)", Array("/u\0".utf8)) }
    let uart = TreeNode("u", ["compatible": "arm,pl011", "reg": .wide(0x1000, 0x1000)])
    let refusal = try problems { _ = try TreeNode.root(aliases, uart).board().console() }
    #expect(
      refusal == [
        "board.dtb: /chosen/stdout-path: none, expected the console's node\n"
          + "help: one of --console pl011@0x1000 (/aliases/serial0), or --console none"
      ])
  }

  @Test func unchanged() throws {
    #expect(use(board))
    #expect(try Board(board, file: "").console() == .init(.uart8250, base: 0x900_0000))
  }

  @Test func everyTruncation() {
    for count in board.indices { #expect(!use(Array(board[..<count])), "\(count) bytes") }
  }

  @Test func everyWordWithEveryExtreme() {
    var placed = 0
    var runs = 0
    for offset in stride(from: 0, to: board.count - 4, by: 4) {
      for value: UInt32 in [0, 1, 2, 3, 4, 9, 0x2f00_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        var bytes = board
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
        runs += 1
        if use(bytes) { placed += 1 }
      }
    }
    #expect((100..<runs - 100).contains(placed))
  }

  @Test func randomChanges() {
    var random = SplitMix64(seed: 7)
    var placed = 0
    for _ in 0..<4000 {
      var bytes = board
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      if use(bytes) { placed += 1 }
    }
    #expect((100..<3900).contains(placed))
  }

  @Test func reservationsWithoutAnEnd() {
    let many = (0..<100_000 as Range<UInt64>).map { $0 * 0x4000..<$0 * 0x4000 + 0x3001 }
    let tree = TreeNode.root(.memory(0, 1 << 32))
    let dtb = File.dtb(tree, reserving: many)
    #expect(throws: Rejection.self) {
      try Plan(files: [.initrd(0x2000), dtb], memory: [0..<100_000 * 0x4000]).layout()
    }
  }

  @Test func anAliasOfItself() throws {
    for (first, second) in [("a", "a"), ("b", "a")] {
      let root = TreeNode.root(
        TreeNode("aliases", ["a": .init(stringLiteral: first), "b": .init(stringLiteral: second)]),
        TreeNode("chosen", ["stdout-path": "a"]))
      #expect(throws: Rejection.self) { try root.board().console() }
    }
  }

  /// As deep as 2 MiB allow.
  @Test func nodesInNodes() throws {
    let depth = 40_000
    var structure: [UInt8] = []
    func words(_ values: UInt32...) {
      for value in values { structure += TreeNode.Value(arrayLiteral: value).bytes }
    }
    words(1, 0)
    words(3, 4, 0, 1)  // #address-cells = 1
    for _ in 0..<depth { words(1, 0x6200_0000, 3, 0, 15) }  // node "b", ranges;
    for _ in 0...depth { words(2) }
    words(9)
    let strings = Array("#address-cells\0ranges\0".utf8)
    let header: [UInt32] = [
      0xd00d_feed, UInt32(clamping: 56 + structure.count + strings.count), 56,
      UInt32(clamping: 56 + structure.count), 40, 17, 16,
      0,
      UInt32(clamping: strings.count), UInt32(clamping: structure.count),
    ]
    let bytes =
      header.flatMap { TreeNode.Value(arrayLiteral: $0).bytes } + [UInt8](repeating: 0, count: 16) + structure
      + strings
    #expect(bytes.count < 2 << 20)
    #expect(!use(bytes))
  }
}
