// Reading.swift — what a board's device tree says, read independently: the expectations of the table-driven test
// SPDX-License-Identifier: MIT

import TestSupport

/// How a byte gets out of a board's UART, as Linux's driver for it does that.
enum ExpectedConsole: Equatable {
  struct Registers: Equatable {
    var access: UInt32
    var data: UInt32
    var status: UInt32
    var mask: UInt32
    var ready: UInt32
  }
  case uart(base: UInt64, Registers)
  /// Its driver does more than a store for a byte.
  case commands(base: UInt64?, String)
  /// No row of the table here: the refusal has to name it.
  case unknown(base: UInt64, [String])
  case disabled(base: UInt64)
  case unreachable([String])
  case noPath
}

/// A tree, in the terms of the tool.
struct Reading {
  let tree: FlatTree

  init(_ bytes: [UInt8]) throws { tree = try FlatTree(bytes) }

  /// In one order, those that meet as one.
  private static func union(_ ranges: [(base: UInt64, size: UInt64)]) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for range in ranges.filter({ $0.size > 0 }).sorted(by: { $0.base < $1.base }) {
      let end = range.base + range.size
      if let last = result.last, last.upperBound >= range.base {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, end)
      } else {
        result.append(range.base..<end)
      }
    }
    return result
  }

  var memory: [Range<UInt64>] {
    let cells = tree.root.cells
    let nodes = tree.root.children.filter { $0.strings("device_type") == ["memory"] && $0.isOn }
    return Self.union(nodes.flatMap { $0.ranges("reg", cells.address, cells.size) })
  }

  private var keeps: [FlatNode] { (tree.node("/reserved-memory")?.children ?? []).filter(\.isOn) }

  var reserved: [Range<UInt64>] { Self.union(tree.reservations + keeps.flatMap(\.registers)) }

  var unmapped: [Range<UInt64>] {
    Self.union(keeps.filter { $0.properties["no-map"] != nil }.flatMap(\.registers))
  }

  /// The conduit of a PSCI that can reset; nil: there is none.
  var psci: String? {
    let nodes = tree.root.all.filter { $0.strings("compatible").contains { $0.hasPrefix("arm,psci") } }
    guard let node = nodes.first, node.isOn, node.strings("compatible") != ["arm,psci"] else { return nil }
    return node.strings("method").first
  }

  var stdout: String? { tree.node("/chosen")?.strings("stdout-path").first }

  var console: ExpectedConsole {
    guard let stdout, let node = tree.node(String(stdout.prefix { $0 != ":" })) else { return .noPath }
    return console(of: node)
  }

  func console(of node: FlatNode) -> ExpectedConsole {
    let names = node.strings("compatible")
    let address = node.registers.first?.base
    func has(_ parts: String...) -> Bool { names.contains { name in parts.contains { name.contains($0) } } }
    if has("geni-", "msm-uartdm", "-tcu", "-utc", "arm,dcc") { return .commands(base: address, names[0]) }
    guard let base = address else { return .unreachable(names) }
    guard let registers = Self.registers(node, has) else { return .unknown(base: base, names) }
    return node.isReachable ? .uart(base: base, registers) : .disabled(base: base)
  }

  /// By families of names, where the tool has a row for each name.
  private static func registers(
    _ node: FlatNode, _ has: (String...) -> Bool
  ) -> ExpectedConsole.Registers? {
    func word(_ data: UInt32, _ status: UInt32, _ mask: UInt32, _ ready: UInt32) -> ExpectedConsole.Registers
    {
      .init(access: 4, data: data, status: status, mask: mask, ready: ready)
    }
    let temt: UInt32 = 0x40
    if has("pl011", "sbsa-uart") { return word(0, 0x18, 8, 0) }
    if has("meson") { return word(0, 0xc, 0x240_0000, 0x40_0000) }
    if has("fsl,imx") && has("lpuart") { return word(0x1c, 0x14, 0x40_0000, 0x40_0000) }
    if has("ls1028a-lpuart") { return word(0xc, 4, 0x40_0000, 0x40_0000) }
    if has("fsl,imx") { return word(0x40, 0x98, 8, 8) }
    if has("cdns,uart") { return word(0x30, 0x2c, 0x808, 8) }
    if has("samsung,exynos", "gs101") { return word(0x20, 0x10, 4, 4) }
    if has("armada-3700-uart-ext") { return word(0x1c, 0xc, 0x40, 0x40) }
    if has("armada-3700") { return word(4, 0xc, 0x40, 0x40) }
    if has("stm32") { return word(0x28, 0x1c, 0x40, 0x40) }
    if has("scif-r9a07g", "scif-r9a08g", "scif-r9a09g") {
      return .init(access: 1, data: 6, status: 0xf, mask: 0xff, ready: 0)
    }
    if has("renesas,scif", "renesas,hscif") {
      return .init(access: 1, data: 0xc, status: 0x1d, mask: 0xff, ready: 0)
    }
    if has("em-uart") { return .init(access: 1, data: 0, status: 0x18, mask: 0x40, ready: 0x40) }
    // 8250s: those with a driver of their own are of 32-bit registers, the others as they say.
    if has("ti,am654", "mediatek,mt6577", "tegra20-uart", "hsuart", "bcm2835-aux", "bcm7271") {
      return word(0, 0x14, temt, temt)
    }
    if has("ns16550", "dw-apb-uart", "ns8250", "ns16450", "npcm750-uart") {
      let (shift, width) = (
        UInt32(clamping: node.word("reg-shift") ?? 0), UInt32(clamping: node.word("reg-io-width") ?? 1)
      )
      return .init(access: width, data: 0, status: 5 << shift, mask: temt, ready: temt)
    }
    return nil
  }
}
