// CheckText.swift — what `check` tells a person
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

struct CheckText {
  let colour: Bool

  /// Whether colours are shown: on terminals that have them, unless NO_COLOR is set and not empty (no-color.org).
  static func showsColour(isTerminal: Bool, environment: [String: String]) -> Bool {
    isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  /// - Parameter omissions: the rules that were applied to none of the files.
  func render(_ files: [CheckedFile], omissions: [Rule: Omission]) -> String {
    var lines: [String] = []
    for file in files {
      let path = file.path.printable
      lines += file.notes.map { "note: \(path): \($0)" }
      for (index, finding) in file.findings.enumerated() {
        lines.append(
          paint("error:", "1;31")
            + " \(path): \(finding.location): \(finding.message) [\(finding.rule.rawValue)]")
        // The same remedy once for a run of findings.
        if index + 1 == file.findings.count || file.findings[index + 1].help != finding.help {
          lines.append(paint("help:", "1;36") + " \(finding.help)")
        }
      }
      let counts = file.counts
      let verdict = file.ok ? paint("ok", "1;32") : paint("\(count(file.findings.count, "finding"))", "1;31")
      lines.append(
        "\(path): \(verdict): \(count(counts.dynamicRelocations, "dynamic relocation")), "
          + "\(count(counts.staticRelocations, "static relocation")), "
          + "\(count(counts.undefinedSymbols, "undefined symbol"))")
    }
    if let summary = omissions.summary { lines.append(summary) }
    if files.count > 1 {
      let failed = files.filter { !$0.ok }.count
      lines.append(failed == 0 ? "all \(files.count) files ok" : "\(failed) of \(files.count) files failed")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func paint(_ text: String, _ code: String) -> String {
    colour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }
}
