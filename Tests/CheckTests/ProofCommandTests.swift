// ProofCommandTests.swift — the proof by links from the command line, and as the end of a build
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ProofCommandTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func makeObjects(_ assembly: String) async throws {
    try folder.write(ProofTests.script, to: "blob.lds")
    try await Recipe(source: assembly, isLinked: false).make(in: folder, as: "a.o")
    try await Recipe(source: ".text\n.global other\nother: nop", isLinked: false).make(in: folder, as: "b.o")
  }

  private let proof = ["check", "--objects", "a.o", "b.o", "--script", "blob.lds"]

  @Test func itIsOneOfTheFiles() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl other\nvalue: .quad other")
    let report = try await folder.report([
      "--objects", "a.o", "b.o", "--script", "blob.lds", "--profile", "pie",
    ])
    #expect(report.files.map(\.path) == ["blob.lds"])
    #expect(report.files.first?.findings.map(\.location) == [".text+0x4"])
    // Allowed, it fails no more; but nothing is proven, and the default profile wants that.
    let allowed = proof + ["--allow", "absolute-address"]
    try #expect(await folder.purgatory(allowed).status == .exited(1))
    try #expect(await folder.purgatory(allowed + ["--profile", "pie"]).status == .exited(0))
    try await makeObjects(".text\n.global _start\n_start: bl other")
    try #expect(await folder.purgatory(proof).status == .exited(0))
  }

  /// It judges by the rules of position independence, and by none if it could not be made.
  @Test func itIsAskedNothingElse() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl other")
    let good = try JUnitReport(try await folder.purgatory(proof + ["--format", "junit"]).output)
    let judged = Profile.pie.rules.subtracting([.manifest]).union([.proof])
    #expect(Set(good.rules(nil, in: "blob.lds")) == Set(judged.map(\.rawValue)))
    #expect(good.rules("skipped", in: "blob.lds").count == Rule.allCases.count - judged.count)
    try await makeObjects(".text\n.global _start\n_start: bl nowhere")
    let bad = try JUnitReport(try await folder.purgatory(proof + ["--format", "junit"]).output)
    #expect(bad.rules("error", in: "blob.lds") == ["proof"])
    #expect(bad.rules("skipped", in: "blob.lds").count == Rule.allCases.count - 1)
  }

  /// Whatever the profile asks for: links that were not made are no proof of anything.
  @Test func noProofFailsEveryProfile() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl other")
    // Nothing asks for its member.
    try await Command.tool("llvm-ar", ["--format=gnu", "rc", "lib.a", "b.o"], in: folder.path)
    for profile in ["pie", "purgatory"] {
      for arguments in [
        ["--objects", "missing.o", "--script", "blob.lds"], ["--objects", "a.o", "--script", "missing.lds"],
        ["--objects", "a.o", "--script", "blob.lds"], ["--objects", "lib.a", "--script", "blob.lds"],
        [
          "--objects", "a.o", "b.o", "--script", "blob.lds", "--cross-compile", "no-such-", "--toolchain",
          "gnu",
        ],
      ] {
        let outcome = try await folder.purgatory(["check", "--profile", profile] + arguments)
        #expect(outcome.status == .exited(2) && outcome.text.contains("[proof]"), "\(outcome.text)")
      }
    }
  }

  /// A file of other bytes is not the one that was proven.
  @Test func anotherLinkIsNotProven() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl other")
    try await Recipe.link(["a.o", "b.o"], ProofTests.script, [], .llvm, in: folder, as: "same.elf")
    try await Recipe.link(["b.o", "a.o"], ProofTests.script, [], .llvm, in: folder, as: "other.elf")
    let report = try await folder.report(
      ["--profile", "pie", "same.elf", "other.elf"] + Array(proof.dropFirst()))
    #expect(report.files.map(\.verdict) == ["proven", "unproven", "proven"])
    #expect(report.files[1].proof.missing == "it has other bytes than the links of these objects")
    #expect(report.files[1].proof.help?.contains("--toolchain") == true)
  }

  /// Every format has a place for it; what the linker says goes to the terminal.
  @Test func noProofIsAFindingInEveryFormat() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl nowhere")
    for format in ["text", "json", "sarif", "junit", "github"] {
      let outcome = try await folder.purgatory(proof + ["--format", format])
      #expect(outcome.status == .exited(2))
      #expect(outcome.text.contains("proof") && outcome.text.contains("failed"), "\(format)")
      #expect(outcome.error.contains("nowhere"))
    }
    let missing = try await folder.purgatory(["check", "--objects", "missing.o", "--script", "blob.lds"])
    #expect(missing.status == .exited(2))
    #expect(missing.text.contains("[proof]"))
    let script = try await folder.purgatory(["check", "--objects", "a.o", "--script", "missing.lds"])
    #expect(script.status == .exited(2))
    #expect(script.text.contains("missing.lds: link at its own base: no such file or directory"))
  }

  /// What was not proven is not allowed by allowing what the proof would find.
  @Test func noProofIsNeverAllowed() async throws {
    try await makeObjects(".text\n.global _start\n_start: bl nowhere")
    let allowed = ["--allow", "absolute-address", "--allow", "undefined-symbol", "--allow", "proof"]
    for arguments in [
      Array(proof.dropFirst()), ["--objects", "missing.o", "--script", "blob.lds"],
      ["--objects", "a.o", "--script", "missing.lds"], ["--objects", "missing.o", "--script", "missing.lds"],
    ] {
      let report = try await folder.report(arguments + allowed)
      let file = try #require(report.files.first)
      #expect(!file.ok && file.findings.map(\.rule) == ["proof"], "\(arguments): \(report)")
    }
  }

  /// Files in the purgatory's sources that a link with -pie takes without a word.
  static let hidden: [(tools: Toolchain.Kind, assembly: String, script: String?, found: String)] = [
    (.gnu, "adr x0, rom", nil, "R_AARCH64_ADR_PREL_LO21 against symbol `rom', at another base"),
    (.gnu, "bl rom", nil, ".text: another size at another base"),
    (
      .gnu, "movz x0, #:abs_g0_s:purgatory_start", nil,
      "R_AARCH64_MOVW_SABS_G0 against symbol `purgatory_start'"
    ),
    (.gnu, ".balign 8\nhere: .quad rom - .", nil, "bytes that depend on the base, in here"),
    (.gnu, ".weak missing\nbl missing", nil, "missing: undefined weak symbol"),
    (.llvm, "nop", "QUAD(purgatory_info)", "bytes that depend on the base"),
    (.gnu, "nop", "QUAD(purgatory_info)", "bytes that depend on the base"),
  ]

  @Test(arguments: hidden.indices)
  func aBuildRefusesWhatHidesFromPIE(_ index: Int) async throws {
    let row = Self.hidden[index]
    guard Tools.toolchains.contains(row.tools) else { return }
    try FileManager.default.copyItem(atPath: "\(packageFolder)/purgatory", toPath: "\(folder.path)/source")
    try folder.addSource(".global rom\nrom = 0x100\n", as: "rom.S", to: "source")
    let build = ["build", "--toolchain", row.tools.rawValue, "--source", "source", "-o", "out.bin"]
    try await folder.done(build)

    try folder.addSource(".text\n\(row.assembly)\n", as: "hidden.S", to: "source")
    if let more = row.script {
      let script = try folder.text(of: "source/purgatory.lds")
      let changed = script.replacingOccurrences(of: "{ *(.rodata) }", with: "{ *(.rodata) \(more) }")
      try #require(changed != script)
      try folder.write(changed, to: "source/purgatory.lds")
    }
    let before = try folder.read("out.bin")
    let outcome = try await folder.purgatory(build)
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.contains(row.found), "\(outcome.error)")
    #expect(
      !outcome.error.contains("-ld failed") && !outcome.error.contains("lld failed"),
      "the linker refused it: \(outcome.error)")
    #expect(try folder.read("out.bin") == before)
  }
}
