// Tools.swift — which cross toolchains there are, and what happens to tests if one is missing
// SPDX-License-Identifier: MIT

import Foundation
import Testing

enum Tools {
  static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

  /// The folder of the `swift` in PATH, links resolved: its clang and ld.lld are there.
  static let llvmFolder = inPath("swift").map {
    URL(filePath: $0).resolvingSymlinksInPath().deletingLastPathComponent().path
  }

  static let hasGNU = ["as", "ld"].allSatisfy { inPath("aarch64-linux-gnu-\($0)") != nil }

  /// A tool beside `swift`, else in PATH.
  static func find(_ name: String) -> String? {
    if let path = llvmFolder.map({ "\($0)/\(name)" }), FileManager.default.isExecutableFile(atPath: path) {
      return path
    }
    return inPath(name)
  }

  static func inPath(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first(where: FileManager.default.isExecutableFile)
  }
}

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
