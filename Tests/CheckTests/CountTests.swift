// CountTests.swift — how many relocations and undefined symbols a file has, however they are stored
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct CountTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// 70 words to relocate, which RELR packs into an address and two bitmaps; one weak symbol that nobody defines.
  private static let words = 70
  private static let source = """
    .text
    .global _start
    _start: adr x0, table
    .weak missing
    bl missing
    .data
    .balign 8
    table:
    .rept \(words)
    .quad table
    .endr
    """

  private func counts(_ name: String) async throws -> Report.Counts {
    try #require(try await folder.report(["--profile", "pie", name]).files.first).counts
  }

  @Test func everyTableCountsTheSame() async throws {
    let expected = Report.Counts(dynamic: Self.words, static: 0, undefined: 1)
    let packed = ["-z", "pack-relative-relocs"]
    for (name, more) in [("plain", []), ("packed", packed), ("rel", ["-z", "rel"])] {
      var recipe = Recipe(source: Self.source)
      recipe.options += more + ["--export-dynamic"]
      try await recipe.make(in: folder, as: name)
      #expect(try await counts(name) == expected, "\(name)")
      // The dynamic table alone leads to them.
      try await Command.tool("llvm-objcopy", ["--strip-sections", name, "bare"], in: folder.path)
      #expect(try folder.read("bare").count < folder.read(name).count)
      let bare = try await counts("bare")
      #expect(bare.dynamicRelocations == Self.words && bare.staticRelocations == 0, "\(name)")
      #expect(
        folder.findings(in: "bare", .pie).filter { $0.hasPrefix("dynamic-relocation: DT_REL") }.count
          == Self.words)
    }
    // Packed ones are fewer bytes, not fewer relocations.
    #expect(try folder.read("packed").count < folder.read("plain").count)
  }

  @Test(arguments: Tools.toolchains)
  func objectsHaveStaticOnes(_ tools: Toolchain.Kind) async throws {
    var recipe = Recipe(source: Self.source)
    recipe.isLinked = false
    try await recipe.make(tools, in: folder, as: "object")
    let readelf = try await Command.tool("readelf", ["-rW", "object"], in: folder.path)
    let lines = readelf.split(separator: "\n").filter { $0.contains(" R_AARCH64_") }.count
    #expect(lines > Self.words)
    #expect(try await counts("object") == .init(dynamic: 0, static: lines, undefined: 1))
  }

  @Test func retainedOnesCountBesideDynamicOnes() async throws {
    var recipe = Recipe(source: Self.source)
    recipe.options.append("--emit-relocs")
    try await recipe.make(in: folder, as: "retained")
    // adr and bl, too.
    #expect(try await counts("retained") == .init(dynamic: Self.words, static: Self.words + 2, undefined: 1))
    // A place that a loader relocates is reported once.
    let places = folder.findings(in: "retained", .pie).filter { $0.contains(".data+0x8:") }
    #expect(
      places == ["dynamic-relocation: .rela.dyn: .data+0x8: R_AARCH64_RELATIVE to table, expected none"])
  }

  /// A symbol of the dynamic table counts as well, once: GNU ld writes its version behind its name in .symtab only.
  @Test func undefinedSymbolsOfBothTablesCountOnce() async throws {
    let library = Recipe(
      source: ".global versioned\nversioned: nop", script: nil,
      options: ["-shared", "--version-script=versions"])
    try folder.write("V1 { versioned; };\n", to: "versions")
    try await library.make(.gnu, in: folder, as: "library.so")
    let recipe = Recipe(
      source: ".global _start\n_start: bl versioned", script: nil, options: ["-pie", "library.so"])
    try await recipe.make(.gnu, in: folder, as: "program")
    let symbols = try await Command.tool("readelf", ["-sW", "program"], in: folder.path)
    try #require(symbols.contains("versioned@V1"))
    #expect(try await counts("program").undefinedSymbols == 1)
    try await Command.tool("llvm-objcopy", ["--strip-sections", "program", "bare"], in: folder.path)
    #expect(try await counts("bare").undefinedSymbols == 1)
    // .symtab without it, .dynsym with it.
    try await Command.tool("llvm-objcopy", ["--strip-all", "program", "stripped"], in: folder.path)
    #expect(try await counts("stripped").undefinedSymbols == 1)
  }

  /// Names are bytes: what looks alike, or is no text at all, is still another one.
  @Test func namesThatLookAlikeAreTwo() async throws {
    let names = ["\u{e9}", "e\u{301}", "ab", "cd"]
    let recipe = Recipe(source: names.map { "bl \"\($0)\"" }.joined(separator: "\n"), isLinked: false)
    var bytes = try await recipe.make(in: folder, as: "x")
    for (name, byte) in [("ab", 0xfe), ("cd", 0xff)] as [(String, UInt8)] {
      let range = try #require(bytes.firstRange(of: Array(name.utf8) + [0]))
      bytes.replaceSubrange(range.dropLast(), with: [byte, byte])
    }
    try folder.write(bytes, to: "x")
    #expect(try await counts("x").undefinedSymbols == names.count)
  }
}
