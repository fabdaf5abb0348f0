// RelocationEntries.swift — the entries of one relocation table, whatever its format
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A relocation as a table has it, its symbol still a number.
struct RelocationEntry {
  /// Where in the file its encoding is; the table's first byte for a stream.
  var position: Int
  var offset: UInt64
  /// nil where the format has no types.
  var type: UInt32?
  /// 0 for none.
  var symbol: UInt32
  /// nil where the format has no addends.
  var addend: Int64?
}

/// How many relocations may yet be read from a file.
///
/// A packed one takes less room than what it is unpacked to, so a small file could fill the memory. But each
/// changes a place of its own, which is most often a word of the file.
struct RelocationBudget {
  private var count: Int

  init(fileSize: Int) { count = fileSize / 4 }

  mutating func take(_ place: @autoclosure () -> String) throws(ELFError) {
    count -= 1
    try check(
      count >= 0, place(), found: "more relocations than the file has words",
      expected: "no more than one for each")
  }
}

extension ELFFile {
  /// Calls `body` with each entry of `table`, in order.
  func forEachEntry(
    of table: RelocationTable, budget: inout RelocationBudget,
    _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    func entry(_ entry: RelocationEntry) throws(ELFError) {
      try budget.take(table.place)
      try body(entry)
    }
    switch table.format {
    case .rel: try forEachRel(table, entry)
    case .rela: try forEachRela(table, entry)
    case .relr: try forEachRelr(table, entry)
    case .androidRel, .androidRela: try forEachAndroid(table, entry)
    case .crel: try forEachCrel(table, entry)
    }
  }

  private func forEachRel(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    let entries = try libelf.entries(
      ELF_T_REL, in: table.range, place: table.place, widen: GElf_Rel.init)
    let size = libelf.entrySize(ELF_T_REL)
    for (index, entry) in entries.enumerated() {
      let (symbol, type) = symbolAndType(entry.r_info)
      try body(
        RelocationEntry(
          position: table.range.lowerBound + index * size, offset: entry.r_offset, type: type, symbol: symbol)
      )
    }
  }

  private func forEachRela(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    let entries = try libelf.entries(
      ELF_T_RELA, in: table.range, place: table.place, widen: GElf_Rela.init)
    let size = libelf.entrySize(ELF_T_RELA)
    for (index, entry) in entries.enumerated() {
      let (symbol, type) = symbolAndType(entry.r_info)
      try body(
        RelocationEntry(
          position: table.range.lowerBound + index * size, offset: entry.r_offset, type: type, symbol: symbol,
          addend: entry.r_addend))
    }
  }

  /// Unpacks a table of addresses (even) and of bitmaps (odd) of the words that follow.
  private func forEachRelr(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    let size = libelf.entrySize(ELF_T_ADDR)
    let words = try libelf.nativeWords(in: table.range, place: table.place)
    let bitmapCount = size * 8 - 1
    try check(
      (words.first ?? 0) & 1 == 0, table.place, found: "a bitmap first", expected: "an address before it")
    var next: UInt64 = 0
    for (index, word) in words.enumerated() {
      var entry = RelocationEntry(
        position: table.range.lowerBound + index * size, offset: word, type: table.relativeType, symbol: 0)
      guard word & 1 == 1 else {
        try body(entry)
        next = word &+ UInt64(size)
        continue
      }
      for bit in 0..<bitmapCount where (word >> (bit + 1)) & 1 == 1 {
        entry.offset = next &+ UInt64(bit * size)
        try body(entry)
      }
      next &+= UInt64(bitmapCount * size)
    }
  }

  /// The parts of `r_info` as libelf hands it over, in the 64-bit class's layout.
  private func symbolAndType(_ info: UInt64) -> (symbol: UInt32, type: UInt32) {
    guard header.machine == .mips, header.elfClass == .elf64, header.byteOrder == .littleEndian else {
      return (clibelf_r_sym(info), clibelf_r_type(info))
    }
    // There r_info is not one number but fields: a word, then four bytes (MIPS ABI).
    return (UInt32(truncatingIfNeeded: info), UInt32(truncatingIfNeeded: info >> 32).byteSwapped)
  }
}
