// Section.swift — the section header table
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A section: one section header (gABI, "Section Header").
package struct Section: Equatable, Sendable {
  /// `sh_type`, an `SHT_*` value.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let null = Self(rawValue: UInt32(SHT_NULL))
    package static let programBits = Self(rawValue: UInt32(SHT_PROGBITS))
    package static let symbolTable = Self(rawValue: UInt32(SHT_SYMTAB))
    package static let stringTable = Self(rawValue: UInt32(SHT_STRTAB))
    package static let rela = Self(rawValue: UInt32(SHT_RELA))
    package static let dynamic = Self(rawValue: UInt32(SHT_DYNAMIC))
    package static let noBits = Self(rawValue: UInt32(SHT_NOBITS))
    package static let note = Self(rawValue: UInt32(SHT_NOTE))
    package static let rel = Self(rawValue: UInt32(SHT_REL))
    package static let dynamicSymbols = Self(rawValue: UInt32(SHT_DYNSYM))
    package static let symbolIndices = Self(rawValue: UInt32(SHT_SYMTAB_SHNDX))
    package static let relr = Self(rawValue: UInt32(SHT_RELR))
    package static let hash = Self(rawValue: UInt32(SHT_HASH))
    package static let gnuHash = Self(rawValue: UInt32(SHT_GNU_HASH))
    /// Of LLVM, experimental: the number is to change.
    package static let crel = Self(rawValue: 0x4000_0014)
    /// Of Android, as are the next two: packed by its linker.
    package static let androidRel = Self(rawValue: 0x6000_0001)
    package static let androidRela = Self(rawValue: 0x6000_0002)
    package static let androidRelr = Self(rawValue: 0x6fff_ff00)
    /// Of AArch64 only (PAuth ABI): RELR entries whose words are signed pointers.
    package static let authenticatedRelr = Self(rawValue: 0x7000_0004)
  }

  /// `sh_flags`.
  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static let write = Self(rawValue: UInt64(SHF_WRITE))
    package static let allocate = Self(rawValue: UInt64(SHF_ALLOC))
    package static let execute = Self(rawValue: UInt64(SHF_EXECINSTR))
    package static let threadLocal = Self(rawValue: UInt64(SHF_TLS))
  }

  /// The section's number in ``ELFFile/sections``.
  package let index: Int
  /// Empty when the file has no section names.
  package private(set) var name: String
  package let type: Kind
  package let flags: Flags
  /// The virtual address, 0 when the section is not in memory.
  package let address: UInt64
  /// Where the section's first byte is in the file; of no meaning when it has none there.
  package let fileOffset: UInt64
  /// In bytes; a `noBits` section has them in memory only.
  package let size: UInt64
  /// The size of one entry in bytes, 0 when the section is not a table.
  package let entrySize: UInt64
  /// `sh_link`, most often the index of another section; not checked.
  package let link: Int
  /// `sh_info`; not checked.
  package let info: Int
  /// In bytes, a power of two; 0 and 1 mean none. Not checked.
  package let alignment: UInt64
  /// The section's bytes in ``ELFFile/bytes``.
  package let fileRange: Range<Int>

  var place: String { "section \(index) (\(name))" }
}

extension Section {
  /// Reads the section header table.
  static func all(
    _ header: GElf_Ehdr, libelf: borrowing LibELF, bytes: [UInt8]
  ) throws(ELFError) -> [Section] {
    let place = "section header table"
    guard header.e_shoff != 0 else {
      try check(
        header.e_shnum == 0, place, found: "\(header.e_shnum) headers at offset 0x0", expected: "none")
      return []
    }
    func checkTable(count: Int) throws(ELFError) {
      try checkHeaderTable(
        place, offset: header.e_shoff, count: count, entrySize: header.e_shentsize, type: ELF_T_SHDR,
        libelf: libelf, fileSize: bytes.count)
    }
    // A count too large for the ELF header stands in section 0, which then has to be in the file before it.
    try checkTable(count: max(1, Int(header.e_shnum)))
    let count = try libelf.sectionCount()
    try checkTable(count: count)
    try check(
      count > 0, place, found: "no headers inside the file",
      expected: "at least one at \(hex(header.e_shoff))")

    var sections: [Section] = []
    var names: [UInt32] = []
    for index in 0..<count {
      let raw = try libelf.sectionHeader(index)
      sections.append(try Section(raw, index: index, fileSize: bytes.count))
      names.append(raw.sh_name)
    }
    try checkUniqueness(sections)

    let namesIndex = try libelf.sectionNamesIndex()
    guard namesIndex != SHN_UNDEF else { return sections }
    try check(
      namesIndex < count, "ELF header", found: "section names in section \(namesIndex)",
      expected: "a section below \(count)")
    var table = try StringTable(sections[namesIndex], bytes: bytes)
    for index in 0..<count {
      sections[index].name = try table.string(at: names[index], place: "section header \(index)")
    }
    return sections
  }

  /// No byte is in two sections and no file has two of these tables (gABI; for `SHT_RELR` custom). That also
  /// keeps what a file expands to in proportion to its size.
  private static func checkUniqueness(_ sections: [Section]) throws(ELFError) {
    for type in [Kind.symbolTable, .dynamicSymbols, .dynamic, .relr] {
      let tables = sections.filter { $0.type == type }
      try check(
        tables.count <= 1, "section header \(tables[1].index)",
        found: "a second section of type \(type.rawValue)", expected: "at most one")
    }
    let byOffset = sections.filter { !$0.fileRange.isEmpty }
      .sorted { $0.fileRange.lowerBound < $1.fileRange.lowerBound }
    for (first, second) in zip(byOffset, byOffset.dropFirst()) {
      try check(
        first.fileRange.upperBound <= second.fileRange.lowerBound, "section header \(second.index)",
        found: "offset \(hex(second.fileRange.lowerBound)), inside section \(first.index)",
        expected: "bytes of its own")
    }
  }

  private init(_ raw: GElf_Shdr, index: Int, fileSize: Int) throws(ELFError) {
    self.index = index
    name = ""
    type = Kind(rawValue: raw.sh_type)
    flags = Flags(rawValue: raw.sh_flags)
    address = raw.sh_addr
    fileOffset = raw.sh_offset
    size = raw.sh_size
    entrySize = raw.sh_entsize
    link = Int(raw.sh_link)
    info = Int(raw.sh_info)
    alignment = raw.sh_addralign
    fileRange =
      type == .null || type == .noBits || size == 0
      ? 0..<0
      : try checkedRange(
        offset: fileOffset, size: size, fileSize: fileSize, place: "section header \(index)")
  }
}

extension ELFFile {
  /// The section that `section.link` names, which has to be of one of `types`.
  func linked(from section: Section, types: Set<Section.Kind>) throws(ELFError) -> Section {
    let isValid = section.link < sections.count && types.contains(sections[section.link].type)
    let expected = types.map(\.rawValue).sorted().map(String.init).joined(separator: " or ")
    try check(
      isValid, section.place, found: "a link to section \(section.link)",
      expected: "a section of type \(expected)")
    return sections[section.link]
  }

  /// Checks that `section` says of its entries' size what its type says.
  func checkEntrySize(_ section: Section, _ expected: Int) throws(ELFError) {
    try check(
      section.entrySize == expected, section.place, found: "entry size \(hex(section.entrySize))",
      expected: hex(expected))
  }
}
