// EscapeTests.swift — names in a hostile file, and hostile file names, in every format
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct EscapeTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// As many bytes as the placeholder has, without a NUL; the last is not UTF-8. `<` with a combining character behind
  /// it is one character of Swift's, and not `<`.
  private static let hostile =
    Array("\u{1b}[2J\n\r::error::\"'<\u{301}&>]]>%0A\u{202e},\u{7f}\u{85}\u{fffe}".utf8) + [0xff]

  /// A file with symbols of that name: an undefined one, and one that a relocation names.
  private func makeHostile(as name: String) async throws {
    let placeholder = String(repeating: "X", count: Self.hostile.count)
    let source = ".text\n.weak \(placeholder)\nbl \(placeholder)\n.data\n.quad \(placeholder)\n"
    var bytes = try await Recipe(source: source, isLinked: false).make(in: folder, as: "x.o")
    let start = try #require(bytes.firstRange(of: Array(placeholder.utf8)))
    bytes.replaceSubrange(start, with: Self.hostile)
    try folder.write(bytes, to: name)
  }

  /// Scalars that a terminal or a parser would act upon.
  private func unprintable(in text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
      scalar != "\n"
        && [.control, .format, .lineSeparator, .unassigned, .privateUse].contains(
          scalar.properties.generalCategory)
    }
  }

  @Test(arguments: ["hostile.o", "evil\n::error::\u{1b}[31m<\u{301}&\",:%.o"])
  func nothingGetsThrough(_ name: String) async throws {
    try await makeHostile(as: name)
    for format in ["text", "json", "sarif", "junit", "github"] {
      let outcome = try await folder.purgatory(["check", "--format", format, name])
      #expect(outcome.status == .exited(1))
      #expect(outcome.error == "")
      let text = try #require(String(validating: outcome.output, as: UTF8.self), "\(format) is not UTF-8")
      #expect(unprintable(in: text) == [], "\(format): \(text)")
      #expect(text.contains("[2J"), "the name is there, escaped")
      switch format {
      case "text":
        #expect(
          text.split(separator: "\n").allSatisfy {
            $0.wholeMatch(of: /(error|help): .*|(hostile|evil).*/) != nil
          })
      case "github":
        let commands = text.split(separator: "\n").filter { $0.contains("::error") }
        #expect(commands.count == 3, "\(text)")
        #expect(commands.allSatisfy { $0.hasPrefix("::error file=") })
      case "junit":
        let report = try JUnitReport(outcome.output)
        #expect(report.cases.count == Rule.allCases.count && report.failures.count == 3)
        #expect(report.failures.joined().contains("<\u{301}&>]]>"))
      case "sarif", "json":
        _ = try JSONSerialization.jsonObject(with: Data(outcome.output))
      default: break
      }
    }
    // Machines get the path as it is.
    #expect(try await folder.report([name]).files.map(\.path) == [name])
  }

  /// A path is bytes; a report is UTF-8.
  @Test func aPathNeedNotBeUTF8() async throws {
    let shell = try #require(Tools.inPath("sh"))
    let program = try Command.purgatory.get()
    for format in ["text", "json", "sarif", "junit", "github"] {
      let command = "exec '\(program)' check --format \(format) \"$(printf 'a\\377\\001\\n<b')\""
      let outcome = try await Command.run(shell, ["-c", command], in: folder.path)
      #expect(outcome.status == .exited(2))
      let text = try #require(String(validating: outcome.output, as: UTF8.self), "\(format) is not UTF-8")
      #expect(unprintable(in: text) == [], "\(format): \(text)")
      guard format == "junit" else { continue }
      #expect(try JUnitReport(outcome.output).cases.first?.file == "a\u{fffd}\\u{01}\\n<b")
    }
  }

  /// Many relocations that all name one long symbol: the report grows with the file, not with its square.
  @Test func longNamesAreCut() async throws {
    let name = String(repeating: "long", count: 20_000)
    let source = ".data\n.rept 2000\n.quad \(name)\n.endr\n"
    let bytes = try await Recipe(source: source, isLinked: false).make(in: folder, as: "long.o")
    for format in ["text", "json", "sarif", "junit", "github"] {
      let outcome = try await folder.purgatory(["check", "--format", format, "long.o"])
      #expect(outcome.status == .exited(1))
      #expect(outcome.output.count < 20 * bytes.count, "\(format): \(outcome.output.count) bytes")
      #expect(outcome.text.contains("longlong…nglong") || outcome.text.contains("…"))
    }
  }
}
