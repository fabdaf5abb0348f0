// RetainedTests.swift — fixed-base files whose linker kept the relocations: each is judged by what it does
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct RetainedTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Assembly that is linked with `--emit-relocs` at a fixed base, `label` being in it and `constant` a number.
  private func findings(
    of assembly: String, _ tools: Toolchain.Kind = .llvm, data: String = "*(.data)"
  ) async throws -> [String] {
    let script = """
      constant = 0x1010;
      SECTIONS { . = 0x10000; .text : { *(.text) } .data : { \(data) } inside = .; }

      """
    let source = ".text\n.global _start, label\n_start: nop\nlabel:\n\(assembly)"
    try await Recipe(source: source, script: script, options: ["--emit-relocs"]).make(
      tools, in: folder, as: "file")
    return folder.findings(in: "file", .pie)
  }

  private static func absolute(_ place: String, _ relocation: String, _ expected: String) -> [String] {
    ["absolute-address: \(place): R_AARCH64_\(relocation), baked in, expected \(expected)"]
  }

  @Test(arguments: Tools.toolchains)
  func absoluteOnesAreFound(_ tools: Toolchain.Kind) async throws {
    let rows: [(assembly: String, found: [String])] = [
      (".balign 8\n.quad label", Self.absolute(".text+0x8", "ABS64 against label", "no absolute address")),
      (".long label", Self.absolute(".text+0x4", "ABS32 against label", "no absolute address")),
      (".data\n.quad inside", Self.absolute(".data+0x0", "ABS64 against inside", "no absolute address")),
      (
        "movz x0, #:abs_g1:label",
        Self.absolute(".text+0x4", "MOVW_UABS_G1 against label", "no absolute address")
      ),
      (
        "adr x0, constant",
        Self.absolute(".text+0x4", "ADR_PREL_LO21 against constant", "no distance to a fixed address")
      ),
      (
        "bl constant", Self.absolute(".text+0x4", "CALL26 against constant", "no distance to a fixed address")
      ),
    ]
    for row in rows { #expect(try await findings(of: row.assembly, tools) == row.found, "\(row.assembly)") }
  }

  @Test(arguments: Tools.toolchains)
  func othersPass(_ tools: Toolchain.Kind) async throws {
    for assembly in [
      "adr x0, label", "adrp x0, label\nadd x0, x0, :lo12:label\nldrb w1, [x0, :lo12:label]", "bl label",
      ".data\n.long label - .", "adr x0, inside", ".balign 8\n.quad constant", ".long constant",
      "movz x0, #:abs_g0:constant", "add x0, x0, :lo12:constant",
      // What is not loaded, debug information say, may have any addresses.
      "b label\n.section .debug_info\n.quad label",
    ] {
      #expect(try await findings(of: assembly, tools) == [], "\(assembly)")
    }
  }

  /// Relocations of what is not loaded prove nothing about what is.
  @Test func debugInformationIsNoProof() async throws {
    let found = try await findings(of: ".section .debug_info\n.quad label")
    #expect(found == [])
    #expect(folder.judge("file", .pie).doubt?.reason.hasPrefix("no retained relocations") == true)
    #expect(folder.judge("file", .pie).counts.staticRelocations == 1)
  }

  /// A script that puts the GOT into .data hides it from the rule about sections.
  @Test func aGOTInTheDataIsFound() async throws {
    let assembly = "adrp x0, :got:label\nnop\nldr x0, [x0, :got_lo12:label]"
    let found = try await findings(of: assembly, data: "*(.data) *(.got .got.plt)")
    #expect(
      found == [
        "got-or-plt: .text+0xc: R_AARCH64_LD64_GOT_LO12_NC against label, baked in, expected no GOT or PLT"
      ])
  }

  /// One name for a number in one object and for a place in another: it may be the place that is meant.
  @Test func aNumberOfTheSameNameExcusesNothing() async throws {
    let place = Recipe(
      source: ".data\n.balign 8\ntwin: .quad twin\n.text\n.global _start\n_start: nop", isLinked: false)
    let number = Recipe(source: "twin = 7\n.text\nnop\n.quad twin", isLinked: false)
    // GNU as keeps the symbol in the relocation.
    try await place.make(.gnu, in: folder, as: "place.o")
    try await number.make(.gnu, in: folder, as: "number.o")
    // A global function keeps its name in relocations.
    try folder.write(
      ".data\n.global twin\ntwin: .quad twin\n.text\n.global _start\n_start: nop\n", to: "place.s")
    try await Command.tool(
      "clang", ["--target=aarch64-none-elf", "-c", "place.s", "-o", "place.o"], in: folder.path)
    try await Recipe.link(
      ["number.o", "place.o"], Recipe.plainScript, ["--emit-relocs"], .llvm, in: folder, as: "both")
    #expect(
      folder.findings(in: "both", .pie)
        == Self.absolute(".data+0x0", "ABS64 against twin", "no absolute address"))
    // Only the other object makes the name a number's.
    let symbols = try await Command.tool("readelf", ["-sW", "both"], in: folder.path)
    #expect(symbols.contains(" ABS twin"))
  }
}
