// KindTests.swift — objects, position-independent and fixed-base files, judged by each profile
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct KindTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let source = """
    .text
    .global _start
    _start: adrp x0, elsewhere
    add x0, x0, :lo12:elsewhere
    bl elsewhere
    adrp x1, :got:elsewhere
    ldr x1, [x1, :got_lo12:elsewhere]
    .data
    .balign 8
    .quad elsewhere
    .long elsewhere - .
    .section .debug_info
    .quad _start
    """

  /// Every relocation is listed with its type, its symbol, its place, and whether a link could have resolved it; not
  /// those of what no loader loads.
  @Test(arguments: Tools.toolchains)
  func anObjectListsEachRelocation(_ tools: Toolchain.Kind) async throws {
    var recipe = Recipe(source: Self.source)
    recipe.isLinked = false
    try await recipe.make(tools, in: folder, as: "object")
    func relocation(_ place: String, _ type: String, _ verdict: String) -> String {
      "dynamic-relocation: \(place): R_AARCH64_\(type) against elsewhere (\(verdict)), expected none"
    }
    let here = "a link resolves it where the symbol is defined"
    #expect(
      folder.findings(in: "object") == [
        relocation(".text+0x0", "ADR_PREL_PG_HI21", here), relocation(".text+0x4", "ADD_ABS_LO12_NC", here),
        relocation(".text+0x8", "CALL26", here),
        relocation(".text+0xc", "ADR_GOT_PAGE", "needs a GOT or PLT"),
        relocation(".text+0x10", "LD64_GOT_LO12_NC", "needs a GOT or PLT"),
        relocation(".data+0x0", "ABS64", "depends on the load address: no link resolves it"),
        relocation(".data+0x8", "PREL32", here),
        "undefined-symbol: elsewhere: undefined symbol, expected a definition in this file",
        "load-segment: ELF header: a relocatable object, expected a linked file with one PT_LOAD",
      ])
    // An object that is to be linked: only what no link resolves.
    let code = "expected position-independent code"
    #expect(
      folder.findings(in: "object", .pie) == [
        "got-or-plt: .text+0xc: R_AARCH64_ADR_GOT_PAGE against elsewhere (needs a GOT or PLT), \(code)",
        "got-or-plt: .text+0x10: R_AARCH64_LD64_GOT_LO12_NC against elsewhere (needs a GOT or PLT), \(code)",
        "absolute-address: .data+0x0: R_AARCH64_ABS64 against elsewhere "
          + "(depends on the load address: no link resolves it), \(code)",
      ])
    #expect(folder.judge("object").counts.staticRelocations == 8)
  }

  /// The same source as each kind of file.
  @Test func aLinkedFileIsJudgedByWhatIsLeft() async throws {
    let source = ".text\n.global _start\n_start: nop\n.data\n.balign 8\npointer: .quad _start"
    try await Recipe(source: source).make(in: folder, as: "pie")
    try await Recipe(source: source, options: []).make(in: folder, as: "fixed")
    try await Recipe(source: source, options: ["-shared"]).make(in: folder, as: "shared")
    let relocation = "dynamic-relocation: .rela.dyn: .data+0x0: R_AARCH64_RELATIVE to _start, expected none"
    #expect(folder.findings(in: "pie", .pie).first == relocation)
    #expect(
      folder.findings(in: "shared", .pie).first
        == "dynamic-relocation: .rela.dyn: .data+0x0: R_AARCH64_ABS64 against _start, expected none")
    // Far from 0 an address shows by itself; at 0 it is a number like any other.
    #expect(
      folder.findings(in: "fixed", .pie) == [
        "absolute-address: .data+0x0: 0x10000, the address of _start, expected no absolute address"
      ])
    let low = Recipe.plainScript.replacing("0x10000", with: "0")
    try await Recipe(source: source, script: low, options: []).make(in: folder, as: "low")
    let file = folder.judge("low", .pie)
    #expect(file.verdict == .unproven && file.findings.isEmpty)
    #expect(file.doubt?.reason.hasPrefix("no retained relocations") == true)
    #expect(file.doubt?.help.hasSuffix("/low --objects OBJECT… --script SCRIPT") == true)
  }

  /// `--profile pie` is for anybody's blob: nothing about purgatories is asked of it.
  @Test func aBlobThatIsNoPurgatoryPassesAsPIE() async throws {
    var recipe = Recipe(source: ".text\n.global _start\n_start: adr x0, _start\nret")
    recipe.script = "SECTIONS { . = 0x10000; .text : { *(.text) } /DISCARD/ : { \(Crafted.dynamicTables) } }"
    try await recipe.make(in: folder, as: "blob")
    #expect(folder.findings(in: "blob", .pie) == [])
    #expect(
      folder.findings(in: "blob") == [
        "info-symbol: symbol table: no purgatory_info, expected exactly one"
      ])
    #expect(try await folder.purgatory(["check", "--profile", "pie", "blob"]).status == .exited(0))
    #expect(try await folder.purgatory(["check", "blob"]).status == .exited(1))
  }

  /// Nothing to load is nothing to vouch for.
  @Test func aFileThatLoadsNothingDoesNotPass() async throws {
    var recipe = Recipe(source: ".text\n.global _start\n_start: ret")
    recipe.script =
      "PHDRS { note PT_NOTE; } SECTIONS { .text : { *(.text) } :note /DISCARD/ : { \(Crafted.dynamicTables) } }"
    try await recipe.make(in: folder, as: "nothing")
    #expect(
      folder.findings(in: "nothing", .pie)
        == ["malformed-elf: program headers: no PT_LOAD segment, expected something to load"])
  }
}
