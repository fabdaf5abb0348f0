// JUnitReport.swift — a JUnit report as an XML parser sees it
// SPDX-License-Identifier: MIT

import Foundation
import FoundationXML
import TestSupport

struct JUnitReport {
  private(set) var suites: [String] = []
  /// Attributes of `testsuites` and of each `testsuite`, in order.
  private(set) var counts: [String: [String]] = [:]
  private(set) var cases = 0
  /// The texts of `failure`.
  private(set) var failures: [String] = []

  /// - Throws: for what is not well-formed.
  init(_ bytes: [UInt8]) throws {
    let parser = XMLParser(data: Data(bytes))
    let reader = Reader()
    parser.delegate = reader
    guard parser.parse() else {
      throw ToolFailure(description: "not well-formed: \(parser.parserError.map { "\($0)" } ?? "")")
    }
    self = reader.report
  }

  fileprivate init() {}

  private final class Reader: NSObject, XMLParserDelegate {
    var report = JUnitReport()
    private var isInFailure = false

    func parser(
      _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?,
      attributes: [String: String]
    ) {
      switch name {
      case "testsuites", "testsuite":
        for key in ["tests", "failures"] { report.counts[key, default: []].append(attributes[key] ?? "") }
        if name == "testsuite" { report.suites.append(attributes["name"] ?? "") }
      case "testcase": report.cases += 1
      case "failure":
        report.failures.append("")
        isInFailure = true
      default: break
      }
    }

    func parser(_: XMLParser, foundCharacters text: String) {
      if isInFailure { report.failures[report.failures.count - 1] += text }
    }

    func parser(_: XMLParser, didEndElement name: String, namespaceURI _: String?, qualifiedName _: String?) {
      if name == "failure" { isInFailure = false }
    }
  }
}
