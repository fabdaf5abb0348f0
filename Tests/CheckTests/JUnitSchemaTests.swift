// JUnitSchemaTests.swift — the reader of JUnit reports refuses what Ant's or Jenkins' schema does not take
// SPDX-License-Identifier: MIT

import Testing

@Suite struct JUnitSchemaTests {
  private static let valid = """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites><testsuite name="s" package="p" id="0" timestamp="1970-01-01T00:00:00" hostname="h" tests="4" errors="1" \
    skipped="1" failures="1" time="0">
      <properties><property name="v" value="1"/></properties>
      <testcase classname="a" name="b" time="0"/>
      <testcase classname="a" name="c" time="0"><failure type="c" message="m">t</failure></testcase>
      <testcase classname="a" name="d" time="0"><skipped message="m"/></testcase>
      <testcase classname="a" name="e" time="0"><error type="e" message="m">t</error></testcase>
      <system-out>o</system-out><system-err></system-err>
    </testsuite></testsuites>
    """

  @Test func aValidOneIsRead() throws {
    let report = try JUnitReport(Array(Self.valid.utf8))
    #expect(report.cases.map(\.outcome) == [nil, "failure", "skipped", "error"])
    #expect(report.failures == ["t"])
  }

  static let faults: [(change: String, to: String, says: String)] = [
    ("</testsuites>", "", "not well-formed"),
    ("t</failure>", "t</error>", "not well-formed"),
    ("\"a\" name=\"b\"", "\"<\" name=\"b\"", "not well-formed"),
    ("name=\"s\" ", "", "<testsuite> lacks name"),
    ("tests=\"4\" ", "", "<testsuite> lacks tests"),
    ("errors=\"1\" ", "", "<testsuite> lacks errors"),
    ("skipped=\"1\" ", "", "<testsuite> lacks skipped"),
    (" failures=\"1\"", "", "<testsuite> lacks failures"),
    ("hostname=\"h\" ", "", "<testsuite> lacks hostname"),
    ("package=\"p\" ", "", "<testsuite> lacks package"),
    ("id=\"0\"", "id=\"1\"", "is not its number"),
    ("<system-out>o</system-out>", "", "lacks properties, system-out"),
    ("<properties>", "<system-out></system-out><properties>", "lacks properties, system-out"),
    ("name=\"s\"", "name=\"s\" disabled=\"0\"", "<testsuite> has disabled"),
    ("name=\"b\" ", "", "<testcase> lacks name"),
    (" time=\"0\"/", "/", "<testcase> lacks time"),
    ("classname=\"a\" name=\"b\"", "name=\"b\"", "<testcase> lacks classname"),
    ("time=\"0\"/", "time=\"\"/", "no number"),
    ("name=\"b\"", "name=\"b\" file=\"a\"", "<testcase> has file"),
    ("<skipped message=\"m\"/>", "<skipped type=\"d\" message=\"m\"/>", "<skipped> has type"),
    ("<skipped message=\"m\"/>", "<ignored/>", "<ignored>, expected <failure>"),
    ("<skipped message=\"m\"/>", "<skipped message=\"m\"/><error type=\"d\" message=\"m\"/>", "two outcomes"),
    ("<skipped message=\"m\"/>", "<skipped message=\"m\"/>t", "<testcase> has text"),
    (">t</failure>", "><b/></failure>", "<failure> has children"),
    ("tests=\"4\"", "tests=\"5\"", "tests does not add up"),
    ("errors=\"1\"", "errors=\"0\"", "errors does not add up"),
    ("skipped=\"1\"", "skipped=\"0\"", "skipped does not add up"),
    ("failures=\"1\"", "failures=\"2\"", "failures does not add up"),
    ("t</error>", "\u{1}</error>", "not well-formed"),
    ("testsuites", "suites", "<suites>, expected <testsuites>"),
  ]

  @Test(arguments: faults)
  func aFaultIsNamed(_ fault: (change: String, to: String, says: String)) throws {
    let text = Self.valid.replacing(fault.change, with: fault.to)
    try #require(text != Self.valid)
    let error = #expect(throws: (any Error).self) { try JUnitReport(Array(text.utf8)) }
    #expect("\(error as Any)".contains(fault.says))
  }
}
