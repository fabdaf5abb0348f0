// LinkerScript.swift — just enough of a linker script's grammar to find where SECTIONS starts
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Where a script sets the address that everything else follows.
struct LinkerScript {
  /// Right behind the brace that opens SECTIONS.
  private(set) var sectionsStart: String.Index?
  /// The expression of `. = EXPRESSION;` where that is the first statement of SECTIONS.
  private(set) var baseExpression: Range<String.Index>?

  init(_ script: String) {
    var rest = Self.skipSpace(script[...])
    while let first = rest.first {
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      if word == "SECTIONS" {
        let brace = Self.skipSpace(rest.dropFirst(word.count))
        if brace.first == "{" {
          readStart(of: brace.dropFirst())
          return
        }
        rest = brace
      } else if first == "\"" {
        rest = Self.skipSpace(rest.dropFirst().drop { $0 != "\"" }.dropFirst())
      } else {
        rest = Self.skipSpace(rest.dropFirst(max(word.count, 1)))
      }
    }
  }

  private mutating func readStart(of body: Substring) {
    sectionsStart = body.startIndex
    let dot = Self.skipSpace(body)
    guard dot.first == "." else { return }
    let equals = Self.skipSpace(dot.dropFirst())
    guard equals.first == "=" else { return }
    var rest = equals.dropFirst()
    while let first = rest.first, first != ";" { rest = Self.skipSpace(rest.dropFirst()) }
    baseExpression = equals.index(after: equals.startIndex)..<rest.startIndex
  }

  /// `text` without the white space and the comments it starts with: of C, and to the end of the line after `#`.
  private static func skipSpace(_ text: Substring) -> Substring {
    var rest = text.drop(while: \.isWhitespace)
    while true {
      if rest.hasPrefix("/*") {
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.hasPrefix("*/") { rest.removeFirst() }
        rest = rest.dropFirst(2)
      } else if rest.first == "#" {
        rest = rest.drop { !$0.isNewline }
      } else {
        return rest
      }
      rest = rest.drop(while: \.isWhitespace)
    }
  }
}

extension String {
  func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
