// SymbolTable.swift — a symbol table, whose names are made only when they are asked for
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A symbol table (gABI, "Symbol Table"). A file may have a million symbols, of which a few are spoken of.
package struct SymbolTable {
  /// An entry without its name.
  package struct Entry: Sendable {
    fileprivate let nameOffset: UInt32
    /// As in ``Symbol/value``.
    package let value: UInt64
    /// In bytes, 0 for none or unknown.
    package let size: UInt64
    package let type: Symbol.Kind
    package let binding: Symbol.Binding
    package let definition: Symbol.Definition
    /// Whether it has a name, or would have one in a table that has them.
    package var isNamed: Bool { nameOffset != 0 }
  }

  private let raw: [GElf_Sym]
  /// Section indices that do not fit into a symbol.
  private let extended: [UInt32]
  private let sectionCount: Int
  private var names: StringTable?
  private let place: String

  /// All entries, the reserved first one too.
  package var indices: Range<Int> { raw.indices }
  package var count: Int { raw.count }

  package subscript(index: Int) -> Entry {
    let symbol = raw[index]
    return Entry(
      nameOffset: symbol.st_name, value: symbol.st_value, size: symbol.st_size,
      type: Symbol.Kind(rawValue: clibelf_st_type(symbol.st_info)),
      binding: Symbol.Binding(rawValue: clibelf_st_bind(symbol.st_info)),
      definition: Symbol.Definition(
        symbol.st_shndx, extended: index < extended.count ? extended[index] : nil, sectionCount: sectionCount)
    )
  }

  /// The name of entry `index`; bytes that are not UTF-8 become U+FFFD.
  ///
  /// Throws an ``ELFError`` for a table without strings, or with symbols that share too many of them.
  package mutating func name(_ index: Int) throws(ELFError) -> String {
    String(decoding: try nameBytes(index), as: UTF8.self)
  }

  /// The same as it is in the file: names that differ may look alike.
  package mutating func nameBytes(_ index: Int) throws(ELFError) -> ArraySlice<UInt8> {
    try names?.name(at: raw[index].st_name, place: "symbol \(index) of \(place)")
      ?? Array("symbol \(index)".utf8)[...]
  }

  mutating func symbol(_ index: Int) throws(ELFError) -> Symbol {
    Symbol(raw[index], name: try name(index), definition: self[index].definition)
  }
}

extension SymbolTable {
  /// The symbols of `section`.
  fileprivate init(_ section: Section, in file: borrowing ELFFile) throws(ELFError) {
    try file.checkEntrySize(section, file.libelf.entrySize(ELF_T_SYM))
    raw = try file.libelf.entries(
      ELF_T_SYM, in: section.fileRange, place: section.place, widen: GElf_Sym.init)
    names =
      section.isNameless
      ? nil : try StringTable(try file.linked(from: section, types: [.stringTable]), bytes: file.bytes)
    let extended = file.sections.first { $0.type == .symbolIndices && $0.link == section.index }
    self.extended =
      if let extended { try file.libelf.words(in: extended.fileRange, place: extended.place) } else { [] }
    sectionCount = file.sections.count
    place = section.place
    for index in indices {
      if case .unlistedSection(let section) = self[index].definition {
        throw ELFError(
          place: "symbol \(index) of \(place)", found: "section \(section)",
          expected: "a section below \(sectionCount)")
      }
      try names?.checkName(raw[index].st_name, place: "symbol \(index) of \(place)")
    }
  }

  /// Symbols that the dynamic table leads to.
  init(_ raw: [GElf_Sym], names: StringTable?, sectionCount: Int, place: String) throws(ELFError) {
    self.raw = raw
    self.names = names
    self.sectionCount = sectionCount
    self.place = place
    extended = []
    for index in indices.dropFirst() {
      try names?.checkName(raw[index].st_name, place: "symbol \(index) of \(place)")
    }
  }
}

extension Section {
  /// Whether it is a table of dynamic symbols whose names have been left out, as U-Boot's x86 build does.
  fileprivate var isNameless: Bool { type == .dynamicSymbols && link == 0 }
}

extension ELFFile {
  /// Whether it has a table of symbols without their names.
  package var hasNamelessSymbols: Bool { sections.contains { $0.isNameless } }

  /// The table of `SHT_SYMTAB`, of `SHT_DYNSYM` when there is none; nil without section headers for either.
  ///
  /// Throws an ``ELFError`` for a table with a wrong entry size or link, and for a symbol whose name or section does
  /// not exist.
  package func symbolTable() throws(ELFError) -> SymbolTable? {
    let section =
      sections.first { $0.type == .symbolTable } ?? sections.first { $0.type == .dynamicSymbols }
    guard let section else { return nil }
    return try symbolTable(section)
  }

  func symbolTable(_ section: Section) throws(ELFError) -> SymbolTable {
    try SymbolTable(section, in: self)
  }
}
