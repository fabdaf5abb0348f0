// CompiledRelocationTests.swift — what the compiler makes for ARM, i386 and MIPS, by name and class
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

@Suite struct CompiledRelocationTests {
  struct Input: Sendable, CustomTestStringConvertible {
    let target: String
    let source: String
    let expected: [String: RelocationClass]
    /// The type of what a loader adds its base to.
    let relative: String
    var testDescription: String { target }
  }

  private static let mips64 = Input(
    target: "mips64-none-elf",
    source: """
      .text
      .set noreorder
      f: .cpsetup $25, 64, f
      lui $2, %hi(x)
      ld $2, %got_disp(x)($28)
      bal g
      .data
      .8byte x
      .gpdword f
      .4byte x - .
      """,
    expected: [
      "R_MIPS_GPREL16/R_MIPS_SUB/R_MIPS_HI16": .gotOrPLT, "R_MIPS_GPREL16/R_MIPS_SUB/R_MIPS_LO16": .gotOrPLT,
      "R_MIPS_HI16": .absolute, "R_MIPS_GOT_DISP": .gotOrPLT, "R_MIPS_PC16": .pcRelative,
      "R_MIPS_64": .absolute,
      "R_MIPS_GPREL32/R_MIPS_64": .gotOrPLT, "R_MIPS_PC32": .pcRelative,
    ], relative: "R_MIPS_REL32/R_MIPS_64")

  private static let all = [
    Input(
      target: "armv7-none-eabi",
      source: """
        .text
        bl f
        b f
        movw r0, #:lower16:x
        movt r0, #:upper16:x
        .data
        .word x, x - ., x(GOT_PREL), x(TARGET2)
        """,
      expected: [
        "R_ARM_CALL": .pcRelative, "R_ARM_JUMP24": .pcRelative, "R_ARM_MOVW_ABS_NC": .absolute,
        "R_ARM_MOVT_ABS": .absolute, "R_ARM_ABS32": .absolute, "R_ARM_REL32": .pcRelative,
        "R_ARM_GOT_PREL": .gotOrPLT, "R_ARM_TARGET2": .unknown,
      ], relative: "R_ARM_RELATIVE"),
    Input(
      target: "i386-none-elf",
      source: """
        .text
        call f@PLT
        call f
        movl x@GOTOFF(%ebx), %eax
        movl x@GOT(%ebx), %eax
        movl x@INDNTPOFF, %ecx
        .data
        .long x
        .short x
        """,
      expected: [
        "R_386_PLT32": .pcRelative, "R_386_PC32": .pcRelative, "R_386_GOTOFF": .pcRelative,
        "R_386_GOT32X": .gotOrPLT, "R_386_TLS_IE": .tls, "R_386_32": .absolute, "R_386_16": .absolute,
      ], relative: "R_386_RELATIVE"),
    Input(
      target: "mips-none-elf",
      source: """
        .text
        .set noreorder
        lui $2, %hi(x)
        lw $2, %lo(x)($2)
        lw $2, %got(x)($28)
        jal f
        bal f
        .reloc ., R_MIPS_JALR, f
        .data
        .4byte x
        """,
      expected: [
        "R_MIPS_HI16": .absolute, "R_MIPS_LO16": .absolute, "R_MIPS_GOT16": .gotOrPLT, "R_MIPS_26": .absolute,
        "R_MIPS_PC16": .pcRelative, "R_MIPS_JALR": .none, "R_MIPS_32": .absolute,
      ], relative: "R_MIPS_REL32"),
    mips64,
    Input(
      target: "mips64el-none-elf", source: mips64.source, expected: mips64.expected, relative: mips64.relative
    ),
  ]

  @Test(arguments: all) func objects(_ input: Input) throws {
    let file = try ELFFile(try Toolchain.assemble(input.source, target: input.target))
    let found = try file.relocations().map {
      ($0.typeName(for: file.header.machine), $0.classification(for: file.header.machine))
    }
    #expect(Dictionary(found, uniquingKeysWith: { first, _ in first }) == input.expected)
  }

  @Test(arguments: all) func relative(_ input: Input) throws {
    let word = input.target.hasPrefix("mips64") ? ".8byte" : ".4byte"
    let object = try Toolchain.assemble(
      ".data\n.balign 8\n.globl __start\n__start: \(word) label\nlabel: \(word) 0\n", target: input.target)
    let file = try ELFFile(try Toolchain.link(object, ["-pie", "--entry=__start"]))
    let relocations = try file.relocations()
    #expect(relocations.map { $0.typeName(for: file.header.machine) } == [input.relative])
    #expect(relocations.map { $0.classification(for: file.header.machine) } == [.dynamic])
  }

  /// Compositions by their numbers.
  @Test(
    arguments: [
      (0x05_18_07, "R_MIPS_GPREL16/R_MIPS_SUB/R_MIPS_HI16", .gotOrPLT),
      (0x12_00_03, "R_MIPS_REL32/R_MIPS_NONE/R_MIPS_64", .dynamic),
      (0x12_03, "R_MIPS_REL32/R_MIPS_64", .dynamic),
      (0x86_96_88, "R_MICROMIPS_GPREL16/R_MICROMIPS_SUB/R_MICROMIPS_HI16", .gotOrPLT),
      (0x18_12, "R_MIPS_64/R_MIPS_SUB", .absolute), (0x18_0a, "R_MIPS_PC16/R_MIPS_SUB", .pcRelative),
      (0x0a_12, "R_MIPS_64/R_MIPS_PC16", .unknown), (0x07_12, "R_MIPS_64/R_MIPS_GPREL16", .unknown),
      (0x12_00, "R_MIPS_NONE/R_MIPS_64", .unknown), (0x12_20, "R_MIPS_SCN_DISP/R_MIPS_64", .unknown),
      (0x0d_12, "type 3346", .unknown), (0x12_0d, "type 4621", .unknown),
      (0x0d_00_12, "type 851986", .unknown),
      (0x0100_1203, "type 16781827", .unknown),
    ] as [(UInt32, String, RelocationClass)])
  func composition(number: UInt32, name: String, classification: RelocationClass) throws {
    let relocation = Relocation(
      table: "", isDynamic: false, offset: 0, type: number, symbol: nil, addend: nil, targetSection: nil)
    #expect(relocation.typeName(for: .mips) == name)
    #expect(relocation.classification(for: .mips) == classification)
    #expect(relocation.typeName(for: .arm) == "type \(number)")
  }
}
