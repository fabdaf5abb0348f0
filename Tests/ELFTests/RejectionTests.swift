// RejectionTests.swift — one spoilt file for each rejection, and the place it is reported at
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

/// A fixture, what is done to it, and the error that then has to come.
struct Rejection: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let fixture: @Sendable (Fixtures) -> [UInt8]
  /// The error's place; `{.text}` is the number of that section, `{dynamic}` of that segment.
  let place: String
  /// A part of what the error found.
  let found: String
  let spoil: @Sendable (inout Image) -> Void

  init(
    _ description: String, of fixture: @escaping @Sendable (Fixtures) -> [UInt8] = { $0.object },
    at place: String, found: String, _ spoil: @escaping @Sendable (inout Image) -> Void
  ) {
    testDescription = description
    self.fixture = fixture
    self.place = place
    self.found = found
    self.spoil = spoil
  }

  /// Expects that the fixture can be read, and spoilt is rejected as it should be.
  func check() throws {
    let original = Image(bytes: fixture(try Fixtures.get()))
    try readAll(original.bytes)
    var image = original
    spoil(&image)
    let error = try #require(throws: ELFError.self) { try readAll(image.bytes) }
    let place = place.replacing(/\{(.*)\}/) { match in
      "\(match.1 == "dynamic" ? original.index(.dynamic) : original.index(String(match.1)))"
    }
    #expect(error.place == place)
    #expect(error.found.contains(found), "\(error)")
    #expect(!error.expected.isEmpty)
  }
}

@Suite struct RejectionTests {
  static let header = [
    Rejection("no bytes", at: "ELF header", found: "no ELF magic") { $0.bytes = [] },
    Rejection("magic", at: "ELF header", found: "no ELF magic") { $0.bytes[1] = 0x65 },
    Rejection("identification cut", at: "ELF header", found: "a file of 0xf bytes") {
      $0.bytes.removeLast($0.bytes.count - 15)
    },
    Rejection("header cut", at: "ELF header", found: "a file of 0x3f bytes") {
      $0.bytes.removeLast($0.bytes.count - 63)
    },
    Rejection("class", at: "ELF header", found: "class 3") { $0.bytes[4] = 3 },
    Rejection("data encoding", at: "ELF header", found: "data encoding 0") { $0.bytes[5] = 0 },
    Rejection("identification version", at: "ELF header", found: "identification version 2") {
      $0.bytes[6] = 2
    },
    Rejection("version", at: "ELF header", found: "version 0") { $0[0x14, UInt32.self] = 0 },
    Rejection("header size", at: "ELF header", found: "header size 0x0") { $0[0x34, UInt16.self] = 0 },
    Rejection("name section index", at: "ELF header", found: "section names in section 65000") {
      $0[0x3e, UInt16.self] = 65000
    },
  ]

  static let sectionHeaders = [
    Rejection("entry size", at: "section header table", found: "entry size 0x0") {
      $0[0x3a, UInt16.self] = 0
    },
    Rejection("count without a table", at: "section header table", found: "headers at offset 0x0") {
      $0[0x28, UInt64.self] = 0
    },
    Rejection("table in the ELF header", at: "section header table", found: "offset 0x1") {
      $0[0x28, UInt64.self] = 1
    },
    Rejection("table near 2^64", at: "section header table", found: "at offset 0xfffffffffffffff0") {
      $0[0x28, UInt64.self] = 0xffff_ffff_ffff_fff0
    },
    Rejection("table cut", at: "section header table", found: "bytes at offset") { $0.bytes.removeLast() },
    Rejection("table without a header", at: "section header table", found: "no headers inside the file") {
      $0[0x3c, UInt16.self] = 0
    },
    Rejection("extended count", at: "section header table", found: "no headers inside the file") {
      $0[0x3c, UInt16.self] = 0
      $0[$0.section(0) + 0x20, UInt64.self] = 1 << 28
    },
    Rejection("extended count near 2^64", at: "section header table", found: "libelf: ") {
      $0[0x3c, UInt16.self] = 0
      $0[$0.section(0) + 0x20, UInt64.self] = .max
    },
    Rejection("section near 2^64", at: "section header 2", found: "at offset 0xfffffffffffffffc") {
      $0[$0.section(2) + 0x18, UInt64.self] = 0xffff_ffff_ffff_fffc
    },
    Rejection("section beyond the file", at: "section header 2", found: "0x100000 bytes at offset") {
      $0[$0.section(2) + 0x20, UInt64.self] = 0x100000
    },
    Rejection("section name", at: "section header 2", found: "a name at offset 0xffffffff") {
      $0[$0.section(2), UInt32.self] = .max
    },
    Rejection(
      "overlap", at: "section header {.text}", found: "inside section"
    ) {
      let data = $0.content(".data")
      $0[$0.section(".text") + 0x18, UInt64.self] = UInt64(data) + 1
    },
    Rejection(
      "two symbol tables", at: "section header {.symtab}",
      found: "a second section of type 2"
    ) { $0[$0.section(1) + 4, UInt32.self] = 2 },
    Rejection(
      "names in code", at: "section header {.text}", found: "type 1"
    ) { $0[0x3e, UInt16.self] = UInt16($0.index(".text")) },
    Rejection(
      "names without an end", at: "section header {.strtab}",
      found: "a string table that ends in 0x41"
    ) {
      let end = $0.content(".strtab") + Int(clamping: $0[$0.section(".strtab") + 0x20, UInt64.self])
      $0.bytes[end - 1] = 0x41
    },
  ]

  static let programHeaders = [
    Rejection("entry size", of: \.pie, at: "program header table", found: "entry size 0x37") {
      $0[0x36, UInt16.self] = 55
    },
    Rejection("table in the ELF header", of: \.pie, at: "program header table", found: "offset 0x0") {
      $0[0x20, UInt64.self] = 0
    },
    Rejection("table near 2^64", of: \.pie, at: "program header table", found: "0xfffffffffffffff8") {
      $0[0x20, UInt64.self] = 0xffff_ffff_ffff_fff8
    },
    Rejection("count", of: \.pie, at: "program header table", found: "bytes at offset 0x40") {
      $0[0x38, UInt16.self] = 0xfffe
    },
    Rejection("extended count", of: \.pie, at: "program header table", found: "bytes at offset 0x40") {
      $0[0x38, UInt16.self] = 0xffff
      $0[$0.section(0) + 0x2c, UInt32.self] = .max
    },
    Rejection("extended count nowhere", of: \.pie, at: "program header table", found: "in section 0") {
      $0[0x38, UInt16.self] = 0xffff
      $0[0x28, UInt64.self] = 0
      $0[0x3c, UInt16.self] = 0
    },
    Rejection("segment beyond the file", of: \.pie, at: "program header 0", found: "0x100000 bytes at") {
      $0[$0.segment(0) + 0x20, UInt64.self] = 0x100000
    },
    Rejection("segment near 2^64", of: \.pie, at: "program header 0", found: "0xfffffffffffffff8") {
      $0[$0.segment(0) + 8, UInt64.self] = 0xffff_ffff_ffff_fff8
    },
    Rejection("more file than memory", of: \.pie, at: "program header 1", found: "bytes in the file") {
      $0[$0.segment(1) + 0x28, UInt64.self] = 1
    },
    Rejection("memory beyond 2^64", of: \.pie, at: "program header 1", found: "0xffffffffffffff00") {
      $0[$0.segment(1) + 0x10, UInt64.self] = 0xffff_ffff_ffff_ff00
    },
    Rejection("two dynamic segments", of: \.pie, at: "program header {dynamic}", found: "a second PT_DYNAMIC")
    {
      $0[$0.segment(0), UInt32.self] = 2
    },
    Rejection(
      "dynamic segment size", of: \.pie, at: "program header {dynamic}", found: "a table of 0x11 bytes"
    ) {
      $0[$0.segment($0.index(.dynamic)) + 0x20, UInt64.self] = 0x11
    },
  ]

  static let tables = [
    Rejection("symbol entry size", at: "section {.symtab} (.symtab)", found: "entry size 0x0") {
      $0[$0.section(".symtab") + 0x38, UInt64.self] = 0
    },
    Rejection("symbol table size", at: "section {.symtab} (.symtab)", found: "a table of") {
      $0[$0.section(".symtab") + 0x20, UInt64.self] -= 1
    },
    Rejection("symbol table link", at: "section {.symtab} (.symtab)", found: "a link to section 4294967295") {
      $0[$0.section(".symtab") + 0x28, UInt32.self] = .max
    },
    Rejection(
      "symbol name", at: "symbol 1 of section {.symtab} (.symtab)", found: "a name at offset 0xffffffff"
    ) {
      $0[$0.content(".symtab") + 24, UInt32.self] = .max
    },
    Rejection("symbol section", at: "symbol 1 of section {.symtab} (.symtab)", found: "section 65000") {
      $0[$0.content(".symtab") + 24 + 6, UInt16.self] = 65000
    },
    Rejection("extended symbol section", at: "symbol 1 of section {.symtab} (.symtab)", found: "section ") {
      $0[$0.content(".symtab") + 24 + 6, UInt16.self] = 0xffff
    },
    Rejection("rela entry size", at: "section {.rela.data} (.rela.data)", found: "entry size 0x0") {
      $0[$0.section(".rela.data") + 0x38, UInt64.self] = 0
    },
    Rejection("rela table size", at: "section {.rela.data} (.rela.data)", found: "a table of 0x17 bytes") {
      $0[$0.section(".rela.data") + 0x20, UInt64.self] = 23
    },
    Rejection("rela link", at: "section {.rela.data} (.rela.data)", found: "a link to section 0") {
      $0[$0.section(".rela.data") + 0x28, UInt32.self] = 0
    },
    Rejection("rela target", at: "section {.rela.data} (.rela.data)", found: "target section 4294967295") {
      $0[$0.section(".rela.data") + 0x2c, UInt32.self] = .max
    },
    Rejection("rela symbol", at: "relocation 1 of section {.rela.data} (.rela.data)", found: "symbol 65535") {
      $0[$0.content(".rela.data") + 24 + 12, UInt32.self] = 0xffff
    },
    Rejection("rel entry size", at: "section {.rela.data} (.rela.data)", found: "entry size 0x18") {
      $0[$0.section(".rela.data") + 4, UInt32.self] = 9
    },
    Rejection("relr entry size", of: \.packed, at: "section {.relr.dyn} (.relr.dyn)", found: "entry size 0x0")
    {
      $0[$0.section(".relr.dyn") + 0x38, UInt64.self] = 0
    },
    Rejection(
      "relr bitmap first", of: \.packed, at: "section {.relr.dyn} (.relr.dyn)", found: "a bitmap first"
    ) {
      $0[$0.content(".relr.dyn"), UInt64.self] = 1
    },
    Rejection(
      "dynamic section size", of: \.pie, at: "section {.dynamic} (.dynamic)", found: "a table of 0x11 bytes"
    ) {
      $0[$0.segment($0.index(.dynamic)), UInt32.self] = 0
      $0[$0.section(".dynamic") + 0x20, UInt64.self] = 0x11
    },
  ]

  static let dynamicTable = [
    Rejection("no end", of: \.pie, at: "program header {dynamic}", found: "without DT_NULL") {
      let segment = $0.segment($0.index(.dynamic))
      $0[segment + 0x20, UInt64.self] -= 16
    },
    Rejection("no end in the file", of: \.pie, at: "program header {dynamic}", found: "without DT_NULL") {
      $0[$0.segment($0.index(.dynamic)) + 0x20, UInt64.self] = 0
    },
    Rejection(
      "address of other bytes", of: \.pie, at: "program header {dynamic}", found: "PT_DYNAMIC at address"
    ) {
      $0[$0.segment($0.index(.dynamic)) + 0x10, UInt64.self] += 16
    },
    Rejection("address outside", of: \.pie, at: "program header {dynamic}", found: "at address 0xffff0000") {
      $0[$0.segment($0.index(.dynamic)) + 0x10, UInt64.self] = 0xffff_0000
    },
    Rejection("other bytes at its address", of: \.pie, at: "program header {dynamic}", found: "PT_DYNAMIC at")
    {
      // PT_GNU_STACK becomes a segment to load over it.
      let (segment, dynamic) = (
        $0.segment($0.index(Segment.Kind(rawValue: 0x6474_e551))), $0.segment($0.index(.dynamic))
      )
      for offset in stride(from: 0, to: 56, by: 8) {
        $0[segment + offset, UInt64.self] = $0[dynamic + offset, UInt64.self]
      }
      $0[segment, UInt32.self] = 1
      $0[segment + 8, UInt64.self] = 0
    },
    Rejection("table outside", of: \.pie, at: "DT_RELA", found: "bytes at address 0xffff0000") {
      $0[$0.dynamic(7), UInt64.self] = 0xffff_0000
    },
    Rejection("table near 2^64", of: \.pie, at: "DT_RELA", found: "bytes at address 0xfffffffffffffff8") {
      $0[$0.dynamic(7), UInt64.self] = 0xffff_ffff_ffff_fff8
    },
    Rejection("table size", of: \.pie, at: "DT_RELA", found: "a table of 0x19 bytes") {
      $0[$0.dynamic(8), UInt64.self] = 25
    },
    Rejection("table size near 2^64", of: \.pie, at: "DT_RELA", found: "0xffffffffffffffff bytes at") {
      $0[$0.dynamic(8), UInt64.self] = .max
    },
    Rejection("no table size", of: \.pie, at: "DT_RELA", found: "address 0x") {
      $0.rename(8, to: 0x7000_0000)
    },
    Rejection("no table", of: \.pie, at: "DT_RELASZ", found: "bytes") { $0.rename(7, to: 0x7000_0000) },
    Rejection("two tables", of: \.pie, at: "DT_RELA", found: "a second DT_RELA") { $0.rename(9, to: 7) },
    Rejection("table entry size", of: \.pie, at: "DT_RELAENT", found: "entry size 0x0") {
      $0[$0.dynamic(9), UInt64.self] = 0
    },
    Rejection("table as another", of: \.pie, at: "DT_RELR", found: "a table of 0x4 bytes") {
      $0.rename(7, to: 36)
      $0.rename(8, to: 35)
      $0[$0.dynamic(35), UInt64.self] = 4
    },
    Rejection("packed entry size", of: \.packed, at: "DT_RELRENT", found: "entry size 0x18") {
      $0[$0.dynamic(37), UInt64.self] = 24
    },
    Rejection("kind of PLT relocations", of: \.sharedObject, at: "DT_PLTREL", found: "36") {
      $0[$0.dynamic(20), UInt64.self] = 36
    },
    Rejection("no kind of PLT relocations", of: \.sharedObject, at: "DT_PLTRELSZ", found: "0x30 bytes") {
      $0.rename(20, to: 0x7000_0000)
    },
    Rejection("PLT relocations outside", of: \.sharedObject, at: "DT_JMPREL", found: "0x30 bytes at") {
      $0[$0.dynamic(23), UInt64.self] = 0xffff_0000
    },
    Rejection("Android's magic", of: \.androidPacked, at: "DT_ANDROID_RELA", found: "no APS2 magic") {
      $0[$0.section(".rela.dyn") + 4, UInt32.self] = 1
      $0.bytes[$0.dynamicContent(0x6000_0011)] = 0
    },
  ]

  @Test(arguments: header + sectionHeaders + programHeaders + tables + dynamicTable)
  func rejected(_ rejection: Rejection) throws {
    try rejection.check()
  }

  /// A table of bitmaps stands for 63 relocations in each 8 bytes, more than a file could need.
  @Test func packedRelocationsBeyondMeasure() throws {
    var image = Image(bytes: try Fixtures.get().packed)
    let count = 0x4000
    let offset = image.bytes.count
    image.bytes += [UInt8](repeating: 0xff, count: 8 * count)
    image[offset, UInt64.self] = 0x1000
    image[image.section(".relr.dyn") + 0x18, UInt64.self] = UInt64(offset)
    image[image.section(".relr.dyn") + 0x20, UInt64.self] = UInt64(8 * count)
    let error = try #require(throws: ELFError.self) { try readAll(image.bytes) }
    #expect(error.found == "more relocations than the file has words")
  }

  /// Symbols may share a name; a long name shared by many would multiply the file's size.
  @Test func namesBeyondMeasure() throws {
    var image = Image(bytes: try Fixtures.get().object)
    let (symbols, strings) = (image.section(".symtab"), image.section(".strtab"))
    image[0x3e, UInt16.self] = 0  // the sections' own names are in the same table
    for (section, content) in [
      (symbols, (0..<24 * 1000).map { $0 % 24 == 0 ? 1 : 0 }),
      (strings, [UInt8](repeating: 65, count: 1 << 20) + [0]),
    ] {
      image[section + 0x18, UInt64.self] = UInt64(image.bytes.count)
      image[section + 0x20, UInt64.self] = UInt64(content.count)
      image.bytes += content
    }
    let error = try #require(throws: ELFError.self) { try readAll(image.bytes) }
    #expect(error.found == "strings that overlap too much")
  }
}
