// Board.swift — what a device tree says of the machine: memory, console, the way to PSCI
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// The machine that a device tree describes.
public struct Board: Sendable {
  /// The DTB's file, for errors.
  public let file: String
  public let tree: DeviceTree

  public init(_ bytes: [UInt8], file: String) throws(Rejection) {
    self.file = file
    do {
      tree = try DeviceTree(bytes)
    } catch {
      throw Rejection(Problem(file, error.place, found: error.found, expected: error.expected))
    }
  }

  /// RAM, by address. What is disabled is not the kernel's: QEMU's secure RAM, say.
  public var memory: [Range<UInt64>] {
    guard let root = tree.node(at: "/") else { return [] }
    return tree.children(of: root)
      .filter { tree.strings("device_type", of: $0) == ["memory"] && isAvailable($0) }
      .flatMap { tree.registers(of: $0) }.merged
  }

  private func isAvailable(_ node: DeviceTree.Node) -> Bool {
    let status = tree.strings("status", of: node)
    return status.isEmpty || status == ["okay"] || status == ["ok"]
  }

  /// Memory that nothing may be placed in, by address: /memreserve/ and the children of /reserved-memory that have a place.
  public var reserved: [Range<UInt64>] {
    let nodes = tree.node(at: "/reserved-memory").map { tree.children(of: $0) } ?? []
    return (tree.memoryReservations + nodes.flatMap { tree.registers(of: $0) }).merged
  }

  /// The instruction that reaches PSCI; nil: the tree has no PSCI.
  public var psciConduit: PurgatoryInfo.PSCIConduit? {
    guard let node = tree.node(at: "/psci"), let method = tree.strings("method", of: node).first else {
      return nil
    }
    return PurgatoryInfo.PSCIConduit.allCases.first { $0.name == method }
  }

  /// The initrd that /chosen names.
  public var initrd: Range<UInt64>? {
    guard let chosen = tree.node(at: "/chosen"), let start = tree.address("linux,initrd-start", of: chosen),
      let end = tree.address("linux,initrd-end", of: chosen)
    else { return nil }
    return Range(from: start, to: end)
  }

  /// The UART that /chosen/stdout-path names.
  public func console() throws(Rejection) -> PurgatoryInfo.Console {
    let place = "/chosen/stdout-path"
    let help = "name the UART with --console TYPE@ADDR, or do without it with --console none"
    guard let chosen = tree.node(at: "/chosen"), let value = tree.strings("stdout-path", of: chosen).first
    else {
      throw Rejection(Problem(file, place, found: "none", expected: "the console's node", help: help))
    }
    let path = String(value.prefix { $0 != ":" })  // options such as :115200n8 follow
    guard let node = tree.node(at: path) else {
      throw Rejection(
        Problem(file, place, found: "\"\(value)\"", expected: "the path of a node, or an alias", help: help))
    }
    guard let base = tree.registers(of: node).first?.lowerBound else {
      throw Rejection(
        Problem(
          file, path, found: "no reg that the CPU can reach", expected: "the UART's registers", help: help))
    }
    let compatible = tree.strings("compatible", of: node)
    let shift = tree.number("reg-shift", of: node) ?? 0
    let width = tree.number("reg-io-width", of: node) ?? 1
    if compatible.contains(where: Self.pl011.contains) { return .init(.pl011, base: base) }
    if compatible.contains(where: Self.auxiliaryUART.contains) {
      return .init(.uart8250MMIO32, base: base)
    }
    if compatible.contains(where: Self.uart8250.contains) {
      switch (shift, width) {
      case (0, 1): return .init(.uart8250, base: base)
      case (2, 4): return .init(.uart8250MMIO32, base: base)
      default:
        throw Rejection(
          Problem(
            file, path, found: "an 8250 with reg-shift \(shift) and reg-io-width \(width)",
            expected: "0 and 1, or 2 and 4", help: help))
      }
    }
    throw Rejection(
      Problem(
        file, path, found: compatible.isEmpty ? "no compatible" : compatible.joined(separator: ", "),
        expected: "a PL011 or an 8250", help: help))
  }

  private static let pl011: Set = ["arm,pl011", "arm,sbsa-uart"]
  private static let auxiliaryUART: Set = ["brcm,bcm2835-aux-uart"]
  private static let uart8250: Set = [
    "ns8250", "ns16450", "ns16550", "ns16550a", "snps,dw-apb-uart", "ti,am654-uart", "nvidia,tegra20-uart",
  ]

  /// The property of /chosen with room for what the purgatory tells the next system (docs/abi.md, `result_addr`).
  static let resultProperty = "purgatory,result"

  /// Where that room is in the DTB, in bytes; nil: there is none, or it is not aligned.
  var resultOffset: UInt64? {
    guard let chosen = tree.node(at: "/chosen"),
      tree.property(Self.resultProperty, of: chosen)?.count == PurgatoryInfo.resultSize,
      let offset = tree.offset(of: Self.resultProperty, of: chosen).map(UInt64.init(clamping:)),
      offset.isMultiple(of: PurgatoryInfo.resultAlignment)
    else { return nil }
    return offset
  }

  /// The DTB with what /chosen has to say of `initrd` and `commandLine`, and room for the purgatory's result; unchanged where
  /// it says so already.
  public func bytes(initrd: Range<UInt64>? = nil, commandLine: String? = nil, reservesResult: Bool = false)
    throws(Rejection) -> [UInt8]
  {
    var tree = tree
    func set(_ name: String, _ value: [UInt8]) throws(DeviceTreeError) {
      if let chosen = tree.node(at: "/chosen"), tree.property(name, of: chosen) == value { return }
      try tree.set(name, to: value, ofNodeAt: "/chosen")
    }
    do {
      if let initrd, initrd != self.initrd {
        try set("linux,initrd-start", initrd.lowerBound.bigEndianBytes)
        try set("linux,initrd-end", initrd.upperBound.bigEndianBytes)
      }
      if let commandLine { try set("bootargs", Array(commandLine.utf8) + [0]) }
      // Last: what follows would move it.
      if reservesResult {
        try tree.reserve(Self.resultProperty, PurgatoryInfo.resultSize, ofNodeAt: "/chosen")
      }
    } catch {
      throw Rejection(Problem(file, error.place, found: error.found, expected: error.expected))
    }
    return tree.bytes
  }
}

extension UInt64 {
  fileprivate var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) } }
}
