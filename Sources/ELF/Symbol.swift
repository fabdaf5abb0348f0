// Symbol.swift — the symbol tables
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// An entry of a symbol table (gABI, "Symbol Table").
package struct Symbol: Equatable, Sendable {
  /// An `STT_*` value.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let none = Self(rawValue: UInt8(STT_NOTYPE))
    package static let object = Self(rawValue: UInt8(STT_OBJECT))
    package static let function = Self(rawValue: UInt8(STT_FUNC))
    package static let section = Self(rawValue: UInt8(STT_SECTION))
    package static let file = Self(rawValue: UInt8(STT_FILE))
  }

  /// An `STB_*` value.
  package struct Binding: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let local = Self(rawValue: UInt8(STB_LOCAL))
    package static let global = Self(rawValue: UInt8(STB_GLOBAL))
    package static let weak = Self(rawValue: UInt8(STB_WEAK))
  }

  /// What the symbol's value relates to.
  package enum Definition: Equatable, Sendable {
    /// Defined in another file (`SHN_UNDEF`).
    case undefined
    /// Not an address: relocation leaves it as it is (`SHN_ABS`).
    case absolute
    /// To be allocated by the linker (`SHN_COMMON`).
    case common
    /// Defined in this section: a valid index of ``ELFFile/sections``.
    case section(Int)
    /// Defined in a section that has no header: they are stripped.
    case unlistedSection(Int)
    /// Another reserved index, of the processor or the system.
    case reserved(UInt16)
  }

  package let name: String
  /// An offset in the section in a relocatable file, else a virtual address; an alignment when `common`.
  package let value: UInt64
  /// In bytes, 0 for none or unknown.
  package let size: UInt64
  package let type: Kind
  package let binding: Binding
  package let definition: Definition
}

extension Symbol {
  init(_ raw: GElf_Sym, name: String, definition: Definition) {
    self.name = name
    value = raw.st_value
    size = raw.st_size
    type = Kind(rawValue: clibelf_st_type(raw.st_info))
    binding = Binding(rawValue: clibelf_st_bind(raw.st_info))
    self.definition = definition
  }
}

extension Symbol.Definition {
  /// What `index` means in a file with `sectionCount` section headers; `extended` is the index that stands
  /// elsewhere when it is too large.
  init(_ index: UInt16, extended: UInt32? = nil, sectionCount: Int) {
    let section = Int32(index) == SHN_XINDEX ? Int(extended ?? .max) : Int(index)
    self =
      switch Int32(index) {
      case SHN_UNDEF: .undefined
      case SHN_ABS: .absolute
      case SHN_COMMON: .common
      case ..<SHN_LORESERVE, SHN_XINDEX:
        section < sectionCount ? .section(section) : .unlistedSection(section)
      default: .reserved(index)
      }
  }
}

extension ELFFile {
  /// The symbols of the file: of `SHT_SYMTAB`, of `SHT_DYNSYM` when there is none, without the reserved first
  /// entry; without section headers for either the ``dynamicSymbols()``. Empty without a symbol table.
  ///
  /// Throws an ``ELFError`` for a table with a wrong entry size or link, for a symbol whose name or section does
  /// not exist, and for all that ``dynamicSymbols()`` does.
  package func symbols() throws(ELFError) -> [Symbol] {
    guard var table = try symbolTable() else { return try dynamicSymbols() }
    var symbols: [Symbol] = []
    symbols.reserveCapacity(table.count)
    for index in table.indices.dropFirst() { symbols.append(try table.symbol(index)) }
    return symbols
  }
}
