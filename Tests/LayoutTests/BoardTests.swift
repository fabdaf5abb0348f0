// BoardTests.swift — what a device tree says of its machine: console, PSCI, memory, initrd, command line
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

@Suite struct ConsoleTests {
  /// A board whose console is at 0x9000000.
  private func root(
    _ uart: TreeNode.Value, stdout: TreeNode.Value? = "/uart@9000000", others: [(String, TreeNode.Value)] = []
  ) -> TreeNode {
    var node = TreeNode("uart@9000000", ["reg": .wide(0x900_0000, 0x1000), "compatible": uart])
    for (name, value) in others { node.properties.append((name, value.bytes)) }
    let chosen = stdout.map { TreeNode("chosen", ["stdout-path": $0]) } ?? TreeNode("chosen")
    return .root(TreeNode("aliases", ["serial0": "/uart@9000000"]), chosen, node)
  }

  private let help = "\nhelp: name the UART with --console TYPE@ADDR, or do without it with --console none"

  private func refusal(_ root: TreeNode) throws -> [String] {
    try problems { _ = try root.board().console() }
  }

  @Test(
    arguments: [
      "/uart@9000000", "/uart@9000000:115200n8", "/uart@9000000:", "serial0", "serial0:115200n8",
      "serial0:115200:more", "/uart",
    ])
  func path(_ path: String) throws {
    let board = try root("arm,pl011", stdout: .init(stringLiteral: path)).board()
    #expect(try board.console() == .init(.pl011, base: 0x900_0000))
  }

  @Test func noPath() throws {
    let none = "board.dtb: /chosen/stdout-path: none, expected the console's node" + help
    #expect(try refusal(root("arm,pl011", stdout: nil)) == [none])
    #expect(try refusal(.root()) == [none])
    #expect(try refusal(root("arm,pl011", stdout: .empty)) == [none])
    for path in ["/uart@9000001", "serial1:115200n8", ":115200n8", "uart@9000000"] {
      #expect(
        try refusal(root("arm,pl011", stdout: .init(stringLiteral: path)))
          == ["board.dtb: /chosen/stdout-path: \"\(path)\", expected the path of a node, or an alias" + help])
    }
  }

  @Test(
    arguments: [
      (["arm,pl011", "arm,primecell"], .pl011), (["arm,sbsa-uart"], .pl011),
      (["vendor,uart", "arm,pl011"], .pl011),
      (["brcm,bcm2835-aux-uart"], .uart8250MMIO32), (["ns8250"], .uart8250), (["ns16450"], .uart8250),
      (["ns16550"], .uart8250), (["vendor,uart", "ns16550a"], .uart8250), (["snps,dw-apb-uart"], .uart8250),
      (["ti,am654-uart"], .uart8250), (["nvidia,tegra20-uart"], .uart8250),
    ] as [([String], UART)])
  func compatible(_ names: [String], _ uart: UART) throws {
    let value = TreeNode.Value(bytes: names.flatMap { Array($0.utf8) + [0] })
    #expect(try root(value).board().console() == .init(uart, base: 0x900_0000))
  }

  @Test func registers() throws {
    func console(_ others: (String, TreeNode.Value)...) throws -> PurgatoryInfo.Console {
      try root("ns16550a", others: others).board().console()
    }
    #expect(try console(("reg-shift", [0])).uart == .uart8250)
    #expect(try console(("reg-shift", [0]), ("reg-io-width", [1])).uart == .uart8250)
    #expect(try console(("reg-shift", [2]), ("reg-io-width", [4])).uart == .uart8250MMIO32)
    for (shift, width) in [(2, 1), (2, 2), (0, 4), (1, 2), (3, 4), (0xffff_ffff, 0xffff_ffff)]
      as [(UInt32, UInt32)]
    {
      #expect(
        try refusal(root("ns16550a", others: [("reg-shift", [shift]), ("reg-io-width", [width])]))
          == [
            "board.dtb: /uart@9000000: an 8250 with reg-shift \(shift) and reg-io-width \(width), "
              + "expected 0 and 1, or 2 and 4" + help
          ])
    }
    // A PL011 has one layout, whatever it says.
    #expect(try root("arm,pl011", others: [("reg-shift", [2])]).board().console().uart == .pl011)
  }

  @Test func another() throws {
    #expect(
      try refusal(root(.strings("vendor,uart", "vendor,uart-v1")))
        == ["board.dtb: /uart@9000000: vendor,uart, vendor,uart-v1, expected a PL011 or an 8250" + help])
    let chosen = TreeNode("chosen", ["stdout-path": "/uart"])
    #expect(
      try refusal(.root(chosen, TreeNode("uart", ["reg": .wide(1, 1)])))
        == ["board.dtb: /uart: no compatible, expected a PL011 or an 8250" + help])
    #expect(
      try refusal(.root(chosen, TreeNode("uart", ["compatible": "arm,pl011"])))
        == ["board.dtb: /uart: no reg that the CPU can reach, expected the UART's registers" + help])
  }

  /// The Raspberry Pi 4's mini-UART: an alias, a path through a bus, VideoCore addresses.
  @Test func behindABus() throws {
    let uart = TreeNode(
      "serial@7e215040", ["compatible": "brcm,bcm2835-aux-uart", "reg": [0x7e21_5040, 0x40]])
    let soc = TreeNode(
      "soc",
      ["#address-cells": [1], "#size-cells": [1], "ranges": [0x7e00_0000, 0, 0xfe00_0000, 0x180_0000]], [uart]
    )
    let root = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [1]],
      [
        TreeNode("aliases", ["serial1": "/soc/serial@7e215040"]),
        TreeNode("chosen", ["stdout-path": "serial1:115200n8"]), soc,
      ])
    #expect(try root.board().console() == .init(.uart8250MMIO32, base: 0xfe21_5040))
  }
}

@Suite struct BoardTests {
  @Test func psci() throws {
    func conduit(_ properties: KeyValuePairs<String, TreeNode.Value>) throws -> PurgatoryInfo.PSCIConduit? {
      try TreeNode.root(TreeNode("psci", properties)).board().psciConduit
    }
    #expect(try conduit(["method": "smc"]) == .smc)
    #expect(try conduit(["method": "hvc"]) == .hvc)
    #expect(try conduit(["method": "svc"]) == nil)
    #expect(try conduit(["method": .empty]) == nil)
    #expect(try conduit([:]) == nil)
    #expect(try TreeNode.root().board().psciConduit == nil)
  }

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
        root.board().bytes(initrd: range, commandLine: "quiet a=\"b c\""), file: "told.dtb")
      #expect(told.initrd == range)
      let chosen = try #require(told.tree.node(at: "/chosen"))
      #expect(told.tree.strings("bootargs", of: chosen) == ["quiet a=\"b c\""])
      #expect(told.tree.number("other", of: chosen) == (root.children.isEmpty ? nil : 7))
    }
  }

  /// Nothing to say, or nothing that it does not say already: not a byte changes, padding and all.
  @Test func nothingToTell() throws {
    let chosen = TreeNode(
      "chosen", ["bootargs": "quiet", "linux,initrd-start": [0x5000_0000], "linux,initrd-end": [0x5100_0000]])
    let bytes = TreeNode.root(chosen).dtb() + [UInt8](repeating: 0, count: 100)
    let board = try Board(bytes, file: "board.dtb")
    #expect(try board.bytes(initrd: nil, commandLine: nil) == bytes)
    #expect(try board.bytes(initrd: 0x5000_0000..<0x5100_0000, commandLine: "quiet") == bytes)
    #expect(try board.bytes(initrd: 0x5000_0000..<0x5100_0001, commandLine: nil) != bytes)
    #expect(try board.bytes(initrd: nil, commandLine: "") != bytes)
  }

  @Test func noDeviceTree() throws {
    #expect(
      try problems { _ = try Board([1, 2, 3], file: "x") } == ["x: header: 3 bytes, expected at least 40"])
    #expect(
      try problems { _ = try Board([UInt8](repeating: 0, count: 40), file: "x") }
        == ["x: header: magic 0x0, expected 0xd00dfeed of a flattened device tree"])
    #expect(
      try problems { _ = try Board(TreeNode.root().dtb().dropLast(), file: "x") }
        == ["x: contents: FDT_ERR_TRUNCATED, expected a whole, well-formed device tree"])
  }
}
