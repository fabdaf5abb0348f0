// PageTables.swift — the page tables that a purgatory built, walked as the core walks them
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// Four levels of tables for a 4 KiB granule (Arm ARM D8.2), as they are in memory.
struct PageTables {
  /// What a descriptor says of the memory that it maps: all its bits but the address and its type.
  struct Attributes: OptionSet, Hashable, CustomStringConvertible {
    let rawValue: UInt64
    static let valid = Attributes(rawValue: 1 << 0)
    static let ap1 = Attributes(rawValue: 1 << 6)
    static let readOnly = Attributes(rawValue: 1 << 7)
    static let innerShareable = Attributes(rawValue: 3 << 8)
    static let accessed = Attributes(rawValue: 1 << 10)
    static let pxn = Attributes(rawValue: 1 << 53)
    /// UXN at EL1, and at EL2 with E2H.
    static let xn = Attributes(rawValue: 1 << 54)
    var description: String { Message.hex(rawValue) }
  }

  /// A page or a block.
  struct Leaf: Equatable {
    var range: Range<UInt64>
    var attributes: Attributes
    var size: UInt64 { range.upperBound - range.lowerBound }
  }

  struct Malformed: Error {
    let description: String
  }

  /// The room for tables at the end of the blob's memory, the top table first.
  static let room: UInt64 = 0x2_0000

  let base: UInt64
  var words: [UInt64]

  init(of blob: PlacedBlob, in report: Report) throws {
    base = blob.end - Self.room
    words = try report.words(base)
  }

  /// What a report needs for that.
  static func window(of blob: PlacedBlob) -> Probe.Window {
    .init(address: blob.end - room, size: Int(clamping: room), .words)
  }

  /// The first entry that maps a page at `address`, or points to a table there.
  func index(mapping address: UInt64) -> Int? {
    words.firstIndex { $0 & 1 == 1 && $0 & Self.addressBits == address }
  }

  private static let addressBits: UInt64 = 0x0000_ffff_ffff_f000
  private static let levels: [UInt64] = [39, 30, 21, 12]

  /// All that is mapped, in order; an entry that is neither that nor zero is an error.
  func leaves() throws(Malformed) -> [Leaf] {
    var leaves: [Leaf] = []
    var tables: Set<UInt64> = []
    try walk(base, level: 0, at: 0, &leaves, &tables)
    return leaves
  }

  private func walk(
    _ table: UInt64, level: Int, at start: UInt64, _ leaves: inout [Leaf], _ tables: inout Set<UInt64>
  ) throws(Malformed) {
    let first = Int(truncatingIfNeeded: Int64(bitPattern: table &- base) / 8)
    guard first >= 0, first + 512 <= words.count, table % 0x1000 == 0, tables.insert(table).inserted else {
      throw Malformed(description: "a table at \(Message.hex(table))")
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
    Malformed(description: "entry \(Message.hex(word)) for \(Message.hex(address))")
  }
}

extension [PageTables.Leaf] {
  /// The same mapping, neighbours with the same attributes as one.
  var merged: [PageTables.Leaf] {
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
  static func wanted(_ blob: PlacedBlob, _ level: Level) -> [Leaf] {
    let every: Attributes = [.valid, .innerShareable, .accessed]
    let writable = every.union(level == .el2 ? .ap1 : .xn)
    let data = writable.union(level == .el2 ? .xn : .pxn)
    return [Leaf(range: pages(blob.base, blob.memorySize), attributes: writable)]
      + blob.info.usedRegions.map {
        Leaf(range: pages($0.region.base, $0.region.size), attributes: data.union(.readOnly))
      }
  }

  private static func pages(_ base: UInt64, _ size: UInt64) -> Range<UInt64> {
    base & ~0xfff..<(base + size + 0xfff) & ~0xfff
  }

  /// The mapping that `wanted` makes.
  static func mapping(_ wanted: [Leaf]) -> [Leaf] {
    let edges = Set(wanted.flatMap { [$0.range.lowerBound, $0.range.upperBound] }).sorted()
    return zip(edges, edges.dropFirst()).compactMap { lower, upper in
      wanted.first { $0.range.contains(lower) }
        .map { Leaf(range: lower..<upper, attributes: $0.attributes) }
    }.merged
  }

  /// The leaves in whose place one larger block could have been.
  static func splinters(_ leaves: [Leaf], _ wanted: [Leaf]) -> [Leaf] {
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
