// Omissions.swift — how reports name the rules that were not applied
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

extension [Rule: Omission] {
  var inOrder: [(rule: Rule, omission: Omission)] {
    Rule.allCases.compactMap { rule in self[rule].map { (rule, $0) } }
  }

  /// `not applied: RULE (--allow); RULE, RULE (--profile pie)`; nil: all were.
  var summary: String? {
    var groups: [(omission: Omission, rules: [String])] = []
    for (rule, omission) in inOrder {
      if let index = groups.firstIndex(where: { $0.omission == omission }) {
        groups[index].rules.append(rule.rawValue)
      } else {
        groups.append((omission, [rule.rawValue]))
      }
    }
    guard !groups.isEmpty else { return nil }
    let texts = groups.map { "\($0.rules.joined(separator: ", ")) (\($0.omission.reason))" }
    return "not applied: " + texts.joined(separator: "; ")
  }
}

extension Omission {
  /// As a person is told.
  var reason: String {
    switch self {
    case .allowed: "--allow"
    case .profile(let profile): "--profile \(profile.rawValue)"
    case .unjudged: "nothing to judge by"
    }
  }

  /// As a script is told; a contract (docs/abi.md).
  var id: String {
    switch self {
    case .allowed: "allow"
    case .profile: "profile"
    case .unjudged: "unjudged"
    }
  }
}
