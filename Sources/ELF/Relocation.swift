// Relocation.swift — the relocations of a file, whatever leads to them
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A relocation (gABI, "Relocation").
package struct Relocation: Equatable, Sendable {
  /// The name of the section whose table holds it; `DT_RELA` and the like when no section does.
  package let table: String
  /// Whether it is for whoever loads the program to apply: its table is loaded with the program, or the dynamic
  /// table names it. Otherwise the linker applies it (relocatable files) or has applied it (`--emit-relocs`).
  package let isDynamic: Bool
  /// The place it changes: an offset in the target section in a relocatable file, else a virtual address.
  package let offset: UInt64
  /// An `R_<machine>_*` value; nil for RELR entries, which are all of the machine's relative type.
  package let type: UInt32?
  /// The symbol's name, for an unnamed section symbol the section's; nil when it refers to no symbol. Nil too
  /// when only the dynamic table leads to the relocation, but not to the symbol's name.
  package let symbol: String?
  /// nil when the addend stands at the place itself.
  package let addend: Int64?
  /// `sh_info` of the table, the section it applies to: a valid index of ``ELFFile/sections``. nil when 0.
  package let targetSection: Int?
}

extension ELFFile {
  /// All relocations, each once: those in relocation sections, in file order, then those that only the dynamic
  /// table leads to, because section headers are stripped or say something else. Each one that a packed entry
  /// stands for counts.
  ///
  /// Throws an ``ELFError`` as ``forEachRelocation(_:)`` does.
  package func relocations() throws(ELFError) -> [Relocation] {
    var relocations: [Relocation] = []
    var names = RelocationSymbols()
    try forEachRelocation { entry, table, isDynamic throws(ELFError) in
      relocations.append(
        Relocation(
          table: table.name, isDynamic: isDynamic, offset: entry.offset, type: entry.type,
          symbol: try names.name(of: entry, in: table, self), addend: entry.addend,
          targetSection: table.targetSection))
    }
    return relocations
  }

  /// Calls `body` with each relocation, in the order of ``relocations()``, its table, and whether it is for whoever
  /// loads the program (``Relocation/isDynamic``). Nothing is kept: a file may have millions.
  ///
  /// What the dynamic table says about bytes is what a loader makes of them. A section that has them as relocations
  /// of another kind does not count.
  ///
  /// Throws an ``ELFError`` for a table with a wrong entry size, link or target, for one that the dynamic table
  /// names outside the loaded bytes of the file, for a symbol of a section's table that does not exist, and for
  /// packed entries that are malformed or stand for more words than the file has.
  package func forEachRelocation(
    _ body: (RelocationEntry, RelocationTable, _ isDynamic: Bool) throws(ELFError) -> Void
  ) throws(ELFError) {
    let dynamicTables = try dynamicRelocationTables()
    var read = ReadBytes()
    var budget = RelocationBudget(fileSize: bytes.count)
    try forEachListed(dynamicTables, &read, &budget, body)
    try forEachHidden(dynamicTables, &read, &budget, body)
  }

  /// Those that section headers lead to.
  private func forEachListed(
    _ dynamicTables: [RelocationTable], _ read: inout ReadBytes, _ budget: inout RelocationBudget,
    _ body: (RelocationEntry, RelocationTable, Bool) throws(ELFError) -> Void
  ) throws(ELFError) {
    var dynamic = ReadBytes()
    for table in dynamicTables { dynamic.insert(table, as: reading(table)) }
    for section in sections {
      guard let table = try relocationTable(section) else { continue }
      let reading = reading(table)
      let (loaded, loadedOtherwise) = (dynamic[reading], dynamic.others(than: reading))
      let isLoaded = section.flags.contains(.allocate)
      var index = 0
      var symbolCount: Int?
      try forEachEntry(of: table, budget: &budget) { entry throws(ELFError) in
        defer { index += 1 }
        if !loadedOtherwise.isEmpty, loadedOtherwise.contains(entry.position) { return }
        if entry.symbol != 0 {
          if symbolCount == nil { symbolCount = try countOfSymbols(linkedFrom: section) }
          let count = symbolCount ?? 0
          try check(
            entry.symbol < count, "relocation \(index) of \(section.place)",
            found: "symbol \(entry.symbol)", expected: "a symbol below \(count)")
        }
        try body(
          entry, table, isLoaded || (!loaded.isEmpty && loaded.contains(entry.position)))
      }
      read.insert(table, as: reading)
    }
  }

  /// How many there are.
  private func countOfSymbols(linkedFrom section: Section) throws(ELFError) -> Int {
    try linked(from: section, types: [.symbolTable, .dynamicSymbols]).fileRange.count
      / libelf.entrySize(ELF_T_SYM)
  }

  /// Those that only the dynamic table leads to.
  private func forEachHidden(
    _ dynamicTables: [RelocationTable], _ read: inout ReadBytes, _ budget: inout RelocationBudget,
    _ body: (RelocationEntry, RelocationTable, Bool) throws(ELFError) -> Void
  ) throws(ELFError) {
    for table in dynamicTables {
      let reading = reading(table)
      let known = read[reading]
      if RangeSet(table.ownBytes).isSubset(of: known) { continue }
      try forEachEntry(of: table, budget: &budget) { entry throws(ELFError) in
        guard !known.contains(entry.position) else { return }
        try body(entry, table, true)
      }
      read.insert(table, as: reading)
    }
  }

  /// The highest number of a symbol that a relocation of the dynamic table refers to, 0 for none.
  func lastDynamicSymbol() throws(ELFError) -> UInt32 {
    var budget = RelocationBudget(fileSize: bytes.count)
    var last: UInt32 = 0
    for table in try dynamicRelocationTables() where table.format != .relr {
      try forEachEntry(of: table, budget: &budget) { entry in last = max(last, entry.symbol) }
    }
    return last
  }

  private func reading(_ table: RelocationTable) -> ReadBytes.Reading {
    ReadBytes.Reading(
      format: table.format, phase: table.range.lowerBound % (entrySize(table.format) ?? bytes.count))
  }
}

/// What relocations of a file refer to: each symbol table is read once, and only when one is asked for.
package struct RelocationSymbols {
  private var listed: [Int: SymbolTable] = [:]
  private var hidden: DynamicSymbolNames?

  package init() {}

  /// The symbol of `entry`; nil: it refers to none, or only the dynamic table leads to the relocation.
  ///
  /// Throws an ``ELFError`` for a malformed symbol table.
  package mutating func symbol(
    of entry: RelocationEntry, in table: RelocationTable, _ file: borrowing ELFFile
  ) throws(ELFError) -> SymbolTable.Entry? {
    guard entry.symbol != 0 else { return nil }
    guard let section = table.section else {
      if hidden == nil { hidden = DynamicSymbolNames(file, count: Int(try file.lastDynamicSymbol()) + 1) }
      return nil
    }
    if let known = listed[section.link] { return known[Int(entry.symbol)] }
    let symbols = try file.symbolTable(
      try file.linked(from: section, types: [.symbolTable, .dynamicSymbols]))
    listed[section.link] = symbols
    return symbols[Int(entry.symbol)]
  }

  /// Its name, for an unnamed section symbol the section's.
  package mutating func name(
    of entry: RelocationEntry, in table: RelocationTable, _ file: borrowing ELFFile
  ) throws(ELFError) -> String? {
    guard entry.symbol != 0 else { return nil }
    if let symbol = try symbol(of: entry, in: table, file) {
      if symbol.type == .section, case .section(let index) = symbol.definition {
        return file.sections[index].name
      }
      return try table.section.map { section throws(ELFError) in
        try listed[section.link]?.name(Int(entry.symbol)) ?? ""
      }
    }
    return hidden?[entry.symbol]
  }
}
