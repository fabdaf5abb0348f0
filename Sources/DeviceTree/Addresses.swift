// Addresses.swift — cells, `reg` and `ranges`: where devices and memory are for the CPU
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension DeviceTree {
  /// The ranges that `reg` names, as the CPU addresses them: translated through the `ranges` of every bus above.
  ///
  /// Empty where there is no `reg`, and where a bus does not map it.
  public func registers(of node: Node) -> [Range<UInt64>] {
    guard let parent = parent(of: node) else { return [] }
    return entries("reg", of: node, cells: [addressCells(of: parent), sizeCells(of: parent)]).compactMap {
      entry in
      translate(entry[0], from: parent).flatMap { Range(base: $0, size: entry[1]) }
    }
  }

  /// A 32-bit number.
  public func number(_ name: String, of node: Node) -> UInt32? {
    guard let value = property(name, of: node), value.count == 4 else { return nil }
    return UInt32(truncatingIfNeeded: Self.bigEndian(value[...]))
  }

  /// A property of addresses and sizes, such as `linux,initrd-start`: one or two cells.
  public func address(_ name: String, of node: Node) -> UInt64? {
    guard let value = property(name, of: node), value.count == 4 || value.count == 8 else { return nil }
    return Self.bigEndian(value[...])
  }

  private func addressCells(of node: Node) -> Int { Int(number("#address-cells", of: node) ?? 2) }
  private func sizeCells(of node: Node) -> Int { Int(number("#size-cells", of: node) ?? 1) }

  /// A property as rows of numbers, each of so many cells; empty if it does not consist of whole rows.
  private func entries(_ name: String, of node: Node, cells: [Int]) -> [[UInt64]] {
    // Three cells are a PCI address: the lower two count. More than that is nothing that this reads.
    guard let value = property(name, of: node), cells.allSatisfy({ (0...3).contains($0) }) else { return [] }
    let size = cells.reduce(0, +) * 4
    guard size > 0, value.count.isMultiple(of: size) else { return [] }
    return stride(from: 0, to: value.count, by: size).map { start in
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
