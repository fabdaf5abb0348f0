// Tools.swift — the toolchains of the command, and what happens to tests if one is missing
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
  /// Without GNU binutils the test is skipped; in CI it runs, and fails: CI must not lose a toolchain unseen.
  static var requiresGNU: Self {
    .enabled(if: Tools.hasGNU || Tools.isCI, "aarch64-linux-gnu-as and -ld are not in PATH")
  }
}

/// A toolchain of the command.
enum Toolchain: String, CaseIterable, Sendable {
  case llvm, gnu

  /// Those to test with; in CI both.
  static let available = allCases.filter { $0 == .llvm || Tools.hasGNU || Tools.isCI }
}
