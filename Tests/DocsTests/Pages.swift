// Pages.swift — all pages of the documentation
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

@testable import LoaderTests

enum Pages {
  /// The pages of docs/ and the READMEs of examples/ and integrations/.
  static let all: [Page] = {
    var files: [String] = []
    for folder in ["docs", "examples", "integrations"] {
      for case let name as String in FileManager.default.enumerator(atPath: "\(packageFolder)/\(folder)")
        ?? .init()
      where folder == "docs" ? name.hasSuffix(".md") : name.hasSuffix("README.md") {
        files.append("\(folder)/\(name)")
      }
    }
    return files.sorted().map { Page($0) }
  }()

  static let readme = Page("README.md")
}
