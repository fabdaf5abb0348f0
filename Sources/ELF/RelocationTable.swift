// RelocationTable.swift — where a file's relocations are: by section headers and by the dynamic table
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A table of relocations in the file.
package struct RelocationTable: Sendable {
  /// How relocations are written down.
  enum Format: Sendable {
    /// Entries of the file's class, without and with addends (gABI, "Relocation").
    case rel, rela
    /// Addresses and bitmaps of words (gABI, "Relative Relocation Table").
    case relr
    /// Android's packed streams of either kind.
    case androidRel, androidRela
    /// LLVM's compact stream.
    case crel

    /// Whether all entries take as many bytes; otherwise the table is a stream.
    var hasFixedSize: Bool {
      switch self {
      case .rel, .rela, .relr: true
      case .androidRel, .androidRela, .crel: false
      }
    }
  }

  /// The section's name, or the `DT_*` name when no section holds it.
  package let name: String
  /// For errors.
  let place: String
  let format: Format
  /// Its bytes in ``ELFFile/bytes``, more of them when it tells its own size.
  let range: Range<Int>
  /// The section that it was found through; nil when it was found through the dynamic table.
  package let section: Section?
  /// The type of all entries where they do not have one; nil: the machine's relative type.
  var relativeType: UInt32?

  /// `sh_info`, the section it applies to: a valid index of ``ELFFile/sections``. nil when 0.
  package var targetSection: Int? { section.flatMap { $0.info == 0 ? nil : $0.info } }

  /// The bytes where entries start for certain: of a stream only the first.
  var ownBytes: Range<Int> { format.hasFixedSize ? range : range.prefix(1) }
}

extension ELFFile {
  /// The table in `section`, nil when it has none.
  func relocationTable(_ section: Section) throws(ELFError) -> RelocationTable? {
    let format: RelocationTable.Format
    var relativeType: UInt32?
    switch section.type {
    case .rel: format = .rel
    case .rela: format = .rela
    case .relr, .androidRelr: format = .relr
    case .androidRel: format = .androidRel
    case .androidRela: format = .androidRela
    case .crel: format = .crel
    case .authenticatedRelr where header.machine == .aarch64:
      format = .relr
      relativeType = RelocationTypes.authenticatedRelative
    default: return nil
    }
    if let entrySize = entrySize(format) { try checkEntrySize(section, entrySize) }
    try check(
      section.info < sections.count, section.place, found: "target section \(section.info)",
      expected: "a section below \(sections.count)")
    return RelocationTable(
      name: section.name, place: section.place, format: format, range: section.fileRange, section: section,
      relativeType: relativeType)
  }

  /// The size of an entry, nil for the formats without a fixed one.
  func entrySize(_ format: RelocationTable.Format) -> Int? {
    switch format {
    case .rel: libelf.entrySize(ELF_T_REL)
    case .rela: libelf.entrySize(ELF_T_RELA)
    case .relr: libelf.entrySize(ELF_T_ADDR)
    case .androidRel, .androidRela, .crel: nil
    }
  }

  /// The tables that the dynamic table leads to, of every kind that some dynamic loader applies.
  func dynamicRelocationTables() throws(ELFError) -> [RelocationTable] {
    let dynamic = DynamicTable(entries: try dynamicEntries())
    var all = DynamicRelocationTags.all
    if header.machine == .aarch64 { all.append(.authenticated) }
    if let kind = try dynamic[.pltRelocationsKind] {
      guard
        let format: RelocationTable.Format = [DT_RELA: .rela, DT_REL: .rel][Int32(truncatingIfNeeded: kind)]
      else {
        throw ELFError(
          place: DynamicTag.pltRelocationsKind.name, found: "\(kind)", expected: "7 (RELA) or 17 (REL)")
      }
      all.append(.plt(format))
    } else {
      let size = try dynamic[.pltRelocationsSize] ?? 0
      try check(
        size == 0, DynamicTag.pltRelocationsSize.name, found: "\(hex(size)) bytes", expected: "DT_PLTREL too")
    }
    var tables: [RelocationTable] = []
    for tags in all {
      if let table = try relocationTable(tags, in: dynamic) { tables.append(table) }
    }
    return tables
  }

  private func relocationTable(
    _ tags: DynamicRelocationTags, in dynamic: DynamicTable
  ) throws(ELFError) -> RelocationTable? {
    let range =
      if let size = tags.size {
        try range(of: tags.table, size: size, in: dynamic)
      } else {
        try rest(from: tags.table, in: dynamic)
      }
    guard let range else { return nil }
    if let expected = entrySize(tags.format), let tag = tags.entrySize, let found = try dynamic[tag] {
      try check(found == expected, tag.name, found: "entry size \(hex(found))", expected: hex(expected))
    }
    return RelocationTable(
      name: tags.table.name, place: tags.table.name, format: tags.format, range: range, section: nil,
      relativeType: tags.relativeType)
  }
}
