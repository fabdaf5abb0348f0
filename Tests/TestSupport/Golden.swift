// Golden.swift — texts that are compared with a file; RECORD_GOLDEN=1 writes those files
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit

/// The folder `Golden` beside a test's source.
public struct Golden: Sendable {
  private let folder: URL

  public init(besides source: String = #filePath) {
    folder = URL(filePath: source).deletingLastPathComponent().appending(path: "Golden")
  }

  /// What is wrong with `text`, its volatile parts replaced; nil: it is what the file `name` says.
  public func fault(_ text: String, _ name: String, in folder: Folder? = nil) throws -> String? {
    let text = Self.normalised(text, in: folder)
    let file = self.folder.appending(path: name)
    if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: file)
      return "Golden/\(name) was recorded: read it, then run without RECORD_GOLDEN"
    }
    guard let expected = try? String(contentsOf: file, encoding: .utf8) else {
      return "no Golden/\(name): run with RECORD_GOLDEN=1"
    }
    return text == expected ? nil : "differs from Golden/\(name): \(Self.firstDifference(text, expected))"
  }

  /// What depends on the machine, the checkout or the run, replaced by a word. All such replacements are here.
  public static func normalised(_ text: String, in folder: Folder?) -> String {
    var replacements: [(volatile: String, word: String)] = [
      (packageFolder, "PACKAGE"), (purgatoryVersion, "VERSION"),
    ]
    if let folder { replacements.append((folder.path, "FOLDER")) }
    if let tools = Tools.llvmFolder { replacements.append((tools + "/", "TOOLS/")) }
    // A longer path first: one may lie in another.
    return replacements.sorted { $0.volatile.count > $1.volatile.count }
      .reduce(text) { $0.replacingOccurrences(of: $1.volatile, with: $1.word) }
  }

  public static func firstDifference(_ text: String, _ expected: String) -> String {
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
