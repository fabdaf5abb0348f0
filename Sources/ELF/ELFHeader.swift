// ELFHeader.swift — the ELF header: what a file is, for which machine
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// The ELF header (gABI, "ELF Header").
package struct ELFHeader: Equatable, Sendable {
  /// The width of the file's addresses.
  package enum Class: Sendable {
    case elf32, elf64
  }

  /// The byte order of all the file's tables.
  package enum ByteOrder: Sendable {
    case littleEndian, bigEndian
  }

  /// `e_type`, an `ET_*` value.
  package struct ObjectType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let relocatable = Self(rawValue: UInt16(ET_REL))
    package static let executable = Self(rawValue: UInt16(ET_EXEC))
    package static let sharedObject = Self(rawValue: UInt16(ET_DYN))
    package static let core = Self(rawValue: UInt16(ET_CORE))

    /// The constant's name, such as `ET_DYN`; `type N` for one that is not of the gABI.
    package var name: String {
      switch Int32(rawValue) {
      case ET_NONE: "ET_NONE"
      case ET_REL: "ET_REL"
      case ET_EXEC: "ET_EXEC"
      case ET_DYN: "ET_DYN"
      case ET_CORE: "ET_CORE"
      default: "type \(rawValue)"
      }
    }
  }

  /// `e_machine`, an `EM_*` value.
  package struct Machine: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let aarch64 = Self(rawValue: UInt16(EM_AARCH64))
    // swift-format-ignore: AlwaysUseLowerCamelCase
    package static let x86_64 = Self(rawValue: UInt16(EM_X86_64))
    package static let riscv = Self(rawValue: UInt16(EM_RISCV))
    package static let ppc64 = Self(rawValue: UInt16(EM_PPC64))
    package static let s390 = Self(rawValue: UInt16(EM_S390))
    package static let arm = Self(rawValue: UInt16(EM_ARM))
    package static let i386 = Self(rawValue: UInt16(EM_386))
    package static let mips = Self(rawValue: UInt16(EM_MIPS))
    static let alpha = Self(rawValue: UInt16(EM_ALPHA))

    /// The processor's name, such as `AArch64`; `machine N` for one that this module knows nothing about.
    package var name: String {
      switch self {
      case .aarch64: "AArch64"
      case .x86_64: "x86-64"
      case .riscv: "RISC-V"
      case .ppc64: "PowerPC64"
      case .s390: "S/390"
      case .arm: "ARM"
      case .i386: "i386"
      case .mips: "MIPS"
      default: "machine \(rawValue)"
      }
    }
  }

  package let elfClass: Class
  package let byteOrder: ByteOrder
  /// What kind of file it is.
  package let type: ObjectType
  /// The processor it is for.
  package let machine: Machine
  /// The virtual address of the first instruction, 0 for none.
  package let entry: UInt64
  /// Flags whose meaning belongs to the machine.
  package let flags: UInt32
}

extension ELFHeader {
  /// Checks the first bytes, on which the reading of all others depends.
  static func checkIdentification(_ bytes: [UInt8]) throws(ELFError) {
    let place = "ELF header"
    try check(
      ELFFile.looksLikeELF(bytes), place, found: "no ELF magic", expected: "0x7f and \"ELF\" at offset 0x0")
    let found = "a file of \(hex(bytes.count)) bytes"
    try check(bytes.count >= EI_NIDENT, place, found: found, expected: "at least \(hex(EI_NIDENT))")
    let elfClass = Int32(bytes[Int(EI_CLASS)])
    let data = Int32(bytes[Int(EI_DATA)])
    let version = Int32(bytes[Int(EI_VERSION)])
    try check(
      elfClass == ELFCLASS32 || elfClass == ELFCLASS64, place, found: "class \(elfClass)",
      expected: "1 (32-bit) or 2 (64-bit)")
    try check(
      data == ELFDATA2LSB || data == ELFDATA2MSB, place, found: "data encoding \(data)",
      expected: "1 (little-endian) or 2 (big-endian)")
    try check(version == EV_CURRENT, place, found: "identification version \(version)", expected: "1")
    let size = elfClass == ELFCLASS64 ? MemoryLayout<Elf64_Ehdr>.size : MemoryLayout<Elf32_Ehdr>.size
    try check(bytes.count >= size, place, found: found, expected: "at least \(hex(size))")
  }

  init(_ raw: GElf_Ehdr, libelf: borrowing LibELF) throws(ELFError) {
    let place = "ELF header"
    let size = libelf.entrySize(ELF_T_EHDR)
    try check(raw.e_version == EV_CURRENT, place, found: "version \(raw.e_version)", expected: "1")
    try check(
      raw.e_ehsize == size, place, found: "header size \(hex(raw.e_ehsize))", expected: hex(size))
    elfClass = Int32(raw.e_ident.4) == ELFCLASS64 ? .elf64 : .elf32
    byteOrder = Int32(raw.e_ident.5) == ELFDATA2LSB ? .littleEndian : .bigEndian
    type = ObjectType(rawValue: raw.e_type)
    machine = Machine(rawValue: raw.e_machine)
    entry = raw.e_entry
    flags = raw.e_flags
  }
}

/// Checks that a header table has entries of the right size and lies in the file, behind the ELF header.
func checkHeaderTable(
  _ place: String, offset: UInt64, count: Int, entrySize: UInt16, type: Elf_Type,
  libelf: borrowing LibELF, fileSize: Int
) throws(ELFError) {
  let expected = libelf.entrySize(type)
  try check(
    entrySize == expected, place, found: "entry size \(hex(entrySize))", expected: hex(expected))
  try check(
    offset >= libelf.entrySize(ELF_T_EHDR), place, found: "offset \(hex(offset))",
    expected: "an offset behind the ELF header")
  let (size, overflow) = UInt64(count).multipliedReportingOverflow(by: UInt64(entrySize))
  _ = try checkedRange(offset: offset, size: overflow ? .max : size, fileSize: fileSize, place: place)
}
