// AndroidRelocations.swift — Android's packed relocations
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// The flags of a group of relocations (source: bionic's linker, linker_reloc_iterators.h).
private struct GroupFlags: OptionSet {
  let rawValue: Int64

  static let commonInfo = Self(rawValue: 1)
  static let commonOffsetDelta = Self(rawValue: 2)
  static let commonAddend = Self(rawValue: 4)
  static let hasAddend = Self(rawValue: 8)
}

extension ELFFile {
  /// Unpacks a stream: `APS2`, then signed LEB128 numbers. First how many relocations and the first offset, then
  /// groups: a size, flags, what its relocations have in common, and for each of them what they have not.
  func forEachAndroid(
    _ table: RelocationTable, _ body: (RelocationEntry) throws(ELFError) -> Void
  ) throws(ELFError) {
    guard !table.range.isEmpty else { return }
    var stream = ByteReader(bytes[table.range], place: table.place)
    try check(
      bytes[table.range].starts(with: Array("APS2".utf8)), table.place, found: "no APS2 magic",
      expected: "Android's packed relocations")
    for _ in 0..<4 { _ = try stream.byte() }

    var remaining = try stream.signed()
    var offset = UInt64(bitPattern: try stream.signed())
    var addend: Int64 = 0
    try check(remaining >= 0, table.place, found: "\(remaining) relocations", expected: "none or more")
    while remaining > 0 {
      let size = try stream.signed()
      try check(
        size >= 0 && size <= remaining, table.place, found: "a group of \(size) relocations",
        expected: "no more than the \(remaining) that remain")
      remaining &-= size
      let flags = GroupFlags(rawValue: try stream.signed())
      let offsetDelta = flags.contains(.commonOffsetDelta) ? try stream.signed() : 0
      var info = flags.contains(.commonInfo) ? try stream.signed() : 0
      if !flags.contains(.hasAddend) {
        addend = 0
      } else if flags.contains(.commonAddend) {
        addend &+= try stream.signed()
      }
      for _ in 0..<Int(clamping: size) {
        offset &+= UInt64(bitPattern: flags.contains(.commonOffsetDelta) ? offsetDelta : try stream.signed())
        if !flags.contains(.commonInfo) { info = try stream.signed() }
        if flags.isSuperset(of: .hasAddend), !flags.contains(.commonAddend) { addend &+= try stream.signed() }
        let (symbol, type) = symbolAndType(packed: UInt64(bitPattern: info))
        try body(
          RelocationEntry(
            position: table.range.lowerBound, offset: address(offset), type: type, symbol: symbol,
            addend: table.format == .androidRela ? addend : nil))
      }
    }
  }

  /// The parts of `r_info` in the layout of the file's class.
  private func symbolAndType(packed info: UInt64) -> (symbol: UInt32, type: UInt32) {
    let info = header.elfClass == .elf64 ? info : clibelf_r_info(UInt32(truncatingIfNeeded: info))
    return (clibelf_r_sym(info), clibelf_r_type(info))
  }
}
