// JUnit.swift — findings as test results: a suite for each file, a case for each rule
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// Keeps to the schemas of Apache Ant and of Jenkins' xUnit plugin at once: what Ant's demands is there, and nothing that
/// Jenkins' does not know. Reports are reproducible, so when and where they were made is not in them.
struct JUnit: CheckWriter {
  private var index = 0

  func begin() -> String { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n" }

  mutating func text(of file: CheckedFile) -> String {
    defer { index += 1 }
    let cases = Rule.allCases.map { TestCase(file, $0) }
    func count(_ outcome: TestCase.Outcome) -> Int { cases.count { $0.outcome == outcome } }
    let words = ["judged: \(file.judged)", "verdict: \(file.verdict.rawValue)"] + file.notes
    return """
        <testsuite name="\(file.path.printable.escapedForXML)" package="purgatory check" id="\(index)" \
      timestamp="1970-01-01T00:00:00" hostname="localhost" tests="\(cases.count)" \
      failures="\(count(.failure))" errors="\(count(.error))" skipped="\(count(.skipped))" time="0">
          <properties>
            <property name="version" value="\(purgatoryVersion)"/>
          </properties>
      \(cases.map(\.element).joined(separator: "\n"))
          <system-out>\(words.joined(separator: "\n").printableLines.escapedForXML)</system-out>
          <system-err></system-err>
        </testsuite>

      """
  }

  func end(_ summary: CheckSummary) -> String { "</testsuites>\n" }
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
    let findings = file.findings.filter { $0.rule == rule }
    let start =
      "    <testcase classname=\"\(file.path.printable.escapedForXML)\" name=\"\(rule.rawValue)\" time=\"0\""
    let content: String
    if let first = findings.first {
      let outcome = findings.contains { !$0.mayBeAllowed } ? Outcome.error : .failure
      let text = findings.map { "\($0.location): \($0.message)" } + ["help: \(first.help)"]
      content =
        "<\(outcome.rawValue) type=\"\(rule.rawValue)\" message=\"\(text[0].escapedForXML)\">"
        + "\(text.joined(separator: "\n").escapedForXML)</\(outcome.rawValue)>"
      self.outcome = outcome
    } else if rule == .proof, let doubt = file.doubt {
      content = "<skipped message=\"\("unproven: \(doubt.reason); \(doubt.help)".printable.escapedForXML)\"/>"
      outcome = .skipped
    } else if let omission = file.omissions[rule] {
      content = "<skipped message=\"not applied: \(omission.reason)\"/>"
      outcome = .skipped
    } else {
      outcome = nil
      element = start + "/>"
      return
    }
    element = "\(start)>\n      \(content)\n    </testcase>"
  }
}

extension String {
  /// Lines, each printable.
  fileprivate var printableLines: String {
    split(separator: "\n").map { String($0).printable }.joined(separator: "\n")
  }
}
