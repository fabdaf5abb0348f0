// CheckedFile.swift — what `check` found in one file, and what it says of it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// What `check` found in one file.
public struct CheckedFile: Sendable {
  /// The file, as it was named.
  public let path: String
  /// What was judged: the kind of file, and of a container which part of it.
  public internal(set) var judged = "nothing"
  package internal(set) var counts = LinkCounts()
  /// Anything that is worth a sentence and no finding.
  public internal(set) var notes: [String] = []
  /// The rules that say nothing of the file, and why: they are neither broken nor kept.
  package internal(set) var omissions: [Rule: Omission] = [:]
  package internal(set) var proof: Proof
  var list: FindingList
  /// Rules that could not be applied to all of the file.
  var unjudged: Set<Rule> = []

  init(path: String, list: FindingList = FindingList()) {
    self.path = path
    self.list = list
    proof = .missing(reason: "nothing was judged", help: Rule.malformedELF.help)
  }

  /// Whether a part of it has been asked for a proof.
  private var isAsked = false

  /// Takes up the proof of a part of it: all have to be proven.
  mutating func add(_ other: Proof) {
    if case .missing = proof, isAsked { return }
    proof = other
    isAsked = true
  }

  /// What it breaks. Of one kind there is one, with a count.
  public var findings: [Finding] { list.findings }
  /// How many places break a rule.
  package var findingCount: Int { findings.reduce(0) { $0 + $1.count } }
  /// How many findings were allowed.
  package var allowedCount: Int { list.allowed.values.reduce(0, +) }

  /// What is said of it in the end.
  public var verdict: Verdict {
    if findings.contains(where: { !$0.mayBeAllowed }) { return .unreadable }
    if findings.contains(where: { $0.rule != .proof }) { return .broken }
    guard case .made = proof, allowedRules.isEmpty else { return .unproven }
    return .proven
  }

  /// Why it is not proven, and what would prove it; nil: it is, or something is wrong with it.
  public var doubt: (reason: String, help: String)? {
    guard verdict == .unproven else { return nil }
    if case .missing(let reason, let help) = proof { return (reason, help) }
    let rules = allowedRules.map(\.rawValue).sorted().joined(separator: ", ")
    return ("what breaks \(rules) was allowed", "mend it, and allow it no more")
  }

  /// Rules that are broken, which was allowed or known.
  private var allowedRules: [Rule] {
    Rule.allCases.filter { $0 != .proof && list.allowed[$0] != nil }
  }

  /// Whether it is one that was found to be all right: only what is proven is.
  package var ok: Bool { verdict == .proven }
  /// Whether it breaks nothing that it was asked for.
  public var passes: Bool { findings.isEmpty }
}

/// Why a rule was not applied to a file.
package enum Omission: Hashable, Sendable {
  /// It was allowed to be broken.
  case allowed
  /// The profile does not have it.
  case profile(Profile)
  /// The file does not show whether it is kept: it has no such part, or could not be read that far.
  case unjudged
}
