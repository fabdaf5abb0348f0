// CompactRelocations.swift — LLVM's compact relocations, CREL
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension ELFFile {
  /// Unpacks a stream of LEB128 numbers, each relocation the difference to the one before. (Source: the proposal
  /// to the gABI, and LLVM's "Extensions", "CREL".)
  ///
  /// First: how many relocations, times 8; plus 4 if they have addends; plus by how many bits offsets are shifted.
  /// Then for each: flags of what differs, in the low 2 bits or with addends 3, with the offset's difference above
  /// them; and what differs of symbol, type and addend.
  func forEachCrel(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    guard !table.range.isEmpty else { return }
    var stream = ByteReader(bytes[table.range], place: table.place)
    let head = try stream.unsigned()
    let hasAddends = head & 4 != 0
    let flagBits: UInt64 = hasAddends ? 3 : 2
    var offset: UInt64 = 0
    var symbol: UInt32 = 0
    var type: UInt32 = 0
    var addend: Int64 = 0
    for _ in 0..<Int(clamping: head >> 3) {
      // Flags and offset together may have more than 64 bits: the first byte is read by itself.
      let first = UInt64(try stream.byte())
      offset &+= (first & 0x7f) >> flagBits
      if first & 0x80 != 0 { offset &+= try stream.unsigned() << (7 &- flagBits) }
      if first & 1 != 0 { symbol &+= UInt32(truncatingIfNeeded: try stream.signed()) }
      if first & 2 != 0 { type &+= UInt32(truncatingIfNeeded: try stream.signed()) }
      if hasAddends, first & 4 != 0 { addend &+= try stream.signed() }
      try body(
        RelocationEntry(
          position: table.range.lowerBound, offset: address(offset << (head & 3)), type: type, symbol: symbol,
          addend: hasAddends ? addend : nil))
    }
  }

  /// `sum` within the file's class.
  func address(_ sum: UInt64) -> UInt64 {
    header.elfClass == .elf64 ? sum : sum & 0xffff_ffff
  }
}
