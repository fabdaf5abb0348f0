// Page.swift — a page of the documentation and its blocks: what the tests run is what the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// A block may be named by a comment on the line before its fence: `<!-- name -->`.
struct Page: CustomTestStringConvertible {
  static let loaders = Page("docs/loaders.md")
  static let kdump = Page("docs/kdump.md")

  struct Block {
    let name: String?
    let language: String
    let text: String
    /// Of its fence, from 1.
    let line: Int

    var isShell: Bool { ["sh", "bash", "console"].contains(language) }
  }

  /// Below the package's folder.
  let file: String
  let text: String
  let blocks: [Block]
  /// What is not in a block.
  let prose: [Substring]

  init(_ file: String) {
    self.init(
      file, text: (try? read("\(packageFolder)/\(file)")).map { String(decoding: $0, as: UTF8.self) } ?? "")
  }

  init(_ file: String, text: String) {
    self.file = file
    self.text = text
    var blocks: [Block] = []
    var prose: [Substring] = []
    var open: (name: String?, language: String, line: Int)?
    var body: [Substring] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard line.hasPrefix("```") else {
        if open == nil { prose.append(line) } else { body.append(line) }
        continue
      }
      if let (name, language, line) = open {
        blocks.append(
          Block(name: name, language: language, text: body.joined(separator: "\n"), line: line))
        open = nil
      } else {
        let name = prose.last?.wholeMatch(of: /<!-- (.+) -->/).map { String($0.1) }
        open = (name, String(line.dropFirst(3)), index + 1)
        body = []
      }
    }
    self.blocks = blocks
    self.prose = prose
  }

  var testDescription: String { file }

  /// The text of a block.
  func text(_ name: String) throws -> String {
    let named = blocks.filter { $0.name == name }
    try #require(named.count == 1, "\(file): no block \(name)")
    return named[0].text
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
      environment: ["PATH": path])
  }
}
