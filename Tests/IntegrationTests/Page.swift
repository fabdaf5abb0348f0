// Page.swift — the blocks of docs/build-systems.md: what the tests build is what the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// Where the projects of the page are.
let buildSystems = "\(packageFolder)/integrations/build-systems"

/// A file of theirs, as text.
func integration(_ path: String) throws -> String {
  String(decoding: try read("\(buildSystems)/\(path)"), as: UTF8.self)
}

enum Page {
  static let text =
    (try? read("\(packageFolder)/docs/build-systems.md"))
    .map { String(decoding: $0, as: UTF8.self) } ?? ""

  /// The text of the block behind `<!-- name -->`.
  static func block(_ name: String) throws -> String {
    let parts = text.components(separatedBy: "\n<!-- \(name) -->\n```")
    try #require(parts.count == 2, "no block \(name)")
    let lines = try #require(parts[1].components(separatedBy: "\n```").first)
      .split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    return lines.dropFirst().joined() + "\n"
  }

  /// The names of all blocks that have one.
  static var names: [String] { text.matches(of: /\n<!-- (\S+) -->\n```/).map { String($0.1) } }

  /// The blocks of a language.
  static func blocks(_ language: String) -> [String] {
    text.components(separatedBy: "\n```\(language)\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }
  }
}

@Suite struct PageTests {
  /// What is to be pasted is the file that the tests build, but for the lines at its top that say what it is.
  @Test func theFilesAreThoseThatAreTested() throws {
    let files = Page.names.filter { $0.contains("/") }
    #expect(files == ["make/Makefile", "kbuild/Kbuild", "cmake/CMakeLists.txt", "meson/meson.build"])
    for file in files {
      let lines = try integration(file).split(separator: "\n", omittingEmptySubsequences: false)
      let pasted = lines.drop { $0.hasPrefix("#") || $0.isEmpty }.joined(separator: "\n")
      #expect(try Page.block(file) == pasted, "\(file)")
    }
    #expect(Page.names.filter { !$0.contains("/") } == BuildSystem.all.map(\.name))
    #expect(Page.blocks("sh").count == BuildSystem.all.count)
  }
}
