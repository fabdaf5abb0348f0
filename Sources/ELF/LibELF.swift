// LibELF.swift — the libelf handle: owns the C resources; no pointer leaves this file
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An open libelf handle.
///
/// libelf keeps the address it is given, so the handle owns what is there: room for the whole file, in which only the
/// header tables are, since libelf is asked for nothing else. The rest is never touched, and takes no memory. libelf is
/// lenient: a table outside the file reads as "no sections", and counts are clamped without a word. Callers therefore
/// check every offset, size and count against the file before they ask for what lies there.
struct LibELF: ~Copyable {
  private let elf: OpaquePointer
  private let image: UnsafeMutableRawBufferPointer
  private let bytes: [UInt8]

  /// libelf demands this call before all others; without it `elf_memory` fails.
  private static let version = elf_version(CUnsignedInt(EV_CURRENT))

  /// Opens `bytes`, which have a whole ELF header; then libelf rejects only an impossible section count.
  init(_ bytes: [UInt8]) throws(ELFError) {
    _ = LibELF.version
    let tables = try LibELF.headerTables(of: bytes)
    // Pages that are not written to are zero, and none.
    guard let start = calloc(bytes.count, 1) else {
      throw ELFError(place: "file", found: "\(hex(bytes.count)) bytes", expected: "as much memory")
    }
    let image = UnsafeMutableRawBufferPointer(start: start, count: bytes.count)
    for range in tables {
      UnsafeMutableRawBufferPointer(rebasing: image[range]).copyBytes(from: bytes[range])
    }
    guard let elf = elf_memory(image.bindMemory(to: CChar.self).baseAddress, image.count) else {
      let failure = LibELF.failure("section header table")
      free(start)
      throw failure
    }
    self.elf = elf
    self.image = image
    self.bytes = bytes
  }

  deinit {
    elf_end(elf)
    free(image.baseAddress)
  }

  /// Where the ELF header and the tables that it names are, as far as the file has them.
  private static func headerTables(of bytes: [UInt8]) throws(ELFError) -> [Range<Int>] {
    let start = 0..<min(bytes.count, MemoryLayout<Elf64_Ehdr>.size)
    var copy = Array(bytes[start])
    var header = GElf_Ehdr()
    let isRead = copy.withUnsafeMutableBytes { image in
      guard let elf = elf_memory(image.bindMemory(to: CChar.self).baseAddress, image.count) else {
        return false
      }
      defer { elf_end(elf) }
      return gelf_getehdr(elf, &header) != nil
    }
    guard isRead else { throw failure("ELF header") }
    func table(_ offset: UInt64, _ count: UInt16, _ size: UInt16) -> Range<Int> {
      guard let offset = Int(exactly: offset), offset <= bytes.count else { return 0..<0 }
      // A count that does not fit is in section 0: as many as there is room for.
      let isExtended = count == 0 || count == UInt16(PN_XNUM)
      let end = isExtended ? bytes.count : min(bytes.count, offset + Int(count) * Int(size))
      return offset..<end
    }
    return [
      start, table(header.e_phoff, header.e_phnum == 0 ? 1 : header.e_phnum, header.e_phentsize),
      table(header.e_shoff, header.e_shnum, header.e_shentsize),
    ]
  }

  /// The size in bytes of one entry of `type` in this file's class.
  func entrySize(_ type: Elf_Type) -> Int {
    gelf_fsize(elf, type, 1, CUnsignedInt(EV_CURRENT))
  }

  func header() throws(ELFError) -> GElf_Ehdr {
    var header = GElf_Ehdr()
    guard gelf_getehdr(elf, &header) != nil else { throw LibELF.failure("ELF header") }
    return header
  }

  /// How many section headers there are; the count is in section 0 when it is too large for the ELF header.
  func sectionCount() throws(ELFError) -> Int {
    var count = 0
    guard elf_getshdrnum(elf, &count) == 0 else { throw LibELF.failure("section header table") }
    return count
  }

  /// The index of the section of section names, in section 0 too when it is too large; 0 for none.
  func sectionNamesIndex() throws(ELFError) -> Int {
    var index = 0
    guard elf_getshdrstrndx(elf, &index) == 0 else { throw LibELF.failure("ELF header") }
    return index
  }

  func sectionHeader(_ index: Int) throws(ELFError) -> GElf_Shdr {
    var header = GElf_Shdr()
    guard let section = elf_getscn(elf, index), gelf_getshdr(section, &header) != nil else {
      throw LibELF.failure("section header \(index)")
    }
    return header
  }

  func programHeader(_ index: Int) throws(ELFError) -> GElf_Phdr {
    var header = GElf_Phdr()
    guard let index32 = CInt(exactly: index), gelf_getphdr(elf, index32, &header) != nil else {
      throw LibELF.failure("program header \(index)")
    }
    return header
  }

  /// The entries of the table at `range`, which lies in the file, in this machine's byte order.
  ///
  /// `type` is `Wide` in a 64-bit file and `Narrow` in a 32-bit one. They are copied and then converted there: the
  /// functions that get entries want libelf to have read them, which takes it longer for each table.
  func entries<Wide, Narrow>(
    _ type: Elf_Type, in range: Range<Int>, place: String, widen: (Narrow) -> Wide
  ) throws(ELFError) -> [Wide] {
    let size = entrySize(type)
    try checkSize(range, of: type, place: place)
    guard !range.isEmpty else { return [] }
    let table = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
    defer { table.deallocate() }
    table.copyBytes(from: bytes[range])
    var data = Elf_Data()
    data.d_buf = table.baseAddress
    data.d_size = table.count
    data.d_type = type
    data.d_version = CUnsignedInt(EV_CURRENT)
    var converted = data
    guard gelf_xlatetom(elf, &converted, &data, CUnsignedInt(image[Int(EI_DATA)])) != nil else {
      throw LibELF.failure(place)
    }
    let offsets = stride(from: 0, to: range.count, by: size)
    return gelf_getclass(elf) == ELFCLASS64
      ? offsets.map { table.load(fromByteOffset: $0, as: Wide.self) }
      : offsets.map { widen(table.load(fromByteOffset: $0, as: Narrow.self)) }
  }

  /// Checks that the table at `range` is one of whole entries.
  func checkSize(_ range: Range<Int>, of type: Elf_Type, place: String) throws(ELFError) {
    let size = entrySize(type)
    try check(
      range.count.isMultiple(of: size), place, found: "a table of \(hex(range.count)) bytes",
      expected: "a multiple of its entry size, \(hex(size))")
  }

  /// The 32-bit words of the table at `range`.
  func words(in range: Range<Int>, place: String) throws(ELFError) -> [UInt32] {
    try entries(ELF_T_WORD, in: range, place: place) { (word: UInt32) in word }
  }

  /// The words of the file's own class, 32 or 64 bits, of the table at `range`.
  func nativeWords(in range: Range<Int>, place: String) throws(ELFError) -> [UInt64] {
    try entries(ELF_T_ADDR, in: range, place: place) { (word: UInt32) in UInt64(word) }
  }

  private static func failure(_ place: String) -> ELFError {
    let message = elf_errmsg(-1).map { String(cString: $0) } ?? "no message"
    return ELFError(place: place, found: "libelf: \(message)", expected: "a well-formed file")
  }
}
