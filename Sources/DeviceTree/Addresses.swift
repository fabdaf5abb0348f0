// Addresses.swift — cells, `reg` and `ranges`: where devices and memory are for the CPU
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension DeviceTree {
  /// The ranges that `reg` names, as the CPU addresses them: translated through the `ranges` of every bus above.
  ///
  /// Empty where there is no `reg`, and where a bus does not map it.
  package func registers(of node: Node) -> [Range<UInt64>] {
    guard let parent = parent(of: node) else { return [] }
    return entries("reg", of: node, cells: [addressCells(of: parent), sizeCells(of: parent)]).compactMap {
      entry in
      translate(entry[0], from: parent).flatMap { Range(clampingBase: $0, size: entry[1]) }
    }
  }

  /// The ranges that a property names in the root's cells, wherever it is: `linux,usable-memory-range`, for one.
  package func ranges(_ name: String, of node: Node) -> [Range<UInt64>] {
    guard let root = self.node(at: "/") else { return [] }
    return entries(name, of: node, cells: [addressCells(of: root), sizeCells(of: root)])
      .compactMap { Range(clampingBase: $0[0], size: $0[1]) }
  }

  /// The root's children that are memory and available, as Linux finds them.
  var memoryNodes: [Node] {
    guard let root = node(at: "/") else { return [] }
    return children(of: root).filter { strings("device_type", of: $0).first == "memory" && isAvailable($0) }
  }

  /// RAM, in the tree's order: what a node's `linux,usable-memory` says comes before its `reg` (Linux drivers/of/fdt.c).
  package var memory: [Range<UInt64>] {
    memoryNodes.flatMap { node in
      ranges(property("linux,usable-memory", of: node) == nil ? "reg" : "linux,usable-memory", of: node)
    }
  }

  /// `ranges` as `reg` has them below `node`; nil where its cells have no room for one, or a tree for all of them.
  func cells(of ranges: [Range<UInt64>], at node: Node) -> [UInt8]? {
    let (address, size) = (addressCells(of: node), sizeCells(of: node))
    guard (1...3).contains(address), (1...3).contains(size) else { return nil }
    var bytes: [UInt8] = []
    for range in ranges {
      var base = range.lowerBound
      while base < range.upperBound {
        // What one cell has no room for is said in parts.
        let part = size == 1 ? min(range.upperBound &- base, 2 << 30) : range.upperBound &- base
        if address == 1, base >> 32 != 0 { return nil }
        if bytes.count > Self.maximumSize { return nil }
        bytes += Self.bigEndian(base, cells: address) + Self.bigEndian(part, cells: size)
        base &+= part
      }
    }
    return bytes
  }

  private static func bigEndian(_ value: UInt64, cells: Int) -> [UInt8] {
    (0..<cells * 4).reversed().map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }

  /// A 32-bit number.
  package func number(_ name: String, of node: Node) -> UInt32? {
    guard let value = property(name, of: node), value.count == 4 else { return nil }
    return UInt32(truncatingIfNeeded: Self.bigEndian(value[...]))
  }

  /// A property of addresses and sizes, such as `linux,initrd-start`: one or two cells.
  package func address(_ name: String, of node: Node) -> UInt64? {
    guard let value = property(name, of: node), value.count == 4 || value.count == 8 else { return nil }
    return Self.bigEndian(value[...])
  }

  func addressCells(of node: Node) -> Int { cells("#address-cells", of: node) }
  func sizeCells(of node: Node) -> Int { cells("#size-cells", of: node) }

  /// As Linux has it: where a node does not say, what is above it does, and in the end it is 1 (drivers/of/base.c); the
  /// specification's default is another, for which Linux would read other numbers.
  private func cells(_ name: String, of node: Node) -> Int {
    let path = [node] + node.ancestors.reversed().map { Node(offset: $0, ancestors: []) }
    return path.lazy.compactMap { self.number(name, of: $0) }.first.map { Int($0) } ?? 1
  }

  /// A property as rows of numbers, each of so many cells; what is left behind the last whole row is none.
  private func entries(_ name: String, of node: Node, cells: [Int]) -> [[UInt64]] {
    // Three cells are a PCI address: the lower two count. More than that is nothing that this reads.
    guard let value = property(name, of: node), cells.allSatisfy({ (0...3).contains($0) }) else { return [] }
    let size = cells.reduce(0, +) * 4
    guard size > 0 else { return [] }
    return stride(from: 0, through: value.count - size, by: size).map { start in
      var offset = start
      return cells.map { count in
        defer { offset += count * 4 }
        return Self.bigEndian(value[offset..<offset + count * 4].suffix(8))
      }
    }
  }

  /// Buses below each other; a real tree has a handful, and a hostile one must not cost time.
  private static let maximumDepth = 32

  /// An address on `bus` as the CPU has it; nil: a bus on the way does not map it.
  private func translate(_ address: UInt64, from bus: Node) -> UInt64? {
    var address = address
    var bus = bus
    for _ in 0..<Self.maximumDepth {
      guard let parent = parent(of: bus) else { return address }
      guard let ranges = property("ranges", of: bus) else { return nil }
      if !ranges.isEmpty {
        let cells = [addressCells(of: bus), addressCells(of: parent), sizeCells(of: bus)]
        let range = entries("ranges", of: bus, cells: cells)
          .first { address >= $0[0] && address &- $0[0] < $0[2] }
        guard let range else { return nil }
        address = range[1] &+ (address &- range[0])
      }
      bus = parent
    }
    return nil
  }

  private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Range<UInt64> {
  /// What would go on behind the last address ends there; nil where it is empty.
  fileprivate init?(clampingBase base: UInt64, size: UInt64) {
    guard let range = Range(base: base, size: size) ?? Range(from: base, to: size == 0 ? base : .max) else {
      return nil
    }
    self = range
  }
}
