// ProofTests.swift — objects linked at several bases: what hides from relocations shows in the bytes
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ProofTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  static let script = "SECTIONS { . = 0x40000000; .text : { *(.text) } .data : { *(.data) } }\n"

  /// The findings of the proof over `assembly`, linked with `script`.
  private func prove(
    _ assembly: String, _ tools: Toolchain.Kind, script: String = ProofTests.script
  ) async throws -> [String] {
    try await Recipe(
      source: ".text\n.global _start\n_start: nop\n\(assembly)", isLinked: false
    ).make(tools, in: folder, as: "a.o")
    try folder.write(".global far\nfar = 0x40000100\n", to: "b.s")
    try await Command.tool("clang", ["--target=aarch64-none-elf", "-c", "b.s", "-o", "b.o"], in: folder.path)
    try folder.write(script, to: "s.lds")
    try folder.write("MEMORY { INCLUDE ram.lds }\n", to: "memory.lds")
    try folder.write("ram : ORIGIN = 0x1000, LENGTH = 64K\n", to: "ram.lds")
    try folder.write("a/*.o(.text) *(.text) /* } */\n", to: "text.lds")
    let toolchain = try Toolchain.find(
      tools, crossCompile: nil, path: ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try await toolchain.prove(
      LinkInput(objects: ["\(folder.path)/a.o", "\(folder.path)/b.o"], script: "\(folder.path)/s.lds")
    ).findings.map(\.line)
  }

  private static func depends(_ place: String, in symbol: String) -> [String] {
    [
      "absolute-address: \(place): bytes that depend on the base, in \(symbol), "
        + "expected the same bytes at every base"
    ]
  }

  @Test(arguments: Tools.toolchains)
  func whatDependsOnTheBaseIsFound(_ tools: Toolchain.Kind) async throws {
    let rows: [(assembly: String, found: [String])] = [
      (".data\n.quad 1\npointer: .quad _start", Self.depends(".data+0x8", in: "pointer")),
      ("ldr x0, =_start\n.ltorg", Self.depends(".text+0x8", in: "_start")),
      (
        "adr x0, pool\nother: nop\npool: .quad _start\nmore: .quad 5, _start\n",
        Self.depends(".text+0xc", in: "pool") + Self.depends(".text+0x1c", in: "more")
      ),
      (
        "where: movz x0, #:abs_g3:_start\nmovk x0, #:abs_g2_nc:_start\nmovk x0, #:abs_g1_nc:_start",
        Self.depends(".text+0x4", in: "where")
      ),
      // A byte behind a symbol that is not at a word's start.
      (".data\n.byte 1\nodd: .quad _start", Self.depends(".data+0x1", in: "odd")),
    ]
    for row in rows { #expect(try await prove(row.assembly, tools) == row.found, "\(row.assembly)") }
  }

  @Test(arguments: Tools.toolchains)
  func whatDoesNotPasses(_ tools: Toolchain.Kind) async throws {
    for assembly in [
      "adr x0, _start", "adrp x0, data\nadd x0, x0, :lo12:data\n.data\n.quad 1\ndata: .quad 2", "bl _start",
      ".balign 8\n.quad _start - .", ".balign 8\n.quad far", "ldr x0, =0x123456789abc\n.ltorg",
    ] {
      #expect(try await prove(assembly, tools) == [], "\(assembly)")
    }
  }

  /// What cannot be linked so high up is absolute, too: the linker says where.
  @Test(arguments: Tools.toolchains)
  func whatDoesNotReachIsFound(_ tools: Toolchain.Kind) async throws {
    let rows: [(assembly: String, place: String, type: String)] = [
      (".long _start", ".text+0x4", "R_AARCH64_ABS32"),
      ("adrp x0, far", ".text+0x4", "R_AARCH64_ADR_PREL_PG_HI21"),
      ("nop\nmovz x0, #:abs_g1:_start", ".text+0x8", "R_AARCH64_MOVW_UABS_G1"),
      (".data\n.quad 3\nadr x0, far", ".data+0x8", "R_AARCH64_ADR_PREL_LO21"),
    ]
    for row in rows {
      let found = try await prove(row.assembly, tools)
      #expect(found.count == 1, "\(row.assembly): \(found)")
      let line = found.first ?? ""
      #expect(line.hasPrefix("absolute-address: \(row.place): relocation "), "\(line)")
      #expect(line.contains(row.type), "\(line)")
      #expect(line.hasSuffix(", at another base, expected the same bytes at every base"), "\(line)")
      #expect(!line.contains(folder.path) && !line.contains("second.elf"), "\(line)")
    }
  }

  /// Undefined weak symbols are left out of what GNU ld links.
  @Test(arguments: Tools.toolchains)
  func undefinedWeakSymbolsAreFound(_ tools: Toolchain.Kind) async throws {
    #expect(
      try await prove(".weak missing, far\nbl missing\nbl missing\nldr x0, =far\n.ltorg", tools)
        == ["undefined-symbol: missing: undefined weak symbol in a.o, expected a definition"])
  }

  /// A script that discards relocations leaves nothing to find in the file (docs/rules.md says so).
  @Test(arguments: Tools.toolchains)
  func discardedRelocationsAreFound(_ tools: Toolchain.Kind) async throws {
    let script =
      "SECTIONS { . = 0; .text : { *(.text) } .data : { *(.data) } .got 0 (INFO) : { *(.got*) } "
      + "/DISCARD/ : { *(.rela*) \(Crafted.dynamicTables) } }\n"
    #expect(
      try await prove(".data\nvalue: .quad _start", tools, script: script)
        == Self.depends(".data+0x0", in: "value"))
    try await Recipe.link(
      ["a.o"], script, ["-pie", "--no-dynamic-linker", "-z", "notext"], tools, in: folder, as: "baked")
    #expect(folder.findings(in: "baked", .pie) == [])
  }

  static let scripts: [(name: String, text: String)] = [
    (
      "comments",
      "/* SECTIONS { . = 1; } */ SECTIONS /* : */ { /* . = 5; */ . = 0x1000 /* ; */ ; .text : { *(.text) } .data : { *(.data) } }"
    ),
    (
      "lines",
      "# SECTIONS {\nENTRY(_start)\nSECTIONS {\n  # . = 7;\n  . = 0x1000;\n  .text : { *(.text) }\n  .data : { *(.data) }\n}"
    ),
    (
      "a comment that begins with an accent",
      "/*\u{301} SECTIONS { . = 1; } */ SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) } }"
    ),
    (
      "objects of a folder",
      "SECTIONS { .text 0x1000 : { build/*.o(.text) *(.text) } .data 0x2000 : { [a-z]/*.o(.data) *(.data) } }"
    ),
    (
      "an assertion first",
      "SECTIONS { ASSERT(1 == 1, \"never\") . = 0x1000; .text : { *(.text) } .data : { *(.data) } }"
    ),
    ("a later base", "SECTIONS { .text : { *(.text) } . = 0x2000; .data : { *(.data) } }"),
    (
      "SECTIONS twice",
      "SECTIONS { . = 0x1000; .text : { *(.text) } } SECTIONS { . = 0x2000; .data : { *(.data) } }"
    ),
    (
      "INPUT as a name",
      "SEARCH_DIR(/nowhere/INPUT) SEARCH_DIR(/nowhere/INCLUDE) SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) } }"
    ),
    ("no base", "SECTIONS { .text : { *(.text) } .data : { *(.data) } }"),
    ("base 0", "SECTIONS { . = 0; .text : { *(.text) } .data : { *(.data) } }"),
    (
      "an expression",
      "base = 0x8000;\nSECTIONS { . = base + (1 ? 0x1000 : 0); .text : { *(.text) } .data : { *(.data) } }"
    ),
    ("relative", "SECTIONS { . += 0x1000; .text : { *(.text) } . = . + 0x100; .data : { *(.data) } }"),
    (
      "a longer word",
      "SECTIONS_START = 0x2000; ASSERT(1, \"SECTIONS {\") SECTIONS { . = SECTIONS_START; .text : { *(.text) } .data : { *(.data) } }"
    ),
    (
      "segments",
      "PHDRS { load PT_LOAD FLAGS(7); } SECTIONS { . = 0; .text : { *(.text) } :load .data : { *(.data) } :load }"
    ),
    ("two bases", "SECTIONS { . = 0x1000; .text : { *(.text) } . = 0x2000; .data : { *(.data) } }"),
    ("a base of a section", "SECTIONS { .text 0x1000 : { *(.text) } .data : { *(.data) } }"),
    ("a base of each", "SECTIONS { . = 0x1000; .text : { *(.text) } .data 0x1000 + 0x1000 : { *(.data) } }"),
    (
      "a base by name",
      "base = 0x3000; SECTIONS { .text base : { *(.text) } =0xff .data : { *(.data) } }"
    ),
    (
      "memory",
      "MEMORY { ram (rwx) : ORIGIN = 0x1000, LENGTH = 64K } SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram }"
    ),
    (
      "two memories",
      "MEMORY { one : org = 0x1000, len = 4K two : o = 0x4000 /* , */ + 0x1000, l = 4K } SECTIONS { .text : { *(.text) } >one .data : { *(.data) } >two }"
    ),
    (
      "the origin of memory",
      "MEMORY { ram : ORIGIN = 0x1000, LENGTH = 64K } SECTIONS { . = ORIGIN(ram); .text : { *(.text) } >ram .data : { *(.data) } >ram }"
    ),
    (
      "alignment",
      "SECTIONS { . = 0x1000; .text : { *(.text) } . = ALIGN(4096); .data : ALIGN(64) { *(.data) } }"
    ),
    (
      "a large alignment",
      "SECTIONS { . = 0x10000; .text : { *(.text) } . = ALIGN(0x10000); .data : { *(.data) } }"
    ),
    (
      "a comment behind a base",
      "SECTIONS { . = 0x1000 /* the start of . */; .text : { *(.text) } . = 0x2000 # 2\n; .data : { *(.data) } }"
    ),
    ("a comment in a header", "SECTIONS { .text 0x1000 /* : */ : { *(.text) } .data : { *(.data) } }"),
    ("a name in quotation marks", "SECTIONS { \".text\" 0x1000 : { *(.text) } .data : { *(.data) } }"),
    ("two colons", "SECTIONS { .text 0x1000 : AT(1 ? 0x1000 : 0) { *(.text) } .data : { *(.data) } }"),
    (
      "files that are included",
      "INCLUDE memory.lds SECTIONS { .text : { INCLUDE \"text.lds\" } >ram .data : { *(.data) } >ram }"
    ),
    ("a wildcard", "SECTIONS { . = 0x1000; .text : { */*.o(.text) *(.text) } .data : { *(.data) } }"),
  ]

  @Test(arguments: Tools.toolchains, scripts.map(\.name))
  func everyFormOfScriptIsMoved(_ tools: Toolchain.Kind, _ name: String) async throws {
    let script = try #require(Self.scripts.first { $0.name == name }).text + "\n"
    #expect(try await prove("adr x0, _start\n.data\n.quad 1", tools, script: script) == [])
    #expect(
      try await prove(".data\nvalue: .quad _start", tools, script: script)
        == Self.depends(".data+0x0", in: "value"))
  }

  /// What asks for single bits of an address does not get by.
  @Test(arguments: Tools.toolchains, [4, 12, 16, 20, 24, 31, 32, 40, 46, 47, 55, 61, 63])
  func aBitOfAnAddressIsEnough(_ tools: Toolchain.Kind, _ bit: Int) async throws {
    let script =
      "SECTIONS { . = 0x40000000; .text : { *(.text) BYTE((_start >> \(bit)) & 1) } .data : { *(.data) } }"
    let found = try await prove("nop", tools, script: script + "\n")
    // Those below a page stay as they are.
    #expect(found.isEmpty == (bit < 12), "\(found)")
    guard bit >= 12 else { return }
    let two = script.replacing("& 1)", with: "& (_start >> \(bit < 63 ? bit + 1 : 62)) & 1)")
    #expect(try await !prove("nop", tools, script: two + "\n").isEmpty, "two bits")
  }

  /// Hardware and memory elsewhere stay where they are, and the distances to them do not.
  @Test(
    arguments: Tools.toolchains,
    [
      "MEMORY { ram : ORIGIN = 0x40000000, LENGTH = 1M uart : ORIGIN = 0x09000000, LENGTH = 4K } "
        + "SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram place = ORIGIN(uart); }",
      "MEMORY { uart : ORIGIN = 0x09000000 /* a PL011 */, LENGTH = 4K ram : ORIGIN = 0x40000000, LENGTH = 1M } "
        + "SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram place = ORIGIN(uart); }",
      "MEMORY { uart : ORIGIN = (0x09000000), LENGTH = 4K ram : ORIGIN = (160M), LENGTH = 1M } "
        + "SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram place = ORIGIN(uart); }",
      "base = 0x0a000000; MEMORY { uart : ORIGIN = base - 0x1000000, LENGTH = 4K ram : ORIGIN = base, LENGTH = 1M } "
        + "SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram place = ORIGIN(uart); }",
      "SECTIONS { .text : { *(.text) } .data : { *(.data) } . = 0x09000000; place = .; }",
      "SECTIONS { .text : { *(.text) } .data : { *(.data) } .uart 0x09000000 (NOLOAD) : { place = .; . += 8; } }",
      "SECTIONS { . = 0x09000000; place = .; . = 0x40000000; .text : { *(.text) } .data : { *(.data) } }",
      "MEMORY { flash : ORIGIN = 0x08000000, LENGTH = 1M ram : ORIGIN = 0x20000000, LENGTH = 1M } "
        + "SECTIONS { .text : { *(.text) } >flash .data : { *(.data) } >flash .bss (NOLOAD) : { place = .; *(.bss) } >ram }",
    ])
  func whatStaysIsFound(_ tools: Toolchain.Kind, _ script: String) async throws {
    let code = "adrp x0, place\nadd x0, x0, :lo12:place\n.bss\n.skip 8"
    let found: [String]
    do { found = try await prove(code, tools, script: script + "\n") } catch {
      #expect(script.contains("NOLOAD"), "\(error)")
      return
    }
    #expect(found.contains { $0.hasPrefix("absolute-address: .text+0x4: ") }, "\(found)")
    // What does not ask for it runs anywhere.
    if !script.contains("NOLOAD") {
      #expect(try await prove("adr x0, _start", tools, script: script + "\n") == [])
    }
  }

  /// Below, too.
  @Test(arguments: Tools.toolchains) func aConditionIsFound(_ tools: Toolchain.Kind) async throws {
    let script =
      "SECTIONS { . = 0x60000000; .text : { *(.text) BYTE(_start > 0x50000000 ? 1 : 2) } .data : { *(.data) } }"
    #expect(try await !prove("nop", tools, script: script + "\n").isEmpty)
  }

  /// What a script adds is not looked at, so it may not.
  @Test(arguments: [
    "INPUT(c.o)", "STARTUP (c.o)", "INCLUDE more.lds", "INCLUDE \"none.lds\"", "INCLUDE loop.lds;",
    "INCLUDE pipe.lds",
  ])
  func aScriptNamesNoObjects(_ statement: String) async throws {
    try folder.write("/* \" */ GROUP(c.o)\n", to: "more.lds")
    try folder.write(String(repeating: "INCLUDE loop.lds ", count: 10_000) + "\n", to: "loop.lds")
    #expect(mkfifo("\(folder.path)/pipe.lds", 0o600) == 0)
    let refusal = await #expect(throws: Rejection.self) {
      _ = try await prove("nop", .llvm, script: statement + "\n" + Self.script)
    }
    let found = try #require(refusal?.problems.first).found
    #expect(
      found == "objects that the script names"
        || found.hasSuffix(".lds, which cannot be read, or includes too much"),
      "\(found)")
  }

  /// A table that is called like a GOT, and single bits of addresses beside a GOT that is not read.
  @Test func onlyTheGOTItselfIsExcused() async throws {
    let got =
      "adrp x0, :got:value\nldr x0, [x0, :got_lo12:value]\n.data\n.balign 8\n.hidden value\n.global value\nvalue: .quad 1\n"
    let script = { (more: String) in
      "SECTIONS { . = 0; .text : { *(.text) \(more) } .data : { *(.data) } .got : { *(.got) } .got_table : { *(.got_table) } }\n"
    }
    #expect(try await prove(got, .llvm, script: script("")) == [])
    #expect(
      try await !prove(got + ".section .got_table, \"a\"\n.quad _start", .llvm, script: script("")).isEmpty)
    #expect(try await !prove(got, .llvm, script: script("BYTE((_start >> 46) & 1)")).isEmpty)
  }

  /// Nothing is nothing to prove.
  @Test func nothingIsNotProven() async throws {
    await #expect(throws: Rejection.self) {
      _ = try await prove("", .llvm, script: "SECTIONS { /DISCARD/ : { *(.text) *(.data) } }\n")
    }
  }

  /// Addresses of a script's own look like numbers in the file.
  @Test(
    arguments: Tools.toolchains,
    [
      "end = ABSOLUTE(.);", "end = ORIGIN(ram) + LENGTH(ram);",
      "end = 0x40000000 + 0x1000 + ADDR(.text) - ADDR(.text) + .;",
    ])
  func addressesOfTheScriptAreFound(_ tools: Toolchain.Kind, _ end: String) async throws {
    let script =
      "MEMORY { ram : ORIGIN = 0x40000000, LENGTH = 64K } "
      + "SECTIONS { .text : { *(.text) } >ram .data : { *(.data) } >ram \(end) }\n"
    #expect(
      try await prove(".data\nvalue: .quad end", tools, script: script)
        == Self.depends(".data+0x0", in: "value"))
  }

  private static let notMoved =
    "addresses that do not follow its bases, "
    + "expected all of them relative to the origins of MEMORY and to numbers that `.` is set to"

  static let unmovable: [(script: String, problem: String)] = [
    ("late = 0x2000; SECTIONS { . = 0x1000; .text : { *(.text) } . = late; .data : { *(.data) } }", notMoved),
    ("late = 0x2000; SECTIONS { . = 0x1000; .text : { *(.text) } .data late : { *(.data) } }", notMoved),
    (
      "SECTIONS { . = 0x1000; .text : { *(.text) } .data : { *(.data) } } ASSERT(_start < 0x10000, \"too high\")",
      "no link at another base, expected a script that links at any base"
    ),
  ]

  /// No proof is an error that says so; it is neither a pass nor a wrong accusation.
  @Test(arguments: Tools.toolchains, unmovable.indices)
  func aScriptThatCannotBeMovedIsAnError(_ tools: Toolchain.Kind, _ index: Int) async throws {
    let row = Self.unmovable[index]
    let rejection = await #expect(throws: Rejection.self) {
      _ = try await prove(".data\n.quad 1", tools, script: row.script + "\n")
    }
    #expect(rejection?.problems.map(\.description) == ["\(folder.path)/s.lds: SECTIONS: \(row.problem)"])
    #expect(
      rejection?.problems.first?.help == "start SECTIONS with `. = BASE;` and set addresses nowhere else")
  }
}
