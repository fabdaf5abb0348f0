// Golden.swift — texts that are compared with a file in Golden/; RECORD_GOLDEN=1 writes those files
// SPDX-License-Identifier: MIT

import Foundation
import Testing

enum Golden {
  static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1"

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

  /// Expects `text`, its volatile parts replaced, to be what the file says.
  static func expect(
    _ text: String, _ name: String, in folder: Folder? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let text = normalised(text, in: folder)
    let file = self.folder.appending(path: name)
    if isRecording {
      try Data(text.utf8).write(to: file)
      Issue.record(
        "Golden/\(name) was recorded: read it, then run without RECORD_GOLDEN", sourceLocation: sourceLocation
      )
      return
    }
    let expected =
      (try? String(contentsOf: file, encoding: .utf8)) ?? "no Golden/\(name): run with RECORD_GOLDEN=1"
    #expect(
      text == expected, "differs from Golden/\(name): \(firstDifference(text, expected))",
      sourceLocation: sourceLocation)
  }

  /// What depends on the machine, the checkout or the run, replaced by a word. All such replacements are here.
  static func normalised(_ text: String, in folder: Folder?) -> String {
    var replacements: [(volatile: String, word: String)] = [(packageFolder, "PACKAGE")]
    if let folder { replacements.append((folder.path, "FOLDER")) }
    if let tools = Tools.llvmFolder { replacements.append((tools + "/", "TOOLS/")) }
    // A longer path first: one may lie in another.
    return replacements.sorted { $0.volatile.count > $1.volatile.count }
      .reduce(text) { $0.replacingOccurrences(of: $1.volatile, with: $1.word) }
  }

  static func firstDifference(_ text: String, _ expected: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let others = expected.split(separator: "\n", omittingEmptySubsequences: false)
    for index in 0..<max(lines.count, others.count) {
      let line = index < lines.count ? lines[index] : "(end)"
      let other = index < others.count ? others[index] : "(end)"
      if line != other { return "line \(index + 1): '\(line)', expected '\(other)'" }
    }
    return "none"
  }
}

/// The folder of Package.swift.
let packageFolder = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
