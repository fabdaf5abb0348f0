// RuleRow.swift — a row of the table of rules: what breaks one, and what nearly does
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

struct RuleRow: Sendable, CustomTestStringConvertible {
  let rule: Rule
  let name: String
  /// The toolchains that make a file of it.
  var tools: Set<Toolchain.Kind> = [.llvm, .gnu]
  var profile = Profile.purgatory
  /// Whether its flat bytes break the rule just so.
  var alsoFlat = false
  let bad: Crafted
  /// All that is found, as `RULE: LOCATION: MESSAGE`.
  let findings: [String]
  /// What differs little, and is right.
  let good: Crafted

  var testDescription: String { "\(rule.rawValue): \(name)" }

  init(
    _ rule: Rule, _ name: String, tools: Set<Toolchain.Kind> = [.llvm, .gnu], profile: Profile = .purgatory,
    alsoFlat: Bool = false, bad: (inout Crafted) -> Void, findings: [String],
    good: (inout Crafted) -> Void = { _ in }
  ) {
    self.rule = rule
    self.name = name
    self.tools = tools
    self.profile = profile
    self.alsoFlat = alsoFlat
    self.bad = Crafted(bad)
    self.findings = findings
    self.good = Crafted(good)
  }

  static let all = positionRows + linkingRows + headerRows + infoRows + contentsRows
}

@Suite struct RuleTests {
  static let cases = Tools.toolchains.flatMap { tools in
    RuleRow.all.filter { $0.tools.contains(tools) }.map { (tools, $0) }
  }

  @Test(arguments: cases)
  func firesAndStaysQuiet(_ tools: Toolchain.Kind, _ row: RuleRow) async throws {
    let folder = try Folder()
    try await row.bad.make(tools, in: folder, as: "bad")
    try await row.good.make(tools, in: folder, as: "good")
    #expect(folder.findings(in: "bad", row.profile) == row.findings)
    #expect(folder.findings(in: "good", row.profile) == [])
    #expect(row.findings.contains { $0.hasPrefix("\(row.rule.rawValue): ") })
    // Allowed, it is not reported; nothing else is hidden with it, and never what could not be read.
    #expect(
      folder.findings(in: "bad", row.profile, allowing: [row.rule])
        == row.findings.filter { !row.rule.mayBeAllowed || !$0.hasPrefix("\(row.rule.rawValue): ") })
    guard row.alsoFlat else { return }
    try await row.bad.makeFlat(tools, in: folder, as: "bad.bin")
    try await row.good.makeFlat(tools, in: folder, as: "good.bin")
    #expect(folder.findings(in: "bad.bin", row.profile) == row.findings)
    #expect(folder.findings(in: "good.bin", row.profile) == [])
  }

  @Test func everyRuleHasARowForEachToolchain() {
    for tools in Toolchain.Kind.allCases {
      let rules = Set(RuleRow.all.filter { $0.tools.contains(tools) }.map(\.rule))
      // VerdictTests are about proofs.
      #expect(rules.union(ManifestRow.all.map(\.rule)).union([.proof]) == Set(Rule.allCases), "\(tools)")
    }
  }

  @Test func everyRuleHasItsPage() throws {
    let page = String(decoding: try read("\(packageFolder)/docs/rules.md"), as: UTF8.self)
    let chapters = page.components(separatedBy: "\n## ").dropFirst()
    #expect(chapters.map { $0.prefix { $0 != "\n" } } == Rule.allCases.map { $0.rawValue[...] })
    // `--explain` shows the same.
    for rule in Rule.allCases { #expect(page.contains(rule.page), "\(rule.page)") }
    #expect(page.contains("`--profile pie` applies the first seven, `malformed-elf` and"))
    #expect(Profile.pie.rules == Set(Rule.allCases.prefix(7)).union([.malformedELF, .manifest]))
    #expect(Profile.purgatory.rules == Set(Rule.allCases))
  }
}
