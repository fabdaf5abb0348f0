// TrapTests.swift — never ok without a proof: each trap's verdicts, and what the proven ones do at several bases
// SPDX-License-Identifier: MIT

import ELF
import Emulation
import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct TrapTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  static let cases = Tools.toolchains.flatMap { tools in
    Trap.all.filter { $0.tools.contains(tools) }.map { (tools, $0) }
  }

  @Test(arguments: cases)
  func itsVerdictIsSaid(_ tools: Toolchain.Kind, _ trap: Trap) async throws {
    let objects = try await trap.make(tools, in: folder, as: "blob.elf")
    let file = try #require(try await folder.report(["--profile", "pie", "blob.elf"]).files.first)
    #expect(file.verdict == trap.pie.rawValue, "\(file)")
    #expect(
      file.findings.contains { $0.rule == trap.says } || file.proof.missing?.contains(trap.says) == true,
      "\(file)")
    // Unproven passes, unless a proof is required; broken does not.
    let required = try await folder.purgatory(["check", "--profile", "pie", "--require-proof", "blob.elf"])
    #expect(required.status == .exited(1))
    // Nobody takes it for a purgatory.
    let purgatory = try #require(try await folder.report(["blob.elf"]).files.first)
    #expect(purgatory.verdict != "proven" && !purgatory.findings.isEmpty)

    guard let links = trap.links else { return }
    let report = try await folder.report(
      [
        "--profile", "pie", "blob.elf", "--toolchain", tools.rawValue, "--script", "blob.elf.lds",
        "--objects",
      ]
        + objects)
    #expect(report.files.map(\.path) == ["blob.elf", "blob.elf.lds"])
    #expect(report.files[1].verdict == links.rawValue, "\(report.files[1])")
    // The file has the bytes of the links, and is as they are.
    if links == .proven {
      #expect(report.files[0].verdict == "proven", "\(report.files[0])")
    } else {
      #expect(report.files[0].verdict == trap.pie.rawValue)
    }
  }

  /// What runs them, and the register of the result.
  private static let processors: [String: (processor: Processor, result: String)] = [
    "aarch64-none-elf": (.aarch64, "x0"), "riscv64-none-elf": (.riscv64, "a0"),
    "armv7a-none-eabi": (.arm, "r0"), "i386-none-elf": (.i386, "eax"), "x86_64-none-elf": (.amd64, "rax"),
  ]

  private func results(of trap: Trap, _ flat: [UInt8]) throws -> [UInt64?] {
    let (processor, register) = try #require(Self.processors[trap.target])
    return try ([0x1000, 0x5678_9000, 0x2a5b_5000] as [UInt64]).map { base in
      let emulated = try Emulated(processor, code: flat, at: base, more: 0x1000)
      let run = try emulated.run(entry: 0, maximum: 1000)
      return run.end == .returned ? run[register] : nil
    }
  }

  static let proven = Trap.all.filter { $0.links == .proven }

  /// The flat file of each is proven by its ELF file, and does at every base what it should.
  @Test(arguments: proven)
  func whatIsProvenRunsAnywhere(_ trap: Trap) async throws {
    let objects = try await trap.make(.llvm, in: folder, as: "blob.elf")
    try await Command.tool("llvm-objcopy", ["-O", "binary", "blob.elf", "blob.bin"], in: folder.path)
    let report = try await folder.report(
      ["--profile", "pie", "--require-proof", "--flat", "blob.bin", "--elf", "blob.elf"]
        + ["--script", "blob.elf.lds", "--objects"] + objects)
    #expect(report.ok && report.files.map(\.path) == ["blob.elf", "blob.bin", "blob.elf.lds"], "\(report)")
    let results = try results(of: trap, try folder.read("blob.bin"))
    let first = try #require(results[0])
    #expect([5, 7, 9, 11, 13, 15, 0x1234].contains(first))
    #expect(results == [first, first, first])
  }

  @Test func enoughOfThemRun() {
    #expect(Self.proven.count >= 5 && Set(Self.proven.map(\.target)).count == 5)
  }

  /// The check can fail: what is broken does something else elsewhere.
  @Test(arguments: [
    "QUAD(symbol), -pie", "a first byte off its page", "ABSOLUTE(.), -pie", "loaded elsewhere",
  ])
  func whatIsBrokenDoesNot(_ name: String) async throws {
    let trap = try #require(Trap.all.first { $0.name == name })
    try await trap.make(.llvm, in: folder, as: "blob.elf")
    try await Command.tool("llvm-objcopy", ["-O", "binary", "blob.elf", "blob.bin"], in: folder.path)
    let bases: [UInt64] = [0x1000, 0x5678_9000]
    let results = try results(of: trap, try folder.read("blob.bin"))
    // Either an address that is not where it is, or not what it should load.
    #expect(results[0] != 0x1234 && !zip(bases, results).allSatisfy { $0 == $1 }, "\(results)")
  }

  /// A difference in one byte of the flat file, and the proof is of another one.
  @Test func aFlatFileIsHeldAgainstItsELFFile() async throws {
    let trap = try #require(Trap.all.first { $0.name == "memory regions" })
    try await trap.make(.llvm, in: folder, as: "blob.elf")
    try await Command.tool("llvm-objcopy", ["-O", "binary", "blob.elf", "blob.bin"], in: folder.path)
    let flat = try folder.read("blob.bin")
    #expect(flat.count == 0x1008)
    func findings(_ bytes: [UInt8]) async throws -> [String] {
      try folder.write(bytes, to: "other.bin")
      let report = try await folder.report(["--profile", "pie", "--flat", "other.bin", "--elf", "blob.elf"])
      return report.files[1].findings.map { "\($0.rule): \($0.location): \($0.message)" }
    }
    #expect(try await findings(flat) == [])
    // Filled and padded, all alike.
    #expect(try await findings(flat + [0, 0, 0]) == [])
    let filled = flat.enumerated().map { (12..<0x1000).contains($0.offset) ? 0xff : $0.element }
    #expect(try await findings(filled + [0xff]) == [])
    #expect(
      try await findings(filled + [0])
        == ["flat-layout: offset 0x1008: bytes behind the ELF file's, expected nothing, or padding"])
    #expect(
      try await findings(flat.dropLast()) == [
        "flat-layout: file: 4103 bytes, expected the 4104 that the ELF file loads"
      ])
    var changed = flat
    changed[4] ^= 1
    #expect(
      try await findings(changed)
        == ["flat-layout: offset 0x4: other bytes than .text+0x4, expected the ELF file's"])
    changed = flat
    changed[0x800] = 1
    #expect(
      try await findings(changed)
        == [
          "flat-layout: offset 0x800: bytes that are not the ELF file's, expected nothing between its sections"
        ])
    #expect(try await findings([]).first?.contains("is empty") == true)
    #expect(
      try await findings([0] + flat)
        == ["flat-layout: offset 0x0: other bytes than .text+0x0, expected the ELF file's"])
  }

  /// The project's own objects and script, and two words in it.
  @Test(arguments: Tools.toolchains)
  func ourOwnWithAnAddressInTheScript(_ tools: Toolchain.Kind) async throws {
    try FileManager.default.copyItem(atPath: "\(packageFolder)/purgatory", toPath: "\(folder.path)/source")
    let script = try folder.text(of: "source/purgatory.lds")
    let dry = try await folder.done([
      "build", "--source", "source", "--toolchain", tools.rawValue, "--dry-run", "--format", "elf", "-o", "x",
    ])
    let commands = dry.text.components(separatedBy: "\n\n")[0]
    try folder.write("set -e\n\(commands)\n", to: "script")
    for more in ["", "QUAD(purgatory_info) QUAD(purgatory_start)"] {
      let changed = script.replacingOccurrences(of: "{ *(.rodata) }", with: "{ *(.rodata) \(more) }")
      try #require(changed.contains("QUAD") == !more.isEmpty)
      try folder.write(changed, to: "source/purgatory.lds")
      _ = try await Command.tool("sh", ["script"], in: folder.path)
      let file = try #require(try await folder.report(["purgatory.elf"]).files.first)
      #expect(file.verdict == "unproven" && file.findings.map(\.rule) == ["proof"], "\(file)")
    }
  }

  /// A program is judged itself, whatever it carries.
  @Test func aHostIsJudgedItself() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "purgatory.elf")
    let source =
      ".section .head, \"ax\"\n.global _start\n_start: ldr x0, =payload\nret\n.ltorg\n.data\n.balign 8\n"
      + "payload: .incbin \"purgatory.elf\""
    let recipe = Recipe(
      source: source, script: nil, options: ["-pie", "--no-dynamic-linker", "-z", "notext"])
    try await recipe.make(in: folder, as: "host.elf")
    for profile in Profile.allCases {
      let file = folder.judge("host.elf", profile)
      #expect(file.verdict == .broken && file.counts.dynamicRelocations == 1, "\(profile)")
      #expect(file.judged == "a linked ELF file for AArch64 (ET_DYN)")
    }
    let embedded = folder.judge("host.elf", embedded: true)
    #expect(embedded.verdict == .proven && embedded.judged.hasSuffix(", not the program around it"))
  }

  static let unreadable: [(name: String, make: @Sendable (Folder) async throws -> Void, says: String)] = [
    (
      "raw.bin", { try $0.write([0xd5, 3, 0x20, 0x1f], to: "raw.bin") },
      "judge a flat file with its ELF file"
    ),
    (
      "bitcode.o",
      {
        try $0.write("int x;\n", to: "x.c")
        try await Command.tool(
          "clang", ["--target=aarch64-none-elf", "-flto", "-c", "x.c", "-o", "bitcode.o"], in: $0.path)
      }, "LLVM bitcode"
    ),
    (
      "lto.o",
      {
        try $0.write("int x;\nint *y = &x;\n", to: "x.c")
        try await Command.tool("gcc", ["-flto", "-c", "x.c", "-o", "lto.o"], in: $0.path)
      }, "GCC's intermediate code"
    ),
    (
      "pe.exe", { try $0.write(Array("MZ".utf8) + [UInt8](repeating: 0, count: 100), to: "pe.exe") },
      "a PE file"
    ),
    ("thin.a", { try $0.write("!<thin>\nx\n", to: "thin.a") }, "a thin archive"),
    ("x.gz", { try $0.write([0x1f, 0x8b, 8, 0], to: "x.gz") }, "gzip's"),
  ]

  @Test(arguments: unreadable.map(\.name))
  func whatCannotBeJudgedIsNamed(_ name: String) async throws {
    let row = try #require(Self.unreadable.first { $0.name == name })
    if name == "lto.o", Tools.inPath("gcc") == nil, !Tools.isCI { return }
    try await row.make(folder)
    for allowed in [[], ["--allow", "proof", "--allow", "absolute-address"]] {
      let outcome = try await folder.purgatory(["check", "--profile", "pie", name] + allowed)
      #expect(outcome.status == .exited(2) && outcome.text.contains(row.says), "\(outcome.text)")
      #expect(!outcome.text.contains("ok"))
    }
  }

  /// Another linker, which takes no scripts.
  @Test(.enabled(if: Tools.find("mold") != nil || Tools.isCI, "mold is not in PATH"))
  func whatMoldLinksIsJudgedAlike() async throws {
    let far = "adrp x0, far\nldr x0, [x0, :lo12:far]\n.data\nfar: .quad 1"
    let literal = "ldr x0, =_start\n.ltorg"
    // What its own layout brings along differs from release to release; what is absolute is absolute in each.
    let rows: [(source: String, options: [String], isBroken: Bool)] = [
      ("adr x0, _start", ["-pie"], false), ("adr x0, _start", ["-static"], false), (far, ["-static"], true),
      (literal, ["-static"], true), (literal, ["-static", "--emit-relocs"], true), (literal, ["-pie"], true),
    ]
    for row in rows {
      let source = ".text\n.global _start\n_start: \(row.source)\n"
      try await Recipe(source: source, isLinked: false).make(in: folder, as: "x.o")
      try await Command.tool("mold", row.options + ["x.o", "-o", "x.elf"], in: folder.path)
      let file = folder.judge("x.elf", .pie)
      #expect(
        file.verdict == .broken || (file.verdict == .unproven && !row.isBroken), "\(row): \(file.lines)")
    }
  }
}
