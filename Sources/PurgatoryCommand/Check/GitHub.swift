// GitHub.swift — findings as annotations of a GitHub workflow
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// One workflow command for each rule and file: of a job's annotations GitHub shows ten of a kind.
struct GitHub: CheckWriter {
  /// The rules that were applied to none of the files.
  let omissions: [Rule: Omission]

  func begin() -> String { "" }

  func text(of file: CheckedFile) -> String {
    var lines: [String] = []
    for rule in Rule.allCases {
      let findings = file.findings.filter { $0.rule == rule }
      guard let first = findings.first else { continue }
      let others = findings.count == 1 ? "" : " (and \(findings.count - 1) other kinds)"
      lines.append(
        command("error", file, rule, "\(first.location): \(first.message)\(others); \(first.help)"))
    }
    if let doubt = file.doubt, file.passes {
      lines.append(command("warning", file, .proof, "unproven: \(doubt.reason); \(doubt.help)"))
    }
    for note in file.notes { lines.append(command("notice", file, nil, note)) }
    return lines.joined()
  }

  func end(_ summary: CheckSummary) -> String {
    [summary.words, "purgatory check \(purgatoryVersion)", omissions.summary].compactMap(\.self)
      .joined(separator: "; ") + "\n"
  }

  private func command(_ kind: String, _ file: CheckedFile, _ rule: Rule?, _ text: String) -> String {
    "::\(kind) file=\(escape(file.path, property: true)),title=\(rule?.rawValue ?? "purgatory check")"
      + "::\(escape("\(text) [\(file.judged)]", property: false))\n"
  }
}

/// A property ends at a comma or a colon, a message at the end of the line.
private func escape(_ text: String, property: Bool) -> String {
  var escapes: [Unicode.Scalar: String] = ["%": "%25", "\r": "%0D", "\n": "%0A"]
  if property {
    escapes[":"] = "%3A"
    escapes[","] = "%2C"
  }
  return text.unicodeScalars.reduce(into: "") { $0 += escapes[$1] ?? String($1).printable }
}
