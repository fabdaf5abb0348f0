// Segment.swift — the program header table
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A segment: one program header (gABI, "Program Header").
package struct Segment: Equatable, Sendable {
  /// `p_type`, a `PT_*` value.
  package struct Kind: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let load = Self(rawValue: UInt32(PT_LOAD))
    package static let dynamic = Self(rawValue: UInt32(PT_DYNAMIC))
    package static let interpreter = Self(rawValue: UInt32(PT_INTERP))
    package static let threadLocal = Self(rawValue: UInt32(PT_TLS))
  }

  /// `p_flags`, the permissions of the memory.
  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let execute = Self(rawValue: UInt32(PF_X))
    package static let write = Self(rawValue: UInt32(PF_W))
    package static let read = Self(rawValue: UInt32(PF_R))
  }

  package let type: Kind
  package let flags: Flags
  /// Where the segment's first byte is in the file; of no meaning when `fileSize` is 0.
  package let fileOffset: UInt64
  /// Where its first byte is in memory, as the program's addresses go.
  package let virtualAddress: UInt64
  /// Where its first byte is in memory for a loader that knows no virtual addresses.
  package let physicalAddress: UInt64
  /// Bytes that come from the file.
  package let fileSize: UInt64
  /// Bytes in memory; those beyond `fileSize` are zero.
  package let memorySize: UInt64
  /// In bytes, a power of two; 0 and 1 mean none. Not checked.
  package let alignment: UInt64
  /// The segment's bytes in ``ELFFile/bytes``.
  package let fileRange: Range<Int>
}

extension Segment {
  /// Reads the program header table; `extendedCount` is section 0's `sh_info`.
  static func all(
    _ header: GElf_Ehdr, extendedCount: Int?, libelf: borrowing LibELF, bytes: [UInt8]
  ) throws(ELFError) -> [Segment] {
    guard header.e_phnum != 0 else { return [] }
    let place = "program header table"
    let isExtended = header.e_phnum == PN_XNUM
    try check(
      !isExtended || extendedCount != nil, place, found: "its length in section 0",
      expected: "a section header table")
    let count = isExtended ? extendedCount ?? 0 : Int(header.e_phnum)
    try checkHeaderTable(
      place, offset: header.e_phoff, count: count, entrySize: header.e_phentsize, type: ELF_T_PHDR,
      libelf: libelf, fileSize: bytes.count)
    var segments: [Segment] = []
    for index in 0..<count {
      let raw = try libelf.programHeader(index)
      segments.append(try Segment(raw, place: "program header \(index)", fileSize: bytes.count))
    }
    return segments
  }

  private init(_ raw: GElf_Phdr, place: String, fileSize: Int) throws(ELFError) {
    type = Kind(rawValue: raw.p_type)
    flags = Flags(rawValue: raw.p_flags)
    fileOffset = raw.p_offset
    virtualAddress = raw.p_vaddr
    physicalAddress = raw.p_paddr
    self.fileSize = raw.p_filesz
    memorySize = raw.p_memsz
    alignment = raw.p_align
    fileRange =
      raw.p_filesz == 0
      ? 0..<0
      : try checkedRange(offset: raw.p_offset, size: raw.p_filesz, fileSize: fileSize, place: place)
    guard type == .load else { return }
    try check(
      raw.p_filesz <= raw.p_memsz, place, found: "\(hex(raw.p_filesz)) bytes in the file",
      expected: "no more than in memory, \(hex(raw.p_memsz))")
    try check(
      !raw.p_vaddr.addingReportingOverflow(raw.p_memsz).overflow, place,
      found: "\(hex(raw.p_memsz)) bytes at address \(hex(raw.p_vaddr))",
      expected: "memory that ends below 2^64")
  }
}
