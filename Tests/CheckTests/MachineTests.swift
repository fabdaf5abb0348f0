// MachineTests.swift — files of other machines: their relocations are counted and named, and the machine is a finding
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

struct ForeignMachine: Sendable, CustomTestStringConvertible {
  let target: String
  /// How the machine is called in findings.
  let name: String
  /// The types of an absolute address, of a distance, and of what a loader adds its base to.
  let absolute: String
  let distance: String
  let relative: String
  var distanceCode = ".long elsewhere - ."
  var testDescription: String { target }

  static let all = [
    ForeignMachine(
      target: "aarch64-none-elf", name: "64-bit little-endian AArch64", absolute: "R_AARCH64_ABS64",
      distance: "R_AARCH64_PREL32", relative: "R_AARCH64_RELATIVE"),
    ForeignMachine(
      target: "x86_64-none-elf", name: "64-bit little-endian x86-64", absolute: "R_X86_64_64",
      distance: "R_X86_64_PC32", relative: "R_X86_64_RELATIVE"),
    ForeignMachine(
      target: "riscv64-none-elf", name: "64-bit little-endian RISC-V", absolute: "R_RISCV_64",
      distance: "R_RISCV_JAL", relative: "R_RISCV_RELATIVE", distanceCode: "jal elsewhere"),
    ForeignMachine(
      target: "powerpc64le-none-elf", name: "64-bit little-endian PowerPC64", absolute: "R_PPC64_ADDR64",
      distance: "R_PPC64_REL32", relative: "R_PPC64_RELATIVE"),
    ForeignMachine(
      target: "s390x-none-elf", name: "64-bit big-endian S/390", absolute: "R_390_64", distance: "R_390_PC32",
      relative: "R_390_RELATIVE"),
  ]
}

@Suite struct MachineTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static func source(_ machine: ForeignMachine) -> String {
    """
    .data
    .balign 8
    .global _start, label
    _start:
    label: .quad label
    \(machine.distanceCode)
    """
  }

  @Test(arguments: ForeignMachine.all)
  func relocationsHaveTheirMachinesNames(_ machine: ForeignMachine) async throws {
    var object = Recipe(source: Self.source(machine))
    object.target = machine.target
    object.isLinked = false
    try await object.make(in: folder, as: "object")
    let absolute = "\(machine.absolute) against label (depends on the load address: no link resolves it)"
    #expect(
      folder.findings(in: "object", .pie)
        == ["absolute-address: .data+0x0: \(absolute), expected position-independent code"])
    let findings = folder.findings(in: "object")
    #expect(
      findings.prefix(2) == [
        "dynamic-relocation: .data+0x0: \(absolute), expected none",
        "dynamic-relocation: .data+0x8: \(machine.distance) against elsewhere "
          + "(a link resolves it where the symbol is defined), expected none",
      ])
    let wrong = "wrong-machine: ELF header: \(machine.name), expected 64-bit little-endian AArch64"
    #expect(findings.contains(wrong) == (machine.target != "aarch64-none-elf"))
    #expect(folder.judge("object").reported == .init(dynamic: 0, static: 2, undefined: 1))
  }

  @Test(arguments: ForeignMachine.all)
  func whatIsLinkedIsCounted(_ machine: ForeignMachine) async throws {
    var program = Recipe(
      source: Self.source(machine) + "\n.global elsewhere\nelsewhere: .long 0", script: nil)
    program.target = machine.target
    try await program.make(in: folder, as: "program")
    let relocations = folder.findings(in: "program", .pie).filter { $0.hasPrefix("dynamic-relocation: ") }
    #expect(
      relocations == [
        "dynamic-relocation: .rela.dyn: .data+0x0: \(machine.relative) to \(label(in: relocations)), expected none"
      ])
    #expect(folder.judge("program").reported == .init(dynamic: 1, static: 0, undefined: 0))

    program.options = ["--emit-relocs"]
    try await program.make(in: folder, as: "fixed")
    #expect(
      folder.findings(in: "fixed", .pie)
        == [
          "absolute-address: .data+0x0: \(machine.absolute) against label, baked in, expected no absolute address"
        ])
  }

  /// Two symbols are there.
  private func label(in findings: [String]) -> String {
    findings.first?.contains("to _start,") == true ? "_start" : "label"
  }

  /// What this tool knows nothing about is not vouched for.
  @Test func anUnknownMachineIsNotProven() async throws {
    var program = Recipe(
      source: ".text\n.global _start\n_start: .long _start", script: nil, options: ["--emit-relocs"])
    program.target = "powerpc-none-elf"
    try await program.make(in: folder, as: "powerpc")
    #expect(
      folder.findings(in: "powerpc", .pie) == [
        "absolute-address: .text+0x0: type 1 against _start, baked in, "
          + "expected a type that is known to be position-independent"
      ])
    #expect(
      folder.findings(in: "powerpc").contains {
        $0.hasPrefix("wrong-machine: ELF header: 32-bit big-endian machine 20")
      })
  }
}
