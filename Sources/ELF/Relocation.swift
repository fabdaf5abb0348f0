// Relocation.swift — the relocations that section headers lead to
// SPDX-License-Identifier: MIT

internal import CLibELF

/// A relocation (gABI, "Relocation").
public struct Relocation: Equatable, Sendable {
  /// The name of the section whose table holds it.
  public let table: String
  /// Whether the table is loaded with the program, for whoever loads it to apply. Otherwise the linker applies
  /// it (relocatable files) or has applied it (`--emit-relocs`).
  public let isDynamic: Bool
  /// The place it changes: an offset in the target section in a relocatable file, else a virtual address.
  public let offset: UInt64
  /// An `R_<machine>_*` value; nil for `SHT_RELR`, whose entries are all of the machine's relative type.
  public let type: UInt32?
  /// The symbol's name, for an unnamed section symbol the section's; nil when it refers to no symbol.
  public let symbol: String?
  /// nil when the addend stands at the place itself (`SHT_REL`, `SHT_RELR`).
  public let addend: Int64?
  /// `sh_info` of the table, the section it applies to: a valid index of ``ELFFile/sections``. nil when 0.
  public let targetSection: Int?
}

extension ELFFile {
  /// All relocations in `SHT_REL`, `SHT_RELA` and `SHT_RELR` sections, in file order. Each one that a packed
  /// `SHT_RELR` entry stands for counts.
  ///
  /// Throws an ``ELFError`` for a table with a wrong entry size, link or target, for a symbol that does not
  /// exist, and for packed entries that have no base or stand for more words than the file has.
  public func relocations() throws(ELFError) -> [Relocation] {
    var symbolTables: [Int: [Symbol]] = [:]
    var relocations: [Relocation] = []
    for section in sections {
      let entries: [GElf_Rela]
      switch section.type {
      case .rel: entries = try relEntries(section)
      case .rela: entries = try relaEntries(section)
      case .relr: entries = try relrEntries(section)
      default: continue
      }
      try check(
        section.info < sections.count, section.place, found: "target section \(section.info)",
        expected: "a section below \(sections.count)")
      if symbolTables[section.link] == nil, entries.contains(where: { clibelf_r_sym($0.r_info) != 0 }) {
        let table = try linked(from: section, types: [.symbolTable, .dynamicSymbols])
        symbolTables[table.index] = try symbols(of: table)
      }
      let symbols = symbolTables[section.link] ?? []
      for (index, entry) in entries.enumerated() {
        let symbol = clibelf_r_sym(entry.r_info)
        try check(
          symbol == 0 || symbol < symbols.count, "relocation \(index) of \(section.place)",
          found: "symbol \(symbol)", expected: "a symbol below \(symbols.count)")
        relocations.append(
          Relocation(
            table: section.name,
            isDynamic: section.flags.contains(.allocate),
            offset: entry.r_offset,
            type: section.type == .relr ? nil : clibelf_r_type(entry.r_info),
            symbol: symbol == 0 ? nil : name(of: symbols[Int(symbol)]),
            addend: section.type == .rela ? entry.r_addend : nil,
            targetSection: section.info == 0 ? nil : section.info))
      }
    }
    return relocations
  }

  private func relaEntries(_ section: Section) throws(ELFError) -> [GElf_Rela] {
    try checkEntrySize(section, libelf.entrySize(ELF_T_RELA))
    return try libelf.entries(
      ELF_T_RELA, in: section.fileRange, place: section.place, blank: GElf_Rela(), read: gelf_getrela)
  }

  private func relEntries(_ section: Section) throws(ELFError) -> [GElf_Rela] {
    try checkEntrySize(section, libelf.entrySize(ELF_T_REL))
    return try libelf.entries(
      ELF_T_REL, in: section.fileRange, place: section.place, blank: GElf_Rel(), read: gelf_getrel
    ).map { GElf_Rela(r_offset: $0.r_offset, r_info: $0.r_info, r_addend: 0) }
  }

  /// Unpacks a table of addresses (even) and of bitmaps (odd) of the words that follow.
  private func relrEntries(_ section: Section) throws(ELFError) -> [GElf_Rela] {
    let wordSize = UInt64(libelf.entrySize(ELF_T_ADDR))
    try checkEntrySize(section, Int(wordSize))
    let words = try libelf.nativeWords(in: section.fileRange, place: section.place)
    let bitmapCount = wordSize * 8 - 1
    try check(
      (words.first ?? 0) & 1 == 0, section.place, found: "a bitmap first", expected: "an address before it")
    var offsets: [UInt64] = []
    var next: UInt64 = 0
    for word in words {
      if word & 1 == 0 {
        offsets.append(word)
        next = word &+ wordSize
      } else {
        for bit in 0..<bitmapCount where (word >> (bit + 1)) & 1 == 1 {
          offsets.append(next &+ bit * wordSize)
        }
        next &+= bitmapCount * wordSize
      }
      // Each changes a word of its own, whose addend is in the file.
      try check(
        offsets.count <= bytes.count / Int(wordSize), section.place,
        found: "more relocations than the file has words", expected: "no more than one for each")
    }
    return offsets.map { GElf_Rela(r_offset: $0, r_info: 0, r_addend: 0) }
  }

  /// A section symbol has no name of its own.
  private func name(of symbol: Symbol) -> String {
    guard symbol.type == .section, case .section(let index) = symbol.definition else { return symbol.name }
    return sections[index].name
  }
}
