// Tools.swift — which cross toolchains there are
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit

public enum Tools {
  /// In CI nothing may be missing: what would be skipped elsewhere runs, and fails.
  public static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

  /// The folder of the `swift` in PATH, links resolved: its clang and ld.lld are there.
  public static let llvmFolder = inPath("swift").map {
    URL(filePath: $0).resolvingSymlinksInPath().deletingLastPathComponent().path
  }

  public static let hasGNU = ["as", "ld"].allSatisfy { inPath("aarch64-linux-gnu-\($0)") != nil }

  /// Those to test with; in CI both.
  public static let toolchains = Toolchain.Kind.allCases.filter { $0 == .llvm || hasGNU || isCI }

  /// A tool beside `swift`, else in PATH.
  public static func find(_ name: String) -> String? {
    if let path = llvmFolder.map({ "\($0)/\(name)" }), FileManager.default.isExecutableFile(atPath: path) {
      return path
    }
    return inPath(name)
  }

  public static func inPath(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first(where: FileManager.default.isExecutableFile)
  }
}
