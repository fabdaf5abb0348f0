// CheckJSON.swift — what `check` tells a script; the keys are a contract (docs/json.md)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit

struct CheckJSON: CheckWriter {
  private var isFirst = true

  func begin() -> String { "{\n  \"files\" : [\n" }

  mutating func text(of file: CheckedFile) throws -> String {
    defer { isFirst = false }
    return (isFirst ? "" : ",\n") + (try jsonText(File(file)).indented(by: 4))
  }

  func end(_ summary: CheckSummary) throws -> String {
    """

      ],
      "ok" : \(summary.ok),
      "tool" : {
        "name" : "purgatory check",
        "version" : "\(purgatoryVersion)"
      }
    }

    """
  }

  private struct File: Encodable {
    let path: String
    let judged: String
    let ok: Bool
    let verdict: String
    let proof: Proof
    let counts: Counts
    let findings: [Finding]
    let allowedFindings: Int
    let notes: [String]
    let notApplied: [Omission]

    enum CodingKeys: String, CodingKey {
      case path, judged, ok, verdict, proof, counts, findings, notes
      case allowedFindings = "allowed_findings"
      case notApplied = "not_applied"
    }

    init(_ file: CheckedFile) {
      path = file.path
      judged = file.judged
      ok = file.ok
      verdict = file.verdict.rawValue
      proof = Proof(file)
      counts = Counts(
        dynamicRelocations: file.counts.dynamicRelocations, staticRelocations: file.counts.staticRelocations,
        undefinedSymbols: file.counts.undefinedSymbols)
      findings = file.findings.map {
        Finding(
          rule: $0.rule.rawValue, location: $0.location, message: $0.message, help: $0.help, count: $0.count)
      }
      allowedFindings = file.allowedCount
      notes = file.notes
      notApplied = file.omissions.inOrder.map { Omission(rule: $0.rule.rawValue, reason: $0.omission.id) }
    }
  }

  /// What has proven the file; or what is missing, and how it is made.
  private struct Proof: Encodable {
    let by: String?
    let missing: String?
    let help: String?

    init(_ file: CheckedFile) {
      if file.verdict == .proven, case .made(let by) = file.proof {
        (self.by, missing, help) = (by, nil, nil)
      } else {
        (by, missing, help) = (nil, file.doubt?.reason, file.doubt?.help)
      }
    }
  }

  private struct Counts: Encodable {
    let dynamicRelocations: Int
    let staticRelocations: Int
    let undefinedSymbols: Int

    enum CodingKeys: String, CodingKey {
      case dynamicRelocations = "dynamic_relocations"
      case staticRelocations = "static_relocations"
      case undefinedSymbols = "undefined_symbols"
    }
  }

  private struct Finding: Encodable {
    let rule: String
    let location: String
    let message: String
    let help: String
    let count: Int
  }

  private struct Omission: Encodable {
    let rule: String
    let reason: String
  }
}

/// Readable, reproducible JSON, without a final newline.
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self).printableJSON
}

extension String {
  /// Each line so many spaces further in.
  func indented(by count: Int) -> String {
    let space = [UInt8](repeating: UInt8(ascii: " "), count: count)
    let newline = UInt8(ascii: "\n")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count * 3 / 2)
    var last = newline
    for byte in utf8 {
      if last == newline, byte != newline { bytes += space }
      bytes.append(byte)
      last = byte
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
