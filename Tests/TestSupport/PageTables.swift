// PageTables.swift — the page tables that a purgatory built, walked as the core walks them
// SPDX-License-Identifier: MIT

/// Four levels of tables for a 4 KiB granule (Arm ARM D8.2), as they are in memory.
public struct PageTables: Sendable {
  /// What a descriptor says of the memory that it maps: all its bits but the address and its type.
  public struct Attributes: OptionSet, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let valid = Attributes(rawValue: 1 << 0)
    public static let ap1 = Attributes(rawValue: 1 << 6)
    public static let readOnly = Attributes(rawValue: 1 << 7)
    public static let innerShareable = Attributes(rawValue: 3 << 8)
    public static let accessed = Attributes(rawValue: 1 << 10)
    public static let pxn = Attributes(rawValue: 1 << 53)
    /// UXN at EL1, and at EL2 with E2H.
    public static let xn = Attributes(rawValue: 1 << 54)
    public var description: String { hex(rawValue) }
  }

  /// A page or a block.
  public struct Leaf: Equatable, Sendable {
    public var range: Range<UInt64>
    public var attributes: Attributes
    public init(range: Range<UInt64>, attributes: Attributes) {
      self.range = range
      self.attributes = attributes
    }
    public var size: UInt64 { range.upperBound - range.lowerBound }
  }

  public struct Malformed: Error, CustomStringConvertible {
    public let description: String
  }

  /// The room for tables at the end of the blob's memory, the top table first.
  public static let room: UInt64 = 0x2_0000

  let base: UInt64
  public var words: [UInt64]

  /// Tables from `base` on, as many words as there are.
  public init(at base: UInt64, _ words: [UInt64]) {
    self.base = base
    self.words = words
  }

  /// The first entry that maps a page at `address`, or points to a table there.
  public func index(mapping address: UInt64) -> Int? {
    words.firstIndex { $0 & 1 == 1 && $0 & Self.addressBits == address }
  }

  private static let addressBits: UInt64 = 0x0000_ffff_ffff_f000
  private static let levels: [UInt64] = [39, 30, 21, 12]

  /// All that is mapped, in order; an entry that is neither that nor zero is an error.
  public func leaves() throws(Malformed) -> [Leaf] { try contents().leaves }

  /// The same, and how many tables it takes.
  public func contents() throws(Malformed) -> (leaves: [Leaf], tables: Int) {
    var leaves: [Leaf] = []
    var tables: Set<UInt64> = []
    try walk(base, level: 0, at: 0, &leaves, &tables)
    return (leaves, tables.count)
  }

  private func walk(
    _ table: UInt64, level: Int, at start: UInt64, _ leaves: inout [Leaf], _ tables: inout Set<UInt64>
  ) throws(Malformed) {
    let first = Int(truncatingIfNeeded: Int64(bitPattern: table &- base) / 8)
    guard first >= 0, first + 512 <= words.count, table % 0x1000 == 0, tables.insert(table).inserted else {
      throw Malformed(description: "a table at \(hex(table))")
    }
    let span = UInt64(1) << Self.levels[level]
    for index in 0..<512 where words[first + index] != 0 {
      let word = words[first + index]
      let address = start + UInt64(index) * span
      let output = word & Self.addressBits
      let isLast = level == Self.levels.count - 1
      switch (word & 0b11, isLast) {
      case (0b11, false):
        guard word & ~Self.addressBits == 0b11 else { throw entry(word, address) }
        try walk(output, level: level + 1, at: address, &leaves, &tables)
      case (0b11, true), (0b01, false):
        guard output == address, level > 0 else { throw entry(word, address) }
        leaves.append(
          Leaf(range: address..<address + span, attributes: .init(rawValue: word & ~Self.addressBits & ~0b10))
        )
      default:
        throw entry(word, address)
      }
    }
  }

  private func entry(_ word: UInt64, _ address: UInt64) -> Malformed {
    Malformed(description: "entry \(hex(word)) for \(hex(address))")
  }
}

extension [PageTables.Leaf] {
  /// The same mapping, neighbours with the same attributes as one.
  public var merged: [PageTables.Leaf] {
    reduce(into: []) { result, leaf in
      if let last = result.last, last.range.upperBound == leaf.range.lowerBound,
        last.attributes == leaf.attributes
      {
        result[result.count - 1].range = last.range.lowerBound..<leaf.range.upperBound
      } else {
        result.append(leaf)
      }
    }
  }
}

// MARK: - What is to be mapped

extension PageTables {
  /// Memory of one kind in the pages that it touches; where two meet, the first counts.
  public static func wanted(
    blob: Range<UInt64>, regions: [(base: UInt64, size: UInt64)], isEL2WithoutE2H: Bool
  ) -> [Leaf] {
    let every: Attributes = [.valid, .innerShareable, .accessed]
    let writable = every.union(isEL2WithoutE2H ? .ap1 : .xn)
    let data = writable.union(isEL2WithoutE2H ? .xn : .pxn)
    return [Leaf(range: pages(blob.lowerBound, blob.upperBound - blob.lowerBound), attributes: writable)]
      + regions.map { Leaf(range: pages($0.base, $0.size), attributes: data.union(.readOnly)) }
  }

  private static func pages(_ base: UInt64, _ size: UInt64) -> Range<UInt64> {
    base & ~0xfff..<(base + size + 0xfff) & ~0xfff
  }

  /// The mapping that `wanted` makes.
  public static func mapping(_ wanted: [Leaf]) -> [Leaf] {
    let edges = Set(wanted.flatMap { [$0.range.lowerBound, $0.range.upperBound] }).sorted()
    return zip(edges, edges.dropFirst()).compactMap { lower, upper in
      wanted.first { $0.range.contains(lower) }
        .map { Leaf(range: lower..<upper, attributes: $0.attributes) }
    }.merged
  }

  /// The leaves in whose place one larger block could have been.
  public static func splinters(_ leaves: [Leaf], _ wanted: [Leaf]) -> [Leaf] {
    leaves.filter { leaf in
      guard leaf.size < 1 << 30 else { return false }
      let size = leaf.size << 9
      let lower = leaf.range.lowerBound & ~(size - 1)
      let block = lower..<lower + size
      let sharing = wanted.filter { $0.range.overlaps(block) }
      return sharing.count == 1 && sharing[0].range.lowerBound <= lower
        && sharing[0].range.upperBound >= block.upperBound
    }
  }
}

private func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
