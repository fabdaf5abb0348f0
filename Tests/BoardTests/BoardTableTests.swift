// BoardTableTests.swift — the table of docs/boards.md is what is counted in Debian's trees; `make boards` writes it
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import PurgatoryKit

@Suite(.requiresBoards) struct BoardTableTests {
  private static let path = "\(packageFolder)/docs/boards.md"
  private static let start = "<!-- counted by make boards -->\n"
  private static let end = "<!-- end -->\n"

  @Test func table() throws {
    let counted = try Self.counted()
    let page = try String(contentsOfFile: Self.path, encoding: .utf8)
    let from = try #require(page.range(of: Self.start)).upperBound
    let to = try #require(page.range(of: Self.end)).lowerBound
    let version = try BoardInputs.version
    if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
      try (page[..<from] + counted + page[to...]).write(toFile: Self.path, atomically: true, encoding: .utf8)
      return
    }
    // Debian's newer version may have more boards: the page says which it is of.
    if page[from..<to].contains("linux \(version),") {
      #expect(page[from..<to] == counted, "make boards writes it anew")
    }
    // Every type that the tool names is on the page.
    for (name, _) in UART.named { #expect(page.contains("| `\(name)` "), "\(name)") }
  }

  /// Markdown: what the trees say, and how many do.
  private static func counted() throws -> String {
    var memory: [String: Int] = [:]
    var consoles: [String: Int] = [:]
    var psci: [String: Int] = [:]
    var complete = 0
    let names = BoardInputs.names
    for name in names {
      let board = try Board(BoardInputs.bytes(name), file: name)
      let saysMemory = !board.memory.isEmpty
      memory[saysMemory ? "said" : "not said: `--memory`", default: 0] += 1
      var hasConsole = false
      let console: String
      do throws(Rejection) {
        console = "`\(try board.console().name)`"
        hasConsole = true
      } catch {
        console = kind(of: error.problems.first)
      }
      consoles[console, default: 0] += 1
      switch board.psci {
      case .success(let conduit): psci["`\(conduit.name)`", default: 0] += 1
      case .failure(let problem):
        psci[problem.description.contains("0.1") ? "0.1, which cannot reset" : "none", default: 0] += 1
      }
      if saysMemory, hasConsole { complete += 1 }
    }
    func rows(_ title: String, _ counts: [String: Int]) -> [String] {
      counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .enumerated().map { "| \($0.offset == 0 ? title : "") | \($0.element.key) | \($0.element.value) |" }
    }
    let lines =
      [
        "Debian 13's linux \(try BoardInputs.version), \(names.count) boards; of \(complete) the tree says memory and console:",
        "", "| | | boards |", "|---|---|---|",
      ] + rows("memory", memory) + rows("console", consoles) + rows("PSCI", psci)
    return lines.map { $0 + "\n" }.joined()
  }

  /// What a refusal is about.
  private static func kind(of refusal: Problem?) -> String {
    let found = refusal?.description ?? ""
    if found.contains("stdout-path: none") {
      return refusal?.help?.contains("one of --console") == true
        ? "no stdout-path: the refusal offers what could be it"
        : "no stdout-path, and nothing that could be it"
    }
    let kinds = [
      ("stdout-path: \"", "a stdout-path that leads nowhere"), ("GENI", "Qualcomm GENI: refused"),
      ("UARTDM", "Qualcomm UARTDM: refused"), ("combined UART", "Tegra's combined UART: refused"),
      ("disabled", "disabled"), ("expected a UART that has a type", "of no type"),
    ]
    return kinds.first { found.contains($0.0) }?.1 ?? found
  }
}
