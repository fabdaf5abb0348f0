// Allowance.swift — what may be broken: a rule, or a rule in one section, for one symbol or of one relocation type
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// A rule that may be broken, in one place or anywhere.
///
/// As text `RULE` or `RULE:SUBJECT`, where the subject is a section, a symbol or a relocation's type; a `*` at its end stands for
/// whatever follows.
public struct Allowance: Hashable, Sendable {
  /// The rule that may be broken.
  public let rule: Rule
  /// nil: all that the rule finds.
  public let subject: String?

  /// Allows what breaks `rule`.
  ///
  /// - Parameters:
  ///   - rule: one that `Rule.mayBeAllowed` says may be.
  ///   - subject: a section, a symbol or the type of a relocation; with `*` at its end, all that begin so; nil: everything.
  public init(_ rule: Rule, subject: String? = nil) {
    self.rule = rule
    self.subject = subject
  }

  /// nil: there is no such rule, or no subject behind the colon.
  package init?(parsing text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let rule = Rule(rawValue: String(parts[0])), parts.count == 1 || !parts[1].isEmpty else {
      return nil
    }
    self.init(rule, subject: parts.count == 1 ? nil : String(parts[1]))
  }

  /// The allowances in the file at `path`, a line each; `#` starts a comment.
  package static func read(_ path: String) throws(Rejection) -> [Allowance] {
    // The last exception may go.
    if let status = try? FilePath(path).stat(), status.type == .regular, status.size == 0 { return [] }
    let text = String(decoding: try Files.read(path, .text), as: UTF8.self)
    var allowances: [Allowance] = []
    var problems: [Problem] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let word = words.first else { continue }
      if words.count == 1, let allowance = Allowance(parsing: String(word)), allowance.rule.mayBeAllowed {
        allowances.append(allowance)
      } else {
        problems.append(
          Problem(
            path, "line \(index + 1)", found: words.joined(separator: " ").shortened,
            expected: "RULE or RULE:SUBJECT, of a rule that may be allowed",
            help: "docs/rules.md lists the rules"))
      }
    }
    guard problems.isEmpty else { throw Rejection(Array(problems.prefix(10))) }
    return allowances
  }

  /// Whether it allows `finding`.
  func covers(_ finding: Finding) -> Bool {
    guard rule == finding.rule, finding.mayBeAllowed else { return false }
    guard let subject else { return true }
    let isPrefix = subject.hasSuffix("*")
    return (finding.subjects + [finding.location]).contains {
      isPrefix ? $0.hasPrefix(subject.dropLast()) : $0 == subject
    }
  }
}
