// Judging.swift — what `check` finds in a file, a line each
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

extension CheckedFile {
  /// `RULE: LOCATION: MESSAGE`
  var lines: [String] { findings.map(\.line) }

  var reported: Report.Counts {
    .init(
      dynamic: counts.dynamicRelocations, static: counts.staticRelocations, undefined: counts.undefinedSymbols
    )
  }
}

extension Finding {
  var line: String { "\(rule.rawValue): \(location): \(message)" }
}

extension Folder {
  /// The findings in a file of this folder, judged in this process.
  func findings(
    in name: String, _ profile: Profile = .purgatory, allowing allowed: Set<Rule> = [], embedded: Bool = false
  ) -> [String] {
    judge(name, profile, allowing: allowed, embedded: embedded).lines
  }

  func judge(
    _ name: String, _ profile: Profile = .purgatory, allowing allowed: Set<Rule> = [], embedded: Bool = false
  ) -> CheckedFile {
    var checker = Checker()
    checker.profile = profile
    checker.judgesEmbedded = embedded
    // What was linked by hand has no seal; what is said of that is tested by itself.
    checker.allowances = allowed.union([.proof]).map { Allowance($0) }
    return checker.check(path: "\(path)/\(name)")
  }

  /// `purgatory check --format json`, which ends with 0, 1 or 2 and keeps to its contract.
  func report(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws -> Report
  {
    let outcome = try await purgatory(["check", "--format", "json"] + arguments)
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output))
    let isUnreadable = report.files.contains { $0.verdict == "unreadable" }
    let passes = report.files.allSatisfy { $0.findings.isEmpty }
    #expect(
      outcome.status == .exited(isUnreadable ? 2 : passes ? 0 : 1), sourceLocation: sourceLocation)
    #expect(report.ok == report.files.allSatisfy(\.ok), sourceLocation: sourceLocation)
    for file in report.files {
      #expect(file.ok == (file.verdict == "proven"), sourceLocation: sourceLocation)
      #expect(file.ok == (file.proof.by != nil), sourceLocation: sourceLocation)
      #expect(!file.ok || file.findings.isEmpty, sourceLocation: sourceLocation)
      #expect((file.verdict == "unproven") == (file.proof.missing != nil), sourceLocation: sourceLocation)
      let broken = Set(file.findings.map(\.rule))
      #expect(broken.isDisjoint(with: file.notApplied.map(\.rule)), sourceLocation: sourceLocation)
    }
    return report
  }
}

/// The JSON that the design promises.
struct Report: Decodable {
  let ok: Bool
  let files: [File]

  struct File: Decodable {
    let path: String
    let judged: String
    let ok: Bool
    let verdict: String
    let proof: Proof
    let counts: Counts
    let notes: [String]
    let findings: [Finding]
    let notApplied: [Omission]

    enum CodingKeys: String, CodingKey {
      case path, judged, ok, verdict, proof, counts, findings, notes
      case notApplied = "not_applied"
    }
  }

  struct Counts: Decodable, Equatable {
    let dynamicRelocations: Int
    let staticRelocations: Int
    let undefinedSymbols: Int

    enum CodingKeys: String, CodingKey {
      case dynamicRelocations = "dynamic_relocations"
      case staticRelocations = "static_relocations"
      case undefinedSymbols = "undefined_symbols"
    }

    init(dynamic: Int, static: Int, undefined: Int) {
      dynamicRelocations = dynamic
      staticRelocations = `static`
      undefinedSymbols = undefined
    }
  }

  struct Proof: Decodable {
    let by: String?
    let missing: String?
    let help: String?
  }

  struct Finding: Decodable {
    let rule: String
    let location: String
    let message: String
    let help: String
    let count: Int
  }

  struct Omission: Decodable {
    let rule: String
    let reason: String
  }
}
