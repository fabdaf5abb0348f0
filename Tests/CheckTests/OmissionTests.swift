// OmissionTests.swift — a rule that was not applied is shown as such in every format, and never as kept
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct OmissionTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// What only a purgatory is asked.
  private static let notOfPIE = [
    "load-segment", "entry", "info-symbol", "wrong-machine", "overlap", "entry-outside-regions", "dtb",
    "proof",
  ]
  /// What is asked of output folders only.
  private static let ofFolders = "manifest"
  /// All others.
  private static let ofFiles = Rule.allCases.map(\.rawValue).filter { $0 != ofFolders }
  /// `dtb` is not of the profile anyway.
  private static let options = ["--profile", "pie", "--allow", "got-or-plt", "--allow", "dtb"]
  private static let sentence =
    "not applied: got-or-plt (--allow); \(notOfPIE.joined(separator: ", ")) (--profile pie)"

  private func check(_ format: String, _ arguments: [String]) async throws -> Outcome {
    try await folder.purgatory(["check", "--format", format] + arguments)
  }

  @Test func peopleAreToldOnce() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    let files = ["good.elf", "good.elf"]
    let line =
      "good.elf: ok: 0 dynamic relocations, 0 static relocations, 0 undefined symbols; "
      + "a linked ELF file for AArch64 (ET_DYN), proven by the seal of its build\n"
    let all = "2 proven of 2 files"
    let version = "purgatory check \(purgatoryVersion)"
    let text = try await check("text", files + Self.options).text
    #expect(text == "\(line)\(line)\(Self.sentence)\n\(all)\n")
    let log = try await check("github", files + Self.options).text
    #expect(log == "\(all); \(version); \(Self.sentence)\n")
    // Where all rules are applied there is nothing to say.
    try #expect(await check("text", files).text == "\(line)\(line)\(all)\n")
    try #expect(await check("github", files).text == "\(all); \(version)\n")
  }

  @Test func scriptsAreToldOfEachFile() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    let file = try #require(try await folder.report(["good.elf"] + Self.options).files.first)
    #expect(file.notApplied.filter { $0.reason == "allow" }.map(\.rule) == ["got-or-plt"])
    #expect(file.notApplied.filter { $0.reason == "profile" }.map(\.rule) == Self.notOfPIE)
    #expect(file.notApplied.filter { $0.reason == "unjudged" }.map(\.rule) == [Self.ofFolders])
    #expect(file.notApplied.count == 10)
    try #expect(await folder.report(["good.elf"]).files[0].notApplied.map(\.rule) == [Self.ofFolders])
  }

  @Test func junitSkips() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    let report = try JUnitReport(try await check("junit", ["good.elf"] + Self.options).output)
    #expect(report.cases.map(\.rule) == Rule.allCases.map(\.rawValue))
    #expect(
      report.rules(nil, in: "good.elf") == [
        "dynamic-relocation", "dynamic-section", "undefined-symbol", "absolute-address", "thread-local",
        "flat-layout", "malformed-elf",
      ])
    let messages = report.cases.filter { $0.outcome == "skipped" }.map { "\($0.rule) \($0.message)" }
    #expect(messages.first == "got-or-plt not applied: --allow")
    #expect(
      Set(messages.dropFirst())
        == Set(Self.notOfPIE.map { "\($0) not applied: --profile pie" })
        .union(["manifest not applied: nothing to judge by"]))
    let all = try JUnitReport(try await check("junit", ["good.elf"]).output)
    #expect(all.rules(nil, in: "good.elf") == Self.ofFiles)
    #expect(all.rules("skipped", in: "good.elf") == [Self.ofFolders])
  }

  /// SARIF 2.1.0 §3.20.5: what the command line changed of the tool's rules.
  @Test func sarifDisables() async throws {
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    func overrides(_ options: [String]) async throws -> [SARIFLog.Override] {
      let output = try await check("sarif", ["good.elf"] + options).output
      let run = try #require(try JSONDecoder().decode(SARIFLog.self, from: Data(output)).runs.first)
      let invocation = try #require(run.invocations.first)
      #expect(run.invocations.count == 1 && invocation.executionSuccessful)
      for override in invocation.ruleConfigurationOverrides {
        #expect(run.tool.driver.rules[override.descriptor.index].id == override.descriptor.id)
      }
      return invocation.ruleConfigurationOverrides
    }
    let found = try await overrides(Self.options)
    #expect(found.map(\.descriptor.id) == ["got-or-plt"] + Self.notOfPIE)
    #expect(found.allSatisfy { !$0.configuration.enabled })
    try #expect(await overrides([]).isEmpty)
  }

  /// What a file does not show is not shown as kept.
  @Test func whatCouldNotBeJudgedIsSkipped() async throws {
    try await Crafted().makeFlat(in: folder, as: "good.bin")
    try await Crafted { $0.infoSize = "0x378" }.make(in: folder, as: "size.elf")
    try await Crafted { $0.fields[0x38] = 1 }.make(in: folder, as: "memory.elf")
    try await Recipe(source: ".text\nnop", target: "x86_64-none-elf", isLinked: false)
      .make(in: folder, as: "other.o")
    try folder.write("#!/bin/sh\n", to: "script")
    let names = ["good.bin", "size.elf", "memory.elf", "other.o", "script", "missing"]
    let report = try JUnitReport(try await check("junit", names).output)
    func skipped(_ file: String) -> [String] { report.rules("skipped", in: file) }
    let all = Rule.allCases.map(\.rawValue)

    let elfOnly = all.prefix(7) + ["entry", "wrong-machine", Self.ofFolders]
    #expect(Set(skipped("good.bin")) == Set(elfOnly))
    #expect(report.rules("failure", in: "size.elf") == ["info-symbol"])
    #expect(skipped("size.elf") == [Self.ofFolders, "proof"])
    #expect(report.rules("failure", in: "memory.elf") == ["info-symbol"])
    #expect(skipped("memory.elf") == ["overlap", "entry-outside-regions", "dtb", Self.ofFolders, "proof"])
    #expect(report.rules("failure", in: "other.o") == ["wrong-machine"])
    #expect(Set(skipped("other.o")) == Set(Self.notOfPIE.filter { $0 != "wrong-machine" } + [Self.ofFolders]))
    #expect(report.rules("error", in: "script") == ["malformed-elf"])
    #expect(report.rules("error", in: "missing") == ["malformed-elf"])
    for file in ["script", "missing"] {
      #expect(skipped(file) == all.filter { $0 != "malformed-elf" })
    }
    #expect(
      report.cases.filter { $0.outcome == "skipped" }.allSatisfy {
        $0.message.contains("nothing to judge by")
      })
  }

  /// A rule is broken, left out or kept: one of them.
  @Test func nothingIsBrokenAndNotApplied() async throws {
    for row in RuleRow.all {
      try await row.bad.make(row.tools.contains(.llvm) ? .llvm : .gnu, in: folder, as: "x")
      let file = folder.judge("x", row.profile)
      #expect(!file.findings.isEmpty)
      #expect(file.findings.allSatisfy { file.omissions[$0.rule] == nil }, "\(row)")
      let allowed = folder.judge("x", row.profile, allowing: [row.rule])
      #expect(allowed.omissions[row.rule] == (row.rule.mayBeAllowed ? .allowed : nil), "\(row)")
    }
  }
}
