// ReadBytes.swift — what keeps a relocation that two tables have from counting twice
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Which bytes of the file have been read as relocations.
struct ReadBytes {
  /// Two tables that share bytes and agree in these share entries.
  struct Reading: Hashable {
    let format: RelocationTable.Format
    /// Where entries start, modulo their size. A stream is only the same from the same start.
    let phase: Int
  }

  /// In the order in which they were read: a set of very many is made once, when it is asked for.
  private var ranges: [Reading: [Range<Int>]] = [:]

  mutating func insert(_ table: RelocationTable, as reading: Reading) {
    ranges[reading, default: []].append(table.ownBytes)
  }

  subscript(reading: Reading) -> RangeSet<Int> { Self.set(ranges[reading] ?? []) }

  /// From the first on: a set grows at its end in no time.
  private static func set(_ ranges: [Range<Int>]) -> RangeSet<Int> {
    RangeSet(ranges.sorted { $0.lowerBound < $1.lowerBound })
  }

  /// The bytes that were read otherwise. Not those of streams: their bytes need not be relocations.
  func others(than reading: Reading) -> RangeSet<Int> {
    ranges.filter { $0.key != reading && $0.key.format.hasFixedSize }
      .reduce(into: RangeSet()) { $0.formUnion(Self.set($1.value)) }
  }
}
