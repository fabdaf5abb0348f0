// Finding.swift — a rule that a file breaks, and where
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// One violation of a rule. Its texts may quote the file: whatever does not print is escaped in them, and the middle of
/// what is long left out, so that a report grows with the file and not with its square.
public struct Finding: Equatable, Sendable {
  /// The rule that is broken.
  public let rule: Rule
  /// Where in the file: a field, a symbol, a section and an offset.
  public let location: String
  /// What is there, in words.
  public let found: String
  /// What should be; nil where `found` says it all.
  public let expected: String?
  /// How to mend it.
  public let help: String
  /// How many of its kind there are: the others differ from this one in their place, and in what they refer to.
  public internal(set) var count = 1
  /// What an allowance may name: the section, the symbol, the type of the relocation.
  let subjects: [String]
  /// Whether leaving the rule out makes it go away; not where nothing was judged.
  package let mayBeAllowed: Bool

  package init(
    _ rule: Rule, _ location: String, found: String, expected: String? = nil, help: String? = nil,
    subjects: [String] = [], mayBeAllowed: Bool = true
  ) {
    self.rule = rule
    self.subjects = subjects
    self.mayBeAllowed = mayBeAllowed && rule.mayBeAllowed
    self.location = location.shortened.printable
    self.found = found.shortened.printable
    self.expected = expected?.shortened.printable
    self.help = (help ?? rule.help).printable
  }

  /// What was found, what was expected, and how many more there are.
  public var message: String {
    found + (expected.map { ", expected \($0)" } ?? "") + (count > 1 ? " (and \(count - 1) more)" : "")
  }

  /// What stays the same from one build to the next: of a relocation its section and its type.
  var kind: String {
    guard let section = subjects.first, let type = subjects.last else { return location }
    return section == type ? section : "\(section) \(type)"
  }

  /// The same at another location.
  func at(_ location: String) -> Finding {
    var finding = Finding(
      rule, location, found: found, expected: expected, help: help, subjects: subjects,
      mayBeAllowed: mayBeAllowed)
    finding.count = count
    return finding
  }

  /// As a reason to reject `file`.
  package func problem(in file: String) -> Problem {
    Problem(file, location, found: found, expected: expected, help: help)
  }
}

/// A file breaks rules: which, at least one.
struct Violations: Error, Equatable {
  let findings: [Finding]

  /// Why there is nothing to judge; nil: there was.
  let rejection: Rejection?

  init(findings: [Finding]) {
    self.findings = findings
    rejection = nil
  }

  /// What could not be read.
  init(_ rejection: Rejection) {
    self.rejection = rejection
    findings = rejection.problems.map {
      Finding(
        .malformedELF, $0.place ?? "file", found: $0.found,
        expected: $0.expected ?? "a file that can be read",
        help: $0.help)
    }
  }
}

extension String {
  /// Control characters and line ends escaped: names in a hostile file must not write to the terminal or the CI log.
  package var printable: String {
    if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      text += scalar.isUnprintable ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }

  /// JSON in which what does not print is escaped: JSON's own escapes are of control characters below 0x20 only.
  package var printableJSON: String {
    if utf8.allSatisfy({ $0 < 0x80 }) { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isASCII || !scalar.isUnprintable {
        text.unicodeScalars.append(scalar)
      } else {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
    }
  }

  /// The ends of a text of more than 512 bytes.
  var shortened: String { shortened(to: 512) }

  /// The ends of a text of more than so many bytes, of scalars so many at most.
  package func shortened(to size: Int) -> String {
    guard utf8.count > size else { return self }
    let end = size * 5 / 16
    return String(unicodeScalars.prefix(size - end - 1)) + "…" + String(unicodeScalars.suffix(end))
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
