// Relocation.swift — the relocations of a file, whatever leads to them
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A relocation (gABI, "Relocation").
public struct Relocation: Equatable, Sendable {
  /// The name of the section whose table holds it; `DT_RELA` and the like when no section does.
  public let table: String
  /// Whether it is for whoever loads the program to apply: its table is loaded with the program, or the dynamic
  /// table names it. Otherwise the linker applies it (relocatable files) or has applied it (`--emit-relocs`).
  public let isDynamic: Bool
  /// The place it changes: an offset in the target section in a relocatable file, else a virtual address.
  public let offset: UInt64
  /// An `R_<machine>_*` value; nil for RELR entries, which are all of the machine's relative type.
  public let type: UInt32?
  /// The symbol's name, for an unnamed section symbol the section's; nil when it refers to no symbol. Nil too
  /// when only the dynamic table leads to the relocation, but not to the symbol's name.
  public let symbol: String?
  /// nil when the addend stands at the place itself.
  public let addend: Int64?
  /// `sh_info` of the table, the section it applies to: a valid index of ``ELFFile/sections``. nil when 0.
  public let targetSection: Int?
}

extension ELFFile {
  /// All relocations, each once: those in relocation sections, in file order, then those that only the dynamic
  /// table leads to, because section headers are stripped or say something else. Each one that a packed entry
  /// stands for counts.
  ///
  /// What the dynamic table says about bytes is what a loader makes of them. A section that has them as relocations
  /// of another kind does not count.
  ///
  /// Throws an ``ELFError`` for a table with a wrong entry size, link or target, for one that the dynamic table
  /// names outside the loaded bytes of the file, for a symbol of a section's table that does not exist, and for
  /// packed entries that are malformed or stand for more words than the file has.
  public func relocations() throws(ELFError) -> [Relocation] {
    let dynamicTables = try dynamicRelocationTables()
    var read = ReadBytes()
    var budget = RelocationBudget(fileSize: bytes.count)
    var relocations = try listedRelocations(dynamicTables, &read, &budget)
    relocations += try hiddenRelocations(dynamicTables, &read, &budget)
    return relocations
  }

  /// Those that section headers lead to.
  private func listedRelocations(
    _ dynamicTables: [RelocationTable], _ read: inout ReadBytes, _ budget: inout RelocationBudget
  ) throws(ELFError) -> [Relocation] {
    var dynamic = ReadBytes()
    for table in dynamicTables { dynamic.insert(table, as: reading(table)) }
    var relocations: [Relocation] = []
    var symbolTables: [Int: [Symbol]] = [:]
    for section in sections {
      guard let table = try relocationTable(section) else { continue }
      let reading = reading(table)
      let (loaded, loadedOtherwise) = (dynamic[reading], dynamic.others(than: reading))
      var index = 0
      try forEachEntry(of: table, budget: &budget) { entry throws(ELFError) in
        defer { index += 1 }
        guard !loadedOtherwise.contains(entry.position) else { return }
        var symbol: String?
        if entry.symbol != 0 {
          if symbolTables[section.link] == nil {
            let linked = try linked(from: section, types: [.symbolTable, .dynamicSymbols])
            symbolTables[section.link] = try symbols(of: linked)
          }
          let symbols = symbolTables[section.link] ?? []
          try check(
            entry.symbol < symbols.count, "relocation \(index) of \(section.place)",
            found: "symbol \(entry.symbol)", expected: "a symbol below \(symbols.count)")
          symbol = name(of: symbols[Int(entry.symbol)])
        }
        relocations.append(
          Relocation(
            entry, table: table,
            isDynamic: section.flags.contains(.allocate) || loaded.contains(entry.position), symbol: symbol))
      }
      read.insert(table, as: reading)
    }
    return relocations
  }

  /// Those that only the dynamic table leads to.
  private func hiddenRelocations(
    _ dynamicTables: [RelocationTable], _ read: inout ReadBytes, _ budget: inout RelocationBudget
  ) throws(ELFError) -> [Relocation] {
    var relocations: [Relocation] = []
    var names: DynamicSymbolNames?
    for table in dynamicTables {
      let reading = reading(table)
      let known = read[reading]
      if RangeSet(table.ownBytes).isSubset(of: known) { continue }
      try forEachEntry(of: table, budget: &budget) { entry throws(ELFError) in
        guard !known.contains(entry.position) else { return }
        if entry.symbol != 0, names == nil {
          names = DynamicSymbolNames(self, count: Int(try lastDynamicSymbol()) + 1)
        }
        relocations.append(
          Relocation(
            entry, table: table, isDynamic: true, symbol: entry.symbol == 0 ? nil : names?[entry.symbol]))
      }
      read.insert(table, as: reading)
    }
    return relocations
  }

  /// The highest number of a symbol that a relocation of the dynamic table refers to, 0 for none.
  func lastDynamicSymbol() throws(ELFError) -> UInt32 {
    var budget = RelocationBudget(fileSize: bytes.count)
    var last: UInt32 = 0
    for table in try dynamicRelocationTables() {
      try forEachEntry(of: table, budget: &budget) { entry in last = max(last, entry.symbol) }
    }
    return last
  }

  private func reading(_ table: RelocationTable) -> ReadBytes.Reading {
    ReadBytes.Reading(
      format: table.format, phase: table.range.lowerBound % (entrySize(table.format) ?? bytes.count))
  }

  /// A section symbol has no name of its own.
  private func name(of symbol: Symbol) -> String {
    guard symbol.type == .section, case .section(let index) = symbol.definition else { return symbol.name }
    return sections[index].name
  }
}

extension Relocation {
  fileprivate init(_ entry: RelocationEntry, table: RelocationTable, isDynamic: Bool, symbol: String?) {
    self.table = table.name
    self.isDynamic = isDynamic
    offset = entry.offset
    type = entry.type
    self.symbol = symbol
    addend = entry.addend
    targetSection = table.section.flatMap { $0.info == 0 ? nil : $0.info }
  }
}
