// LinkerScript.swift — just enough of a linker script's grammar to find where SECTIONS starts
// SPDX-License-Identifier: MIT

/// Where a script sets the address that everything else follows.
struct LinkerScript {
  /// Right behind the brace that opens SECTIONS.
  private(set) var sectionsStart: String.Index?
  /// The expression of `. = EXPRESSION;` where that is the first statement of SECTIONS.
  private(set) var baseExpression: Range<String.Index>?

  init(_ script: String) {
    var rest = Self.skipSpace(script[...])
    while !rest.isEmpty {
      guard rest.hasPrefix("SECTIONS") else {
        let isWord = rest.first.map { $0.isLetter || $0 == "_" } ?? false
        rest = Self.skipSpace(
          isWord ? rest.drop { $0.isLetter || $0.isNumber || $0 == "_" } : rest.dropFirst())
        continue
      }
      let brace = Self.skipSpace(rest.dropFirst("SECTIONS".count))
      guard brace.first == "{" else { return }
      let body = brace.dropFirst()
      sectionsStart = body.startIndex
      let dot = Self.skipSpace(body)
      guard dot.first == "." else { return }
      let equals = Self.skipSpace(dot.dropFirst())
      guard equals.first == "=", let end = equals.firstIndex(of: ";") else { return }
      baseExpression = equals.index(after: equals.startIndex)..<end
      return
    }
  }

  /// `text` without the white space and the comments it starts with.
  private static func skipSpace(_ text: Substring) -> Substring {
    var rest = text.drop(while: \.isWhitespace)
    while rest.hasPrefix("/*") {
      var comment = rest.dropFirst(2)
      while !comment.isEmpty, !comment.hasPrefix("*/") { comment.removeFirst() }
      rest = comment.dropFirst(2).drop(while: \.isWhitespace)
    }
    return rest
  }
}

extension String {
  func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
