// Page.swift — the commands of a page of docs/: what the tests run is what the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// A block of a page is named by a comment on the line before its fence: `<!-- name -->`.
struct Page: CustomTestStringConvertible {
  static let loaders = Page("loaders")
  static let kdump = Page("kdump")

  let file: String
  let text: String

  private init(_ name: String) {
    file = "docs/\(name).md"
    text = (try? read("\(packageFolder)/\(file)")).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  var testDescription: String { file }

  /// The names of all blocks, in order.
  var names: [String] {
    text.components(separatedBy: "\n<!-- ").dropFirst().compactMap {
      $0.components(separatedBy: " -->\n").first
    }
  }

  /// The text of a block.
  func text(_ name: String) throws -> String {
    let parts = text.components(separatedBy: "\n<!-- \(name) -->\n```")
    try #require(parts.count == 2, "\(file): no block \(name)")
    let block = try #require(parts[1].components(separatedBy: "\n```").first)
    return block.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().joined()
  }

  /// Runs a block in a shell, with the built `purgatory` in PATH.
  func run(_ name: String, in folder: Folder) async throws -> Outcome {
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
