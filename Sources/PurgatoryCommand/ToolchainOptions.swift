// ToolchainOptions.swift — which assembler and linker, for the verbs that link
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit

struct ToolchainOptions: ParsableArguments {
  @Option(help: "Which assembler and linker. (default: the first found)")
  var toolchain: Toolchain.Kind?

  @Option(
    help: .init(
      "Use the GNU tools of this prefix. (default: $CROSS_COMPILE, where sources are assembled)",
      valueName: "prefix"))
  var crossCompile: String?

  /// No option asks for a toolchain; $CROSS_COMPILE alone does not, which is set for other things.
  var areDefault: Bool { toolchain == nil && crossCompile == nil }

  func find() throws(Rejection) -> Toolchain {
    let environment = ProcessInfo.processInfo.environment
    // An empty $CROSS_COMPILE is none, as for the kernel's own Makefile.
    let prefix = environment["CROSS_COMPILE"].flatMap { $0.isEmpty || toolchain == .llvm ? nil : $0 }
    return try Toolchain.find(
      toolchain, crossCompile: crossCompile ?? prefix, path: environment["PATH"] ?? "")
  }
}

extension Toolchain.Kind: ExpressibleByArgument {}
