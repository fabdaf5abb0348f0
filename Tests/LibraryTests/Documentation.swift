// Documentation.swift — what scripts/docs makes of the library that was built with these tests
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// The documentation, made once in a test process.
struct Documentation: Sendable {
  let outcome: Outcome
  let symbols: [PublicSymbol]

  /// - Parameter catalogue: a `.docc` folder; nil: the library's own.
  init(in folder: Folder, catalogue: String? = nil) async throws {
    let built = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent().path
    outcome = try await Command.run(
      "\(packageFolder)/scripts/docs", [built, "docs"] + [catalogue].compactMap { $0 }, in: folder.path)
    let graph = try folder.read("docs/symbols/PurgatoryKit.symbols.json")
    symbols = try JSONDecoder().decode(SymbolGraph.self, from: Data(graph)).symbols
      .filter { $0.location != nil }
  }

  static func get() async throws -> Documentation { try await made.value }
  private static let made = Task { try await Documentation(in: Folder()) }
}

private struct SymbolGraph: Decodable {
  let symbols: [PublicSymbol]
}

/// What a consumer of the library sees, as a symbol graph has it.
struct PublicSymbol: Decodable, Sendable {
  struct Kind: Decodable { let identifier: String }
  struct Location: Decodable { let uri: String }
  struct Comment: Decodable {
    struct Line: Decodable { let text: String }
    let lines: [Line]
  }

  let kind: Kind
  let pathComponents: [String]
  /// nil: the compiler made it.
  let location: Location?
  let docComment: Comment?

  var name: String { pathComponents.joined(separator: ".") }
  var isDocumented: Bool { docComment?.lines.contains { !$0.text.isEmpty } ?? false }
}

extension Trait where Self == ConditionTrait {
  /// Without docc the test is skipped; in CI it runs, and fails.
  static var requiresDocC: Self {
    .enabled(if: Tools.find("docc") != nil || Tools.isCI, "docc is not beside swift")
  }
}
