// Page.swift — the commands of docs/loaders.md: what the tests run is what the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// A block of the page is named by a comment on the line before its fence: `<!-- name -->`.
enum Page {
  static let text =
    (try? read("\(packageFolder)/docs/loaders.md")).map { String(decoding: $0, as: UTF8.self) } ?? ""

  /// The names of all blocks, in order.
  static let names = text.components(separatedBy: "\n<!-- ").dropFirst().compactMap {
    $0.components(separatedBy: " -->\n").first
  }

  /// The text of a block.
  static func text(_ name: String) throws -> String {
    let parts = text.components(separatedBy: "\n<!-- \(name) -->\n```")
    try #require(parts.count == 2, "docs/loaders.md: no block \(name)")
    let block = try #require(parts[1].components(separatedBy: "\n```").first)
    return block.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().joined()
  }

  /// Runs a block in a shell, with the built `purgatory` in PATH.
  static func run(_ name: String, in folder: Folder) async throws -> Outcome {
    let program = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent().path
    let path = "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    let shell = try #require(Tools.inPath("sh"))
    // A hang guard, not a limit.
    let timeout = try #require(Tools.inPath("timeout"))
    return try await Command.run(
      timeout, ["600", shell, "-ec", try text(name)], in: folder.path,
      environment: ["PATH": path, "PURGATORY": "\(packageFolder)/purgatory"])
  }
}
