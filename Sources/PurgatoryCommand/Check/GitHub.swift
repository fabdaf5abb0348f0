// GitHub.swift — findings as annotations of a GitHub workflow
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// One workflow command for each finding, and the summary for the log.
///
/// - Parameter omissions: the rules that were applied to none of the files.
func githubAnnotations(_ files: [CheckedFile], omissions: [Rule: Omission]) -> String {
  let annotations = files.flatMap { file in
    file.findings.map { finding in
      "::error file=\(escape(file.path, property: true)),title=\(finding.rule.rawValue)"
        + "::\(escape("\(finding.location): \(finding.message); \(finding.help)", property: false))\n"
    }
  }
  let failed = files.filter { !$0.ok }.count
  let summary = ["\(files.count - failed) of \(files.count) files ok", omissions.summary].compactMap(\.self)
  return annotations.joined() + summary.joined(separator: "; ") + "\n"
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
