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

  private var ranges: [Reading: RangeSet<Int>] = [:]

  mutating func insert(_ table: RelocationTable, as reading: Reading) {
    ranges[reading, default: RangeSet()].insert(contentsOf: table.ownBytes)
  }

  subscript(reading: Reading) -> RangeSet<Int> { ranges[reading] ?? RangeSet() }

  /// The bytes that were read otherwise. Not those of streams: their bytes need not be relocations.
  func others(than reading: Reading) -> RangeSet<Int> {
    ranges.filter { $0.key != reading && $0.key.format.hasFixedSize }
      .reduce(into: RangeSet()) { $0.formUnion($1.value) }
  }
}
