// JUnitReport.swift — a JUnit report, held to what the schemas of Apache Ant and of Jenkins both take
// SPDX-License-Identifier: MIT

import Foundation
import FoundationXML
import TestSupport

struct JUnitReport {
  struct Case: Equatable {
    let file: String
    let rule: String
    /// `failure`, `error`, `skipped`; nil: it passed.
    let outcome: String?
    let message: String
    let text: String
  }

  private(set) var cases: [Case] = []
  /// What each suite says beside.
  private(set) var output: [String] = []

  /// The texts of `failure`.
  var failures: [String] { cases.filter { $0.outcome == "failure" }.map(\.text) }

  /// The rules of `file` that have this outcome.
  func rules(_ outcome: String?, in file: String) -> [String] {
    cases.filter { $0.file == file && $0.outcome == outcome }.map(\.rule)
  }

  /// - Throws: for what is not well-formed, or what one of the two schemas does not take, or does not add up.
  init(_ bytes: [UInt8]) throws {
    let root = try XMLTree(bytes).root
    try root.holds("testsuites", [])
    for (index, suite) in root.children.enumerated() {
      guard suite.attributes["id"] ?? "\(index)" == "\(index)" else {
        throw ToolFailure(description: "the id of a testsuite is not its number")
      }
      try read(suite)
    }
  }

  private mutating func read(_ suite: XMLTree.Element) throws {
    try suite.holds(
      "testsuite",
      [
        "name", "package", "id", "timestamp", "hostname", "tests", "errors", "skipped", "failures", "time",
      ])
    // Ant: in this order, and none left out.
    let names = suite.children.map(\.name)
    guard names.first == "properties", names.suffix(2) == ["system-out", "system-err"] else {
      throw ToolFailure(description: "a testsuite lacks properties, system-out or system-err")
    }
    for property in suite.children[0].children { try property.holds("property", ["name", "value"]) }
    output.append(suite.children[suite.children.count - 2].text)
    var cases: [Case] = []
    for element in suite.children.dropFirst().dropLast(2) {
      try element.holds("testcase", ["name", "classname", "time"])
      guard let time = element.attributes["time"], Double(time) != nil else {
        throw ToolFailure(description: "the time of a testcase is no number")
      }
      // Ant: one of the three.
      guard element.children.count <= 1 else { throw ToolFailure(description: "a testcase has two outcomes") }
      let outcome = element.children.first
      switch outcome?.name {
      case nil: break
      case "skipped": try outcome?.holds("skipped", ["message"])
      case "error": try outcome?.holds("error", ["message", "type"], mayHaveText: true)
      default: try outcome?.holds("failure", ["message", "type"], mayHaveText: true)
      }
      cases.append(
        Case(
          file: element.attributes["classname"] ?? "", rule: element.attributes["name"] ?? "",
          outcome: outcome?.name, message: outcome?.attributes["message"] ?? "", text: outcome?.text ?? ""))
    }
    for (count, outcome) in [("errors", "error"), ("skipped", "skipped"), ("failures", "failure")] {
      let cases = cases.filter { $0.outcome == outcome }
      guard suite.attributes[count] == "\(cases.count)" else {
        throw ToolFailure(description: "\(count) does not add up")
      }
    }
    guard suite.attributes["tests"] == "\(cases.count)" else {
      throw ToolFailure(description: "tests does not add up")
    }
    self.cases += cases
  }
}

extension XMLTree.Element {
  /// - Throws: unless this is such an element, with these attributes, and text only where it may have some.
  fileprivate func holds(
    _ name: String, _ required: Set<String>, mayHaveText: Bool = false
  ) throws {
    guard self.name == name else { throw ToolFailure(description: "<\(self.name)>, expected <\(name)>") }
    if let missing = required.subtracting(attributes.keys).sorted().first {
      throw ToolFailure(description: "<\(name)> lacks \(missing)")
    }
    if let other = Set(attributes.keys).subtracting(required).sorted().first {
      throw ToolFailure(description: "<\(name)> has \(other)")
    }
    guard mayHaveText || text.allSatisfy(\.isWhitespace) else {
      throw ToolFailure(description: "<\(name)> has text")
    }
    guard children.isEmpty || ["testsuites", "testsuite", "testcase"].contains(name) else {
      throw ToolFailure(description: "<\(name)> has children")
    }
  }
}

/// What an XML parser sees.
private struct XMLTree {
  final class Element {
    let name: String
    let attributes: [String: String]
    fileprivate(set) var children: [Element] = []
    fileprivate(set) var text = ""

    init(_ name: String, _ attributes: [String: String]) {
      self.name = name
      self.attributes = attributes
    }
  }

  let root: Element

  /// - Throws: for what is not well-formed.
  init(_ bytes: [UInt8]) throws {
    let parser = XMLParser(data: Data(bytes))
    let reader = Reader()
    parser.delegate = reader
    // The parser takes an element that is never closed.
    guard parser.parse(), reader.open.count == 1, let root = reader.document.children.first else {
      throw ToolFailure(description: "not well-formed: \(parser.parserError.map { "\($0)" } ?? "")")
    }
    self.root = root
  }

  private final class Reader: NSObject, XMLParserDelegate {
    let document = Element("", [:])
    private(set) lazy var open = [document]

    func parser(
      _: XMLParser, didStartElement name: String, namespaceURI _: String?, qualifiedName _: String?,
      attributes: [String: String]
    ) {
      let element = Element(name, attributes)
      open[open.count - 1].children.append(element)
      open.append(element)
    }

    func parser(_: XMLParser, foundCharacters text: String) { open[open.count - 1].text += text }

    func parser(_: XMLParser, didEndElement _: String, namespaceURI _: String?, qualifiedName _: String?) {
      open.removeLast()
    }
  }
}
