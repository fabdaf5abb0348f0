// DocumentationTests.swift — the public surface of the library is the one that is meant to be, and all of it is documented
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite(.requiresDocC) struct DocumentationTests {
  @Test func doccWarnsOfNothing() async throws {
    let outcome = try await Documentation.get().outcome
    #expect(outcome.status == .exited(0))
    #expect("\(outcome.text)\(outcome.error)".filter { !$0.isNewline } == "")
  }

  @Test func aWarningIsAnError() async throws {
    let folder = try Folder()
    let page = try Self.text("Sources/PurgatoryKit/PurgatoryKit.docc/PurgatoryKit.md")
    try folder.makeFolder("broken.docc")
    try folder.write(page.replacing("- ``Blob``", with: "- ``Bleb``"), to: "broken.docc/PurgatoryKit.md")
    let outcome = try await Documentation(in: folder, catalogue: "broken.docc").outcome
    #expect(outcome.status == .exited(1) && outcome.text.contains("'Bleb' doesn't exist"), "\(outcome)")
  }

  /// What becomes public does so knowingly.
  @Test func thePublicSymbols() async throws {
    let symbols = try await Documentation.get().symbols
    let lines = symbols.map { "\($0.name) (\($0.kind.identifier.dropFirst("swift.".count)))\n" }
    let fault = try Golden().fault(lines.sorted().joined(), "public-symbols.txt")
    #expect(fault == nil)
  }

  @Test func allAreDocumented() async throws {
    let symbols = try await Documentation.get().symbols
    #expect(!symbols.isEmpty)
    #expect(symbols.filter { !$0.isDocumented }.map(\.name).sorted() == [])
  }

  @Test func theLandingPageHasAll() async throws {
    let page = try Self.text("Sources/PurgatoryKit/PurgatoryKit.docc/PurgatoryKit.md")
    let listed = page.matches(of: /(?m)^- ``(.*)``$/).map { String($0.1) }
    let symbols = try await Documentation.get().symbols.filter { $0.pathComponents.count == 1 }
    #expect(listed.sorted() == symbols.map(\.name).sorted())
  }

  @Test(arguments: ["Sources/PurgatoryKit/PurgatoryKit.docc/PurgatoryKit.md", "docs/library.md"])
  func theExampleIsTheConsumer(_ page: String) throws {
    let program = try Self.text("Tests/Consumer/Sources/consumer/main.swift")
    let code = try #require(program.firstRange(of: "import PurgatoryKit"))
    #expect(try Self.text(page).contains("```swift\n\(program[code.lowerBound...])```\n"))
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(packageFolder)/\(path)", encoding: .utf8)
  }
}
