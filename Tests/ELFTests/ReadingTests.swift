// ReadingTests.swift — what well-formed files are read as
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

@Suite struct ReadingTests {
  let fixtures: Fixtures

  init() throws { fixtures = try Fixtures.get() }

  @Test func headerOfEachKind() throws {
    let object = try ELFFile(fixtures.object).header
    #expect(object.elfClass == .elf64 && object.byteOrder == .littleEndian)
    #expect(object.type == .relocatable && object.machine == .aarch64 && object.entry == 0)
    let executable = try ELFFile(fixtures.executable)
    #expect(executable.header.type == .executable)
    #expect(executable.header.entry == (try executable.symbols().first { $0.name == "_start" }?.value))
    #expect(try ELFFile(fixtures.pie).header.type == .sharedObject)
    let small = try ELFFile(fixtures.bigEndian32).header
    #expect(small.elfClass == .elf32 && small.byteOrder == .bigEndian && small.machine.rawValue == 20)
  }

  @Test func looksLikeELF() {
    #expect(ELFFile.looksLikeELF(fixtures.object))
    #expect(!ELFFile.looksLikeELF([]))
    #expect(!ELFFile.looksLikeELF([0x7f, 0x45, 0x4c]))
  }

  @Test func extent() throws {
    for bytes in fixtures.all { #expect(try ELFFile(bytes + [1, 2, 3]).extent == bytes.count) }
  }

  @Test func sections() throws {
    let file = try ELFFile(fixtures.object)
    #expect(file.segments.isEmpty)
    #expect(file.sections.indices.allSatisfy { file.sections[$0].index == $0 })
    let data = try #require(file.sections.first { $0.name == ".data" })
    #expect(data.type == .programBits && data.flags == [.write, .allocate] && data.alignment == 8)
    #expect(data.size == UInt64(8 * (Fixtures.wordCount + 1)))
    #expect(Array(file.bytes[data.fileRange].suffix(8)) == [1, 0, 0, 0, 0, 0, 0, 0])
    let bss = try #require(try ELFFile(fixtures.executable).sections.first { $0.type == .noBits })
    #expect(bss.size == 8 && bss.fileRange.isEmpty)
  }

  @Test func segmentsAndTheirBytes() throws {
    let file = try ELFFile(fixtures.executable)
    let text = try #require(file.segments.first { $0.flags == [.read, .execute] && $0.type == .load })
    #expect(text.fileSize == 12 && text.memorySize == 12)
    #expect(file.fileRange(ofVirtualAddress: file.header.entry, size: 12) == text.fileRange)
    #expect(file.fileRange(ofVirtualAddress: file.header.entry, size: 0) == nil)
    #expect(file.fileRange(ofVirtualAddress: file.header.entry, size: 13) == nil)
    #expect(file.fileRange(ofVirtualAddress: file.header.entry, size: .max) == nil)
    #expect(file.fileRange(ofVirtualAddress: .max, size: .max) == nil)
    #expect(file.fileRange(ofVirtualAddress: 0, size: 1) == nil)
    let shared = try #require(try file.symbols().first { $0.name == "shared" })
    #expect(file.fileRange(ofVirtualAddress: shared.value, size: 8) == nil, "memory without file bytes")
  }

  @Test func symbols() throws {
    let file = try ELFFile(fixtures.object)
    let all = try file.symbols()
    func symbol(_ name: String) throws -> Symbol { try #require(all.first { $0.name == name }) }
    let data = try #require(file.sections.first { $0.name == ".data" }).index
    #expect(
      try symbol("table")
        == Symbol(
          name: "table", value: 0, size: UInt64(8 * Fixtures.wordCount), type: .object, binding: .global,
          definition: .section(data)))
    #expect(try symbol("missing").definition == .undefined && symbol("missing").binding == .weak)
    #expect(try symbol("absolute").definition == .absolute && symbol("absolute").value == 0x1234)
    #expect(try symbol("shared").definition == .common)
    #expect(try symbol("local").binding == .local)
    #expect(all.contains { $0.type == .section && $0.name.isEmpty })
    #expect(try ELFFile(fixtures.stripped).symbols().contains { $0.name == "table" }, "dynamic symbols")
  }

  @Test func relocationsOfAnObject() throws {
    let file = try ELFFile(fixtures.object)
    let all = try file.relocations()
    #expect(all.count == Fixtures.wordCount + 2)
    let text = try #require(file.sections.first { $0.name == ".text" }).index
    #expect(
      all.first
        == Relocation(
          table: ".rela.text", isDynamic: false, offset: 0, type: 275, symbol: "missing", addend: 0,
          targetSection: text))
    #expect(all.last?.symbol == ".data" && all.last?.addend == Int64(8 * Fixtures.wordCount))
  }

  @Test func relocationsOfLinkedFiles() throws {
    #expect(try ELFFile(fixtures.executable).relocations().isEmpty)
    let retained = try ELFFile(fixtures.retained).relocations()
    #expect(retained.count == Fixtures.wordCount + 2 && retained.allSatisfy { !$0.isDynamic })
    let pie = try ELFFile(fixtures.pie).relocations()
    #expect(pie.count == Fixtures.wordCount)
    #expect(pie.allSatisfy { $0.isDynamic && $0.type == 1027 && $0.symbol == nil && $0.addend != nil })
  }

  @Test func packedRelocationsAreUnpacked() throws {
    let file = try ELFFile(fixtures.packed)
    let all = try file.relocations()
    let table = try #require(try file.symbols().first { $0.name == "table" }).value
    #expect(all.map(\.offset) == (0..<UInt64(Fixtures.wordCount)).map { table + 8 * $0 })
    #expect(all.allSatisfy { $0.table == ".relr.dyn" && $0.isDynamic && $0.type == nil && $0.addend == nil })
  }

  @Test func relocationsOf32BitBigEndianFiles() throws {
    let object = try ELFFile(fixtures.bigEndian32).relocations()
    #expect(object.map(\.symbol) == ["_start", "table", "table"])
    #expect(object.map(\.addend) == [0, 0, 4] && object.map(\.offset) == [0, 4, 8])
    let packed = try ELFFile(fixtures.packed32)
    let table = try #require(try packed.symbols().first { $0.name == "table" }).value
    #expect(try packed.relocations().map(\.offset) == [table, table + 4, table + 8])
  }

  @Test func relocationsWithoutAddends() throws {
    let object = try Toolchain.assemble(".data\n.long x, x\n", target: "i386-none-elf")
    let all = try ELFFile(object).relocations()
    #expect(
      all.map(\.symbol) == ["x", "x"] && all.map(\.type) == [1, 1] && all.map(\.addend) == [nil, nil])
  }

  @Test func dynamicEntries() throws {
    #expect(try ELFFile(fixtures.executable).dynamicEntries().isEmpty)
    let entries = try ELFFile(fixtures.pie).dynamicEntries()
    #expect(entries.first { $0.tag == 8 }?.value == UInt64(24 * Fixtures.wordCount), "DT_RELASZ")
    #expect(!entries.contains { $0.tag == 0 }, "DT_NULL ends the table")

    var image = Image(bytes: fixtures.pie)
    image[image.segment(image.index(.dynamic)), UInt32.self] = 0
    #expect(try ELFFile(image.bytes).dynamicEntries() == entries, "from the section")

    image = Image(bytes: fixtures.pie)
    image.stripSections()
    let stripped = try ELFFile(image.bytes)
    #expect(stripped.sections.isEmpty)
    #expect(try stripped.relocations().count == Fixtures.wordCount, "from the dynamic table")
    #expect(try stripped.dynamicEntries() == entries, "from the segment")
  }

  @Test func countsTooLargeForTheHeader() throws {
    var image = Image(bytes: fixtures.pie)
    let plain = try ELFFile(image.bytes)
    image[image.section(0) + 0x20, UInt64.self] = UInt64(plain.sections.count)
    image[image.section(0) + 0x28, UInt32.self] = UInt32(image[0x3e, UInt16.self])
    image[image.section(0) + 0x2c, UInt32.self] = UInt32(clamping: plain.segments.count)
    image[0x38, UInt16.self] = 0xffff
    image[0x3c, UInt16.self] = 0
    image[0x3e, UInt16.self] = 0xffff
    let extended = try ELFFile(image.bytes)
    #expect(extended.sections.dropFirst() == plain.sections.dropFirst())
    #expect(extended.segments == plain.segments)
  }

  @Test func sectionIndicesTooLargeForASymbol() throws {
    let count = 0xff10
    let source = (0..<count).map { ".section .s\($0),\"a\"\n" }.joined() + "last: .byte 0\n"
    let file = try ELFFile(try Toolchain.assemble(source))
    #expect(file.sections.count > count)
    let last = try #require(try file.symbols().first { $0.name == "last" })
    let index = try #require(file.sections.first { $0.name == ".s\(count - 1)" }).index
    #expect(index >= 0xff00 && last.definition == .section(index))
  }
}
