// CheckJSON.swift — what `check` tells a script; the keys are a contract (docs/abi.md)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit

struct CheckJSON: Encodable {
  let ok: Bool
  let files: [File]

  struct File: Encodable {
    let path: String
    let ok: Bool
    let counts: Counts
    let findings: [Finding]
    let notApplied: [Omission]

    enum CodingKeys: String, CodingKey {
      case path, ok, counts, findings
      case notApplied = "not_applied"
    }
  }

  struct Counts: Encodable {
    let dynamicRelocations: Int
    let staticRelocations: Int
    let undefinedSymbols: Int

    enum CodingKeys: String, CodingKey {
      case dynamicRelocations = "dynamic_relocations"
      case staticRelocations = "static_relocations"
      case undefinedSymbols = "undefined_symbols"
    }
  }

  struct Finding: Encodable {
    let rule: String
    let location: String
    let message: String
  }

  struct Omission: Encodable {
    let rule: String
    let reason: String
  }

  init(_ files: [CheckedFile]) {
    ok = files.allSatisfy(\.ok)
    self.files = files.map { file in
      File(
        path: file.path, ok: file.ok,
        counts: Counts(
          dynamicRelocations: file.counts.dynamicRelocations,
          staticRelocations: file.counts.staticRelocations,
          undefinedSymbols: file.counts.undefinedSymbols),
        findings: file.findings.map {
          Finding(rule: $0.rule.rawValue, location: $0.location, message: $0.message)
        },
        notApplied: file.omissions.inOrder.map {
          Omission(rule: $0.rule.rawValue, reason: $0.omission.id)
        })
    }
  }
}

/// Readable, reproducible JSON, with a final newline.
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self).printableJSON + "\n"
}
