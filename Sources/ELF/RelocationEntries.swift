// RelocationEntries.swift — the entries of one relocation table, whatever its format
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A relocation as its table has it, its symbol still a number.
package struct RelocationEntry: Sendable {
  /// Where in the file its encoding is; the table's first byte for a stream.
  var position: Int
  /// The place it changes: an offset in the target section in a relocatable file, else a virtual address.
  package internal(set) var offset: UInt64
  /// An `R_<machine>_*` value; nil where the format has no types: it is the machine's relative type.
  package internal(set) var type: UInt32?
  /// Its number in the table's ``RelocationTable/symbols``; 0 for none.
  package internal(set) var symbol: UInt32
  /// nil when the addend stands at the place itself.
  package internal(set) var addend: Int64?
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
    try forEach(ELF_T_REL, of: table, widen: GElf_Rel.init) { entry, position throws(ELFError) in
      let (symbol, type) = symbolAndType(entry.r_info)
      try body(RelocationEntry(position: position, offset: entry.r_offset, type: type, symbol: symbol))
    }
  }

  private func forEachRela(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    try forEach(ELF_T_RELA, of: table, widen: GElf_Rela.init) { entry, position throws(ELFError) in
      let (symbol, type) = symbolAndType(entry.r_info)
      try body(
        RelocationEntry(
          position: position, offset: entry.r_offset, type: type, symbol: symbol, addend: entry.r_addend))
    }
  }

  /// Reads so many entries of fixed size at a time: a table may be larger than all that is made of it.
  private static var chunk: Int { 4096 }

  private func forEach<Wide, Narrow>(
    _ type: Elf_Type, of table: RelocationTable, widen: (Narrow) -> Wide,
    _ body: (Wide, Int) throws(ELFError) -> Void
  ) throws(ELFError) {
    let size = libelf.entrySize(type)
    try libelf.checkSize(table.range, of: type, place: table.place)
    for start in stride(from: table.range.lowerBound, to: table.range.upperBound, by: size * Self.chunk) {
      let range = start..<min(start + size * Self.chunk, table.range.upperBound)
      for (index, entry) in try libelf.entries(type, in: range, place: table.place, widen: widen).enumerated()
      {
        try body(entry, start + index * size)
      }
    }
  }

  /// Unpacks a table of addresses (even) and of bitmaps (odd) of the words that follow.
  private func forEachRelr(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    let size = libelf.entrySize(ELF_T_ADDR)
    let bitmapCount = size * 8 - 1
    var next: UInt64?
    try forEach(ELF_T_ADDR, of: table, widen: UInt64.init(narrow:)) { word, position throws(ELFError) in
      var entry = RelocationEntry(position: position, offset: word, type: table.relativeType, symbol: 0)
      guard word & 1 == 1 else {
        try body(entry)
        next = word &+ UInt64(size)
        return
      }
      guard let first = next else {
        throw ELFError(place: table.place, found: "a bitmap first", expected: "an address before it")
      }
      for bit in 0..<bitmapCount where (word >> (bit + 1)) & 1 == 1 {
        entry.offset = address(first &+ UInt64(bit * size))
        try body(entry)
      }
      next = first &+ UInt64(bitmapCount * size)
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
