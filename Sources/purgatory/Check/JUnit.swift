// JUnit.swift — findings as test results: a suite a file, a case a rule
// SPDX-License-Identifier: MIT

import PurgatoryKit

func junitReport(_ files: [CheckedFile]) -> String {
  let failures = files.reduce(0) { $0 + Set($1.findings.map(\.rule)).count }
  var lines = [
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<testsuites name=\"purgatory check\" tests=\"\(files.count * Rule.allCases.count)\" failures=\"\(failures)\">",
  ]
  for file in files {
    let path = xml(file.path.printable)
    let failures = Set(file.findings.map(\.rule)).count
    lines.append("  <testsuite name=\"\(path)\" tests=\"\(Rule.allCases.count)\" failures=\"\(failures)\">")
    for rule in Rule.allCases {
      let findings = file.findings.filter { $0.rule == rule }
      let testcase = "    <testcase classname=\"\(path)\" name=\"\(rule.rawValue)\""
      guard let first = findings.first else {
        lines.append(testcase + "/>")
        continue
      }
      let text = findings.map { "\($0.location): \($0.message)" }.joined(separator: "\n")
      lines.append(testcase + ">")
      lines.append(
        "      <failure message=\"\(xml("\(first.location): \(first.message)"))\">\(xml(text))</failure>")
      lines.append("    </testcase>")
    }
    lines.append("  </testsuite>")
  }
  return (lines + ["</testsuites>"]).joined(separator: "\n") + "\n"
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
