// TreeNode.swift — device trees, written as they read in a .dts
// SPDX-License-Identifier: MIT

/// A node of a device tree: `TreeNode("memory@0", ["device_type": "memory", "reg": [0, 0x4000_0000]])`.
public struct TreeNode: Sendable {
  public var name: String
  public var properties: [(name: String, value: [UInt8])]
  public var children: [TreeNode]

  /// - Parameter name: the root's is empty.
  public init(_ name: String, _ properties: KeyValuePairs<String, Value> = [:], _ children: [TreeNode] = []) {
    self.name = name
    self.properties = properties.map { ($0.key, $0.value.bytes) }
    self.children = children
  }

  /// Cells, a string, or any bytes.
  public struct Value: ExpressibleByArrayLiteral, ExpressibleByStringLiteral, Sendable {
    public let bytes: [UInt8]
    public init(bytes: [UInt8]) { self.bytes = bytes }
    public init(arrayLiteral cells: UInt32...) { bytes = cells.flatMap(bigEndian) }
    public init(stringLiteral text: String) { bytes = Array(text.utf8) + [0] }

    public static func strings(_ texts: String...) -> Value {
      Value(bytes: texts.flatMap { Array($0.utf8) + [0] })
    }
    /// Two cells for each number.
    public static func wide(_ numbers: UInt64...) -> Value {
      Value(
        bytes: numbers.flatMap {
          bigEndian(UInt32(clamping: $0 >> 32)) + bigEndian(UInt32(truncatingIfNeeded: $0))
        })
    }
    /// A property that is there, and says no more.
    public static let empty = Value(bytes: [])
  }

  /// The tree whose root this is, flattened (Devicetree Specification, chapter 5).
  public func dtb(reserving reservations: [Range<UInt64>] = []) -> [UInt8] {
    let reserved =
      reservations.flatMap { Value.wide($0.lowerBound, $0.upperBound - $0.lowerBound).bytes }
      + [UInt8](repeating: 0, count: 16)
    var strings: [UInt8] = []
    var structure: [UInt8] = []
    append(to: &structure, &strings)
    structure += bigEndian(9)
    let headerSize = 40
    let structureOffset = headerSize + reserved.count
    let stringsOffset = structureOffset + structure.count
    let header = [
      0xd00d_feed, stringsOffset + strings.count, structureOffset, stringsOffset, headerSize, 17, 16, 0,
      strings.count, structure.count,
    ].flatMap { bigEndian(UInt32(clamping: $0)) }
    return header + reserved + structure + strings
  }

  private func append(to structure: inout [UInt8], _ strings: inout [UInt8]) {
    func pad() { structure += [UInt8](repeating: 0, count: -structure.count & 3) }
    structure += bigEndian(1) + Array(name.utf8) + [0]
    pad()
    for property in properties {
      structure +=
        [3, property.value.count, strings.count].flatMap { bigEndian(UInt32(clamping: $0)) } + property.value
      strings += Array(property.name.utf8) + [0]
      pad()
    }
    for child in children { child.append(to: &structure, &strings) }
    structure += bigEndian(2)
  }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}
