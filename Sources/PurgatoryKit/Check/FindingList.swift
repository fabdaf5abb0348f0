// FindingList.swift — the findings of one file: those of one kind are one, with a count and an example
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Collects findings. A file may have a million relocations; what is kept grows with the kinds of them.
struct FindingList: Sendable {
  /// What findings of one kind have in common.
  struct Kind: Hashable {
    let rule: Rule
    /// Of relocations: their type, the section they change, and what is wrong with them.
    var type: UInt32 = 0
    var section = 0
    var effect: UInt8 = 0
  }

  private(set) var findings: [Finding] = []
  /// Whose findings there have been.
  private(set) var broken: Set<Rule> = []
  /// How many findings were allowed, of rules whose breaking leaves nothing proven.
  private(set) var allowed: [Rule: Int] = [:]

  /// Rules that are not these find nothing.
  private let rules: Set<Rule>
  private let isFolded: Bool
  /// Rules of which nothing is kept.
  private let allowedRules: Set<Rule>
  private let partial: [Allowance]
  private var indices: [Kind: Int] = [:]
  private var last: (kind: Kind, index: Int)?

  /// - Parameters:
  ///   - rules: those that apply.
  ///   - isFolded: whether findings of a kind are one.
  ///   - allowances: what is counted, and not kept.
  init(rules: Set<Rule> = Set(Rule.allCases), isFolded: Bool = false, allowances: [Allowance] = []) {
    self.rules = rules
    self.isFolded = isFolded
    allowedRules = Set(allowances.filter { $0.subject == nil && $0.rule.mayBeAllowed }.map(\.rule))
    partial = allowances.filter { $0.subject != nil && $0.rule.mayBeAllowed }
  }

  mutating func add(_ finding: Finding) {
    // That something was not judged is said whatever the rules are.
    guard rules.contains(finding.rule) || !finding.mayBeAllowed else { return }
    if finding.mayBeAllowed,
      allowedRules.contains(finding.rule) || partial.contains(where: { $0.covers(finding) })
    {
      allowed[finding.rule, default: 0] += finding.count
    } else {
      findings.append(finding)
      broken.insert(finding.rule)
    }
  }

  mutating func add(_ more: some Sequence<Finding>) {
    for finding in more { add(finding) }
  }

  /// Adds one of a kind; `describe` is called only if its text is wanted.
  mutating func add<Failure>(
    _ kind: Kind, _ describe: () throws(Failure) -> Finding
  ) throws(Failure) {
    guard rules.contains(kind.rule) else { return }
    if allowedRules.contains(kind.rule) {
      allowed[kind.rule, default: 0] += 1
      return
    }
    if isFolded, partial.isEmpty, let last, last.kind == kind {
      findings[last.index].count += 1
      return
    }
    if isFolded, partial.isEmpty, let index = indices[kind] {
      findings[index].count += 1
      last = (kind, index)
      return
    }
    let finding = try describe()
    guard !partial.contains(where: { $0.covers(finding) }) else {
      allowed[kind.rule, default: 0] += 1
      return
    }
    if isFolded, let index = indices[kind] {
      findings[index].count += 1
      return
    }
    indices[kind] = findings.count
    last = (kind, findings.count)
    findings.append(finding)
    broken.insert(finding.rule)
  }

  /// Says of all findings from number `start` on where in the file they are. What follows is of another part of it.
  mutating func prefix(_ text: String, from start: Int) {
    for index in findings.indices[start...] {
      findings[index] = findings[index].at(text + findings[index].location)
    }
    (indices, last) = ([:], nil)
  }

  /// Takes off each finding so many of its kind as `known` says, and the finding if that is all.
  mutating func remove(_ known: (Finding) -> Int) {
    for index in findings.indices where findings[index].mayBeAllowed {
      let count = known(findings[index])
      guard count > 0 else { continue }
      findings[index].count -= count
      allowed[findings[index].rule, default: 0] += count
    }
    findings.removeAll { $0.count == 0 }
    (indices, last) = ([:], nil)
  }
}
