// JUnit.swift — findings as test results: one suite, a case for each file and rule
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// Keeps to the schemas of Jenkins' xUnit plugin and of Maven Surefire at once: the root is one suite that has all four
/// counts, and each case has a time.
func junitReport(_ files: [CheckedFile]) -> String {
  let cases = files.flatMap { file in Rule.allCases.map { TestCase(file, $0) } }
  func count(_ outcome: TestCase.Outcome) -> Int { cases.count { $0.outcome == outcome } }
  return """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuite name="purgatory check" tests="\(cases.count)" errors="\(count(.error))" \
    skipped="\(count(.skipped))" failures="\(count(.failure))">
    \(cases.map(\.element).joined(separator: "\n"))
    </testsuite>

    """
}

/// Whether a file keeps a rule.
private struct TestCase {
  enum Outcome: String {
    case failure, error, skipped
  }

  /// nil: it passed.
  let outcome: Outcome?
  let element: String

  init(_ file: CheckedFile, _ rule: Rule) {
    let findings = file.findings.filter { $0.rule == rule }.map { xml("\($0.location): \($0.message)") }
    let start = "  <testcase classname=\"\(xml(file.path.printable))\" name=\"\(rule.rawValue)\" time=\"0\""
    let content: String
    if let first = findings.first {
      let outcome = file.wasRead ? Outcome.failure : .error
      let text = findings.joined(separator: "\n")
      content =
        "<\(outcome.rawValue) type=\"\(rule.rawValue)\" message=\"\(first)\">\(text)</\(outcome.rawValue)>"
      self.outcome = outcome
    } else if let omission = file.omissions[rule] {
      content = "<skipped message=\"not applied: \(omission.reason)\"/>"
      outcome = .skipped
    } else {
      outcome = nil
      element = start + "/>"
      return
    }
    element = "\(start)>\n    \(content)\n  </testcase>"
  }
}

private func xml(_ text: String) -> String {
  // By scalar: a combining character behind it must not hide one that has to be escaped.
  text.unicodeScalars.reduce(into: "") { result, scalar in
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    default: result.unicodeScalars.append(scalar)
    }
  }
}
