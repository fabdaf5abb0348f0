// BrokenSourceTests.swift — a purgatory that would need a loader's relocation is refused as it is linked
// SPDX-License-Identifier: MIT

import Subprocess
import TestSupport
import Testing

@Suite struct BrokenSourceTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.copyReal(into: folder, as: "source")
  }

  struct Addition: Sendable, CustomTestStringConvertible {
    let name: String
    let assembly: String
    /// What each toolchain says: the linker script's words, or its own.
    let llvm: String
    let gnu: String
    /// The file that is blamed.
    var blamed = "purgatory.lds"
    var testDescription: String { name }

    init(_ name: String, _ assembly: String, says both: String) {
      self.init(name, assembly, llvm: both, gnu: both)
    }

    init(_ name: String, _ assembly: String, llvm: String, gnu: String, blamed: String = "purgatory.lds") {
      self.name = name
      self.assembly = assembly
      self.llvm = llvm
      self.gnu = gnu
      self.blamed = blamed
    }
  }

  static let additions = [
    Addition(
      "an absolute address", ".section .rodata\n.balign 8\n.quad purgatory_info", llvm: "R_AARCH64_ABS64",
      gnu: "dynamic-relocation: something needs its address at run time"),
    Addition(
      "a weak symbol through the GOT",
      ".text\n.weak missing\nadrp x0, :got:missing\nldr x0, [x0, :got_lo12:missing]",
      says: "got-or-plt: something is addressed through the GOT"),
    Addition(
      "a global symbol through the GOT",
      ".text\n.global other\nother: adrp x0, :got:other\nldr x0, [x0, :got_lo12:other]",
      says: "got-or-plt: something is addressed through the GOT"),
    Addition("an undefined symbol", ".text\nbl missing", llvm: "undefined symbol: missing", gnu: "`missing'"),
    Addition("data", ".data\n.long 1", says: "load-segment: data outside struct purgatory_info"),
    Addition("zeros", ".bss\n.skip 16", says: "load-segment: data outside struct purgatory_info"),
    Addition("common data", ".comm shared, 8, 8", says: "load-segment: data outside struct purgatory_info"),
    Addition("a section of another name", ".section .mine, \"a\"\n.long 1", says: ".mine"),
    Addition("code of another section", ".section .text.hot, \"ax\"\nnop", says: ".text.hot"),
    Addition("too much code", ".text\n.rept 2048\nnop\n.endr", says: "the blob's file bytes are over budget"),
    Addition(
      "too much scratch", ".section .scratch, \"aw\", %nobits\n.skip 0x40000",
      says: "the blob's memory is over budget"),
    Addition("more info", ".section .head\n.quad 0", says: "the code must start right after"),
    Addition(
      "no assembly", ".text\nfrobnicate x0", llvm: "added.S:2:1: error: unrecognized instruction mnemonic",
      gnu: "added.S:2: Error: unknown mnemonic `frobnicate'", blamed: "added.S"),
    Addition(
      "no such header", "#include \"missing.h\"", llvm: "'missing.h' file not found",
      gnu: "missing.h: No such file or directory", blamed: "added.S"),
  ]

  @Test(.serialized, arguments: Toolchain.available, additions)
  func isRefused(_ toolchain: Toolchain, _ addition: Addition) async throws {
    try folder.addSource(addition.assembly + "\n", as: "added.S", to: "source")
    let before = try folder.snapshot()
    let outcome = try await folder.purgatory(
      ["build", "--toolchain", toolchain.rawValue, "--source", "source", "-o", "out.bin"])
    let row = Refusal(addition.name, [], because: toolchain == .llvm ? addition.llvm : addition.gnu)
    let faults = try faults(of: outcome, exitCode: 1, row: row, before: before, after: folder.snapshot())
    #expect(faults == [], "\(outcome.error)")
    let last = outcome.error.split(separator: "\n").last { $0.hasPrefix("error: ") } ?? ""
    #expect(last.hasPrefix("error: \(folder.path)/source/\(addition.blamed): "), "\(last)")
    #expect(last.contains(" failed: exit status 1"), "\(last)")
  }

  /// Both linkers take these, and GNU ld leaves no trace of them in what it links.
  @Test(arguments: Toolchain.available, ["bl missing", "adrp x0, missing\nadd x0, x0, :lo12:missing"])
  func anUndefinedWeakSymbolIsRefused(_ toolchain: Toolchain, _ use: String) async throws {
    try folder.addSource(".text\n.weak missing\n\(use)\n", as: "added.S", to: "source")
    let before = try folder.snapshot()
    let outcome = try await folder.purgatory([
      "build", "--toolchain", toolchain.rawValue, "--source", "source",
    ])
    let row = Refusal(use, [], because: "missing: undefined weak symbol in added.o")
    let faults = try faults(of: outcome, exitCode: 1, row: row, before: before, after: folder.snapshot())
    #expect(faults == [], "\(outcome.error)")
  }

  /// What is added to the sources is built: a refusal above is not for a file that would not be read.
  @Test(.serialized, arguments: Toolchain.available)
  func aGoodAdditionIsAccepted(_ toolchain: Toolchain) async throws {
    try folder.addSource(
      ".text\nnop\nadr x0, purgatory_info\n.section .rodata\n.ascii \"more\"\n", as: "added.S",
      to: "source")
    try await folder.done(["build", "--toolchain", toolchain.rawValue, "--source", "source", "-o", "out.bin"])
    #expect(try folder.read("out.bin") != (try await Built.get().real))
  }
}
