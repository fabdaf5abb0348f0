// StreamTests.swift — packed streams of relocations, made by hand and by assemblers
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

/// Bytes of LEB128 numbers.
private func leb(_ numbers: Int64...) -> [UInt8] {
  numbers.flatMap { number in
    var rest = number
    var bytes: [UInt8] = []
    while !(-64..<64 ~= rest) {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest & 0x7f)]
  }
}

@Suite struct StreamTests {
  /// An object file whose `.data` is a section of `type` with these bytes.
  func relocations(_ type: UInt32, _ content: [UInt8], padding: Int = 0) throws -> [Relocation] {
    var image = Image(bytes: try Fixtures.get().object)
    let section = image.section(".rela.data")
    image[section + 4, UInt32.self] = type
    image[section + 0x18, UInt64.self] = UInt64(image.bytes.count)
    image[section + 0x20, UInt64.self] = UInt64(content.count)
    image.bytes += content + [UInt8](repeating: 0, count: padding)
    return try ELFFile(image.bytes).relocations().filter { $0.table == ".rela.data" }
  }

  func androidRelocations(_ content: [UInt8], type: UInt32 = 0x6000_0002) throws -> [Relocation] {
    try relocations(type, Array("APS2".utf8) + content)
  }

  func crelRelocations(_ content: [UInt8]) throws -> [Relocation] {
    try relocations(0x4000_0014, content)
  }

  func expect(_ found: String, _ body: () throws -> [Relocation]) {
    let error = #expect(throws: ELFError.self) { _ = try body() }
    #expect(error?.found == found)
  }

  static let sources: [(target: String, source: String)] = [
    (
      "aarch64-none-elf",
      """
      .text
      f: bl g
      adrp x0, v
      add x0, x0, :lo12:v
      ldr x1, [x0, :lo12:v + 8]
      .data
      .quad v + 0x123456789, v - 1, f, f + 8, v
      .space 100000
      .rept 300
      .xword w, f
      .endr
      .long w - .
      """
    ),
    (
      "x86_64-none-elf",
      """
      .text
      f: call g
      mov v@GOTPCREL(%rip), %rax
      lea f(%rip), %rax
      .data
      .rept 300
      .quad v, f + 1
      .long w, w - 0x80000000
      .endr
      """
    ),
    ("riscv64-none-elf", "f: call g\nla a0, v\n.data\n.rept 50\n.dword v, f - .\n.endr\n"),
    ("powerpc64-none-elf", "f: bl g\nnop\n.data\n.rept 300\n.quad v, f + 8\n.endr\n"),
    ("s390x-none-elf", "f: brasl %r14, g@PLT\n.data\n.rept 300\n.quad v, f + 8\n.endr\n"),
    ("i386-none-elf", ".data\n.rept 300\n.long v, f\n.endr\n"),
  ]

  /// The same source, its relocations compact or not.
  @Test(arguments: sources) func compactRelocations(target: String, source: String) throws {
    let plain = try ELFFile(try Toolchain.assemble(source, target: target))
    let compact = try ELFFile(
      try Toolchain.assemble(source, target: target, ["-Wa,--crel,--allow-experimental-crel"]))
    #expect(compact.sections.contains { $0.type == .crel })
    #expect(!compact.sections.contains { $0.type == .rela || $0.type == .rel })
    func lines(_ relocations: [Relocation]) -> [String] {
      relocations.map {
        "\($0.table.split(separator: ".").last ?? "") \($0.offset) \($0.type ?? 0) \($0.symbol ?? "") \($0.addend ?? 0)"
      }
    }
    #expect(try lines(compact.relocations()) == lines(plain.relocations()))
    #expect(try compact.relocations().map(\.targetSection) == plain.relocations().map(\.targetSection))
  }

  @Test func compactByHand() throws {
    // Two relocations with addends, offsets shifted by 3: + 2 words, symbol 1, type 257, addend -1; + 100 words.
    let all = try crelRelocations(
      leb(2 * 8 + 4 + 3) + [2 << 3 | 7] + leb(1, 257, -1) + [0x80 | 4 << 3, 100 >> 4])
    #expect(all.map(\.offset) == [16, 16 + 8 * 100] && all.map(\.type) == [257, 257])
    #expect(all.map(\.addend) == [-1, -1] && all[0].symbol == all[1].symbol)
    // Without addends.
    let bare = try crelRelocations(leb(8) + [0x7f & 5 << 2 | 2] + leb(257))
    #expect(bare.map(\.offset) == [5] && bare.map(\.addend) == [nil] && bare.map(\.symbol) == [nil])
    #expect(try crelRelocations([]).isEmpty && crelRelocations([0]).isEmpty)
  }

  @Test func compactMalformed() {
    expect("an end inside a relocation") { try crelRelocations(leb(8)) }
    expect("an end inside a relocation") { try crelRelocations([0x80]) }
    let endless = [UInt8](repeating: 0x80, count: 20)
    expect("a number of more than 64 bits") { try crelRelocations(endless) }
    expect("symbol 99") { try crelRelocations(leb(8) + [1] + leb(99)) }
    expect("symbol 4294967295") { try crelRelocations(leb(8) + [1] + leb(-1)) }
    // One byte each: more than the file has words.
    let dense = leb(8 * 100_000) + [UInt8](repeating: 4, count: 100_000)
    expect("more relocations than the file has words") { try crelRelocations(dense) }
    expect("an end inside a relocation") { try crelRelocations(leb(.max)) }
  }

  @Test func androidByHand() throws {
    let info = Int64(1) << 32 | 257
    let all = try androidRelocations(
      leb(6, 0x1000)
        + leb(2, 1 | 2, 8, 1027)  // delta 8, no addend
        + leb(2, 1 | 2 | 4 | 8, 16, 1027, 5)  // delta 16, addend + 5
        + leb(1, 8, -8, info, -2)  // all of its own
        + leb(0, 0) + leb(1, 0, 1, 1025))
    #expect(all.map(\.offset) == [0x1008, 0x1010, 0x1020, 0x1030, 0x1028, 0x1029])
    #expect(all.map(\.type) == [1027, 1027, 1027, 1027, 257, 1025])
    #expect(all.map(\.addend) == [0, 0, 5, 5, 3, 0])
    #expect(all.map { $0.symbol != nil } == [false, false, false, false, true, false])
    #expect(try androidRelocations(leb(1, 0, 1, 0, 4, 1027), type: 0x6000_0001).map(\.addend) == [nil])
    #expect(try androidRelocations(leb(0, 0)).isEmpty)
  }

  @Test func androidMalformed() {
    expect("no APS2 magic") { try relocations(0x6000_0002, [1, 2, 3]) }
    expect("an end inside a relocation") { try androidRelocations([]) }
    expect("-1 relocations") { try androidRelocations(leb(-1, 0)) }
    expect("a group of 2 relocations") { try androidRelocations(leb(1, 0, 2, 0)) }
    expect("a group of -1 relocations") { try androidRelocations(leb(1, 0, -1, 0)) }
    expect("an end inside a relocation") { try androidRelocations(leb(1, 0)) }
    // A group that has all in common takes no byte for each relocation, and one without any never ends.
    let group = leb(.max, 0, .max, 7, 8, 1027, 0)
    expect("more relocations than the file has words") { try androidRelocations(group) }
    let empty = leb(1, 0) + [UInt8](repeating: 0, count: 100_000)
    expect("an end inside a relocation") { try androidRelocations(empty) }
  }

  /// The dynamic table of LLVM's experiment has no size: the stream says it.
  @Test func compactThroughTheDynamicTable() throws {
    var image = Image(bytes: try Fixtures.get().shared(.none))
    let stream = leb(3 * 8 + 4 + 3) + [2 << 3 | 2] + leb(1027) + [1 << 3, 1 << 3]
    let start = image.dynamicContent(7)
    image.bytes.replaceSubrange(start..<start + stream.count, with: stream)
    image.rename(7, to: 0x4000_0026)
    image.rename(8, to: 0x7000_0000)
    image.stripSections()
    let found = try ELFFile(image.bytes).relocations().filter { $0.table == "DT_CREL" }
    #expect(found.map(\.offset) == [16, 24, 32] && found.allSatisfy { $0.type == 1027 && $0.isDynamic })
  }

  /// In a little-endian file of 64-bit MIPS the parts of r_info are in another order.
  @Test func mips() throws {
    let source = ".data\n.rept 3\n.8byte x + 1\n.endr\n"
    let big = try ELFFile(try Toolchain.assemble(source, target: "mips64-none-elf")).relocations()
    let little = try ELFFile(try Toolchain.assemble(source, target: "mips64el-none-elf")).relocations()
    #expect(little == big && big.count == 3 && big.allSatisfy { $0.symbol == "x" && $0.addend == 1 })
  }
}
