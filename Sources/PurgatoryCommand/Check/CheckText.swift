// CheckText.swift — what `check` tells a person
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

struct CheckText: CheckWriter {
  let colour: Bool
  /// The rules that were applied to none of the files.
  let omissions: [Rule: Omission]

  /// Whether colours are shown: on terminals that have them, unless NO_COLOR is set and not empty (no-color.org).
  static func showsColour(isTerminal: Bool, environment: [String: String]) -> Bool {
    isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  func begin() -> String { "" }

  func text(of file: CheckedFile) -> String {
    let path = file.path.printable
    var lines = file.notes.map { "note: \(path): \($0)" }
    for (index, finding) in file.findings.enumerated() {
      lines.append(
        paint("error:", "1;31")
          + " \(path): \(finding.location): \(finding.message) [\(finding.rule.rawValue)]")
      // The same remedy once for a run of findings.
      if index + 1 == file.findings.count || file.findings[index + 1].help != finding.help {
        lines.append(paint("help:", "1;36") + " \(finding.help)")
      }
    }
    if let doubt = file.doubt, file.passes {
      lines.append(paint("warning:", "1;33") + " \(path): unproven: \(doubt.reason.printable)")
      lines.append(paint("help:", "1;36") + " \(doubt.help.printable)")
    }
    guard file.verdict != .unreadable else {
      lines.append("\(path): \(verdict(of: file)), so nothing of it was judged")
      return lines.joined(separator: "\n") + "\n"
    }
    let counts = file.counts
    let allowed = file.allowedCount > 0 ? ", \(count(file.allowedCount, "allowed finding"))" : ""
    lines.append(
      "\(path): \(verdict(of: file)): \(count(counts.dynamicRelocations, "dynamic relocation")), "
        + "\(count(counts.staticRelocations, "static relocation")), "
        + "\(count(counts.undefinedSymbols, "undefined symbol"))\(allowed); \(file.judged.printable)\(proof(of: file))"
    )
    return lines.joined(separator: "\n") + "\n"
  }

  func end(_ summary: CheckSummary) -> String {
    var lines = omissions.summary.map { [$0] } ?? []
    if summary.total > 1 { lines.append(summary.words) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func proof(of file: CheckedFile) -> String {
    guard file.ok, case .made(let by) = file.proof else { return "" }
    return ", proven by \(by)"
  }

  private func verdict(of file: CheckedFile) -> String {
    switch file.verdict {
    case .proven: return paint("ok", "1;32")
    case .unproven: return paint("unproven", file.passes ? "1;33" : "1;31")
    case .broken: return paint("broken", "1;31") + ", \(count(file.findingCount, "finding"))"
    case .unreadable: return paint("unreadable", "1;31")
    }
  }

  private func paint(_ text: String, _ code: String) -> String {
    colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
