// LinkTests.swift — links lead to what is there, and every page is in the index
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import LoaderTests

@Suite("links") struct LinkTests {
  /// The targets of a page's links, without those to elsewhere.
  private static func links(of page: Page) -> [String] {
    let text = page.prose.joined(separator: "\n").replacing(/`[^`\n]*`/) {
      $0.output.replacing("](", with: "")
    }
    return text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }.filter { !$0.contains("://") }
  }

  /// The anchors that GitHub gives a page's headings.
  private static func anchors(of page: Page) -> Set<String> {
    var anchors: Set<String> = []
    for line in page.prose where line.hasPrefix("#") {
      let heading = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
      let slug = heading.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.replacing(" ", with: "-")
      var anchor = slug
      var count = 0
      while anchors.contains(anchor) {
        count += 1
        anchor = "\(slug)-\(count)"
      }
      anchors.insert(anchor)
    }
    return anchors
  }

  /// The links of a page that lead nowhere.
  private static func broken(_ page: Page) -> [String] {
    links(of: page).filter { link in
      let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      var linked = page
      if !parts[0].isEmpty {
        let folder = URL(filePath: "\(packageFolder)/\(page.file)").deletingLastPathComponent()
        let path = folder.appending(path: parts[0]).standardized.path
        guard path.hasPrefix("\(packageFolder)/"), FileManager.default.fileExists(atPath: path) else {
          return true
        }
        linked = Page(String(path.dropFirst(packageFolder.count + 1)))
      }
      return parts.count == 2 && !anchors(of: linked).contains(parts[1])
    }
  }

  @Test func leadSomewhere() {
    #expect(Pages.all.count > 15)
    for page in [Pages.readme] + Pages.all { #expect(Self.broken(page) == [], "\(page.file)") }
  }

  @Test func aBrokenOneIsSeen() {
    let page = Page(
      "docs/page.md",
      text: """
        # A *page*, of 2 `words`
        [a](abi.md) [b](abi.md#the-blob) [c](#a-page-of-2-words) [d](https://example.org/none) `[e](none.md)`
        [f](none.md) [g](abi.md#none) [h](#none) [i](../../abi.md)
        ```
        # none
        [j](none.md)
        ```
        """)
    #expect(Self.broken(page) == ["none.md", "abi.md#none", "#none", "../../abi.md"])
  }

  /// Once each, whatever the words around it.
  @Test func everyPageIsInTheIndexOnce() {
    let index = Page("docs/README.md")
    let pages = Pages.all.map(\.file).filter { $0.hasPrefix("docs/") && $0 != index.file }
    let linked = Self.links(of: index).filter { $0.hasSuffix(".md") && !$0.contains("/") }
    #expect(linked.map { "docs/\($0)" }.sorted() == pages)
    for group in ["Tutorial", "How-to", "Reference", "Explanation"] {
      #expect(index.text.contains("\n## \(group)\n"), "\(group)")
    }
  }
}
