// Verdict.swift — what is said of a file in the end, and what has proven it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// What `check` says of a file in the end.
public enum Verdict: String, CaseIterable, Sendable {
  /// It breaks no rule, and a proof was made that its bytes do not depend on where they are. Only this is "ok".
  case proven
  /// It breaks no rule as far as it shows, but nobody has proven that it runs anywhere.
  case unproven
  /// It breaks a rule.
  case broken
  /// It was not judged: it cannot be read, or a link that was to prove it was not made.
  case unreadable
}

/// Whether it was proven that a file's bytes do not depend on the address that they are linked at. Of a linked file
/// alone nobody can tell: what a linker script says of an address leaves bytes, and no relocation.
package enum Proof: Equatable, Sendable {
  /// What has proven it.
  case made(by: String)
  /// Why the file is no proof of itself, and the command that makes one.
  case missing(reason: String, help: String)
}
