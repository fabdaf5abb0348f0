// Finding.swift — a rule that a file breaks, and where
// SPDX-License-Identifier: MIT

/// One violation of a rule. Its texts may quote the file: whatever does not print is escaped in them, and the middle of
/// what is long left out, so that a report grows with the file and not with its square.
public struct Finding: Equatable, Sendable {
  public let rule: Rule
  /// Where in the file: a field, a symbol, a section and an offset.
  public let location: String
  public let found: String
  public let expected: String?
  public let help: String

  public init(_ rule: Rule, _ location: String, found: String, expected: String? = nil, help: String? = nil) {
    self.rule = rule
    self.location = location.shortened.printable
    self.found = found.shortened.printable
    self.expected = expected?.shortened.printable
    self.help = help ?? rule.help
  }

  /// What was found, what was expected.
  public var message: String { found + (expected.map { ", expected \($0)" } ?? "") }

  /// The same at another location.
  func at(_ location: String) -> Finding {
    Finding(rule, location, found: found, expected: expected, help: help)
  }

  /// As a reason to reject `file`.
  public func problem(in file: String) -> Problem {
    Problem(file, location, found: found, expected: expected, help: help)
  }
}

/// A file breaks rules: which, at least one.
struct Violations: Error, Equatable {
  let findings: [Finding]
}

extension String {
  /// Control characters and line ends escaped: names in a hostile file must not write to the terminal or the CI log.
  public var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      text += scalar.isUnprintable ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }

  /// The ends of a text of more than 512 bytes.
  var shortened: String {
    guard utf8.count > 512 else { return self }
    return String(unicodeScalars.prefix(352)) + "…" + String(unicodeScalars.suffix(159))
  }
}

extension Unicode.Scalar {
  fileprivate var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}
