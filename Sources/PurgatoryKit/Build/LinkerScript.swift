// LinkerScript.swift — just enough of a linker script's grammar to find where it sets addresses
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The places of a script at which addresses are numbers: all others follow from them.
package struct LinkerScript {
  private let text: String
  /// Right behind the brace that opens SECTIONS.
  private var sectionsStart: String.Index?
  /// Expressions that are addresses: origins of MEMORY, `. = BASE;`, `.text BASE : {`.
  private var bases: [Range<String.Index>] = []
  private var hasMemory = false
  /// The words that stand outside of braces.
  private var commands: Set<Substring> = []

  package init(_ text: String) {
    self.text = text
    var rest = Self.skipSpace(text[...])
    while let first = rest.first {
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let next = Self.skipSpace(rest.dropFirst(word.count))
      commands.insert(word)
      if word == "SECTIONS" || word == "MEMORY", next.first == "{" {
        let body = Self.braced(next)
        if word == "MEMORY" { readMemory(body) } else { readSections(body) }
        rest = Self.skipSpace(text[body.endIndex...].dropFirst())
      } else if first == "\"" {
        rest = Self.skipSpace(rest.dropFirst().drop { $0 != "\"" }.dropFirst())
      } else {
        rest = word.isEmpty ? Self.skipSpace(rest.dropFirst()) : next
      }
    }
  }

  /// The script with everything `distance` further up.
  ///
  /// - Parameter fixed: the bases that are left where they are, by number.
  package func moved(by distance: UInt64, keeping fixed: Set<Int> = []) -> String {
    let offset = String(hex: distance)
    guard !bases.isEmpty else {
      guard let sectionsStart else { return text }
      return text.replacingCharacters(in: sectionsStart..<sectionsStart, with: " . = \(offset); ")
    }
    return moving(bases.enumerated().filter { !fixed.contains($0.offset) }.map(\.element), by: offset)
  }

  /// The values of the bases that are plain sums of numbers; nil: another expression.
  var baseValues: [UInt64?] {
    bases.map { base in
      text[base].split(separator: "+", omittingEmptySubsequences: false).reduce(0) { sum, part in
        Self.value(part).flatMap { sum?.plus($0) }
      }
    }
  }

  private static func value(_ text: Substring) -> UInt64? {
    guard let word = text.split(whereSeparator: \.isWhitespace).first,
      text.split(whereSeparator: \.isWhitespace).count == 1
    else { return nil }
    let units: [Character: UInt64] = ["K": 1 << 10, "k": 1 << 10, "M": 1 << 20, "m": 1 << 20]
    if word.hasPrefix("0x") || word.hasPrefix("0X") { return UInt64(word.dropFirst(2), radix: 16) }
    guard let unit = word.last.flatMap({ units[$0] }) else { return UInt64(word) }
    return UInt64(word.dropLast())?.times(unit)
  }

  /// Whether it names objects of its own.
  var namesObjects: Bool { commands.contains("INPUT") || commands.contains("GROUP") }

  private func moving(_ bases: [Range<String.Index>], by offset: String) -> String {
    var moved = ""
    var end = text.startIndex
    for base in bases {
      moved += text[end..<base.lowerBound] + "((\(text[base])) + \(offset))"
      end = base.upperBound
    }
    return moved + text[end...]
  }

  /// `NAME (ATTRIBUTES) : ORIGIN = EXPRESSION, LENGTH = EXPRESSION`, each.
  private mutating func readMemory(_ body: Substring) {
    hasMemory = true
    var rest = Self.skipSpace(body)
    while !rest.isEmpty {
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let equals = Self.skipSpace(rest.dropFirst(word.count))
      if ["ORIGIN", "org", "o"].contains(word), equals.first == "=" {
        let expression = Self.expression(equals.dropFirst(), until: ",")
        bases.append(expression.startIndex..<expression.endIndex)
        rest = Self.skipSpace(body[expression.endIndex...])
      } else {
        rest = Self.skipSpace(rest.dropFirst(max(word.count, 1)))
      }
    }
  }

  /// Statements that end with a semicolon, and output sections, which have braces.
  private mutating func readSections(_ body: Substring) {
    guard sectionsStart == nil else { return }
    sectionsStart = body.startIndex
    var rest = Self.skipSpace(body)
    while !rest.isEmpty {
      let statement = Self.expression(rest, until: ";", "{")
      let end = body[statement.endIndex...]
      if end.first == "{" {
        readHeader(statement)
        rest = Self.skipSpace(body[Self.braced(end).endIndex...].dropFirst())
      } else {
        readAssignment(statement)
        rest = Self.skipSpace(end.dropFirst())
      }
    }
  }

  /// `. = EXPRESSION`; the first address that there is, or a number.
  private mutating func readAssignment(_ statement: Substring) {
    guard let equals = Self.dotAssignment(statement) else { return }
    let expression = equals.dropFirst()
    if Self.isNumber(expression) || bases.isEmpty && !hasMemory && !Self.refersToDot(expression) {
      bases.append(expression.startIndex..<expression.endIndex)
    }
  }

  /// From the `=` on; nil: something else is assigned to.
  private static func dotAssignment(_ statement: Substring) -> Substring? {
    // What follows an output section's brace, such as `> REGION :segment`, stands before the next statement.
    guard let equals = statement.firstIndex(of: "=") else { return nil }
    let before = statement[..<equals].split(whereSeparator: \.isWhitespace)
    return before.last == "." ? statement[equals...] : nil
  }

  /// `NAME ADDRESS (TYPE) : …`, behind whatever belongs to the section before.
  private mutating func readHeader(_ header: Substring) {
    guard let colon = header.lastIndex(of: ":") else { return }
    var words = Self.words(header[..<colon])
    if let type = words.last, type.first == "(", type.dropFirst().first?.isLetter ?? false {
      words.removeLast()
    }
    let address = words.reversed().prefix { Self.isNumber($0) || $0.allSatisfy { "+-*/&|<>".contains($0) } }
    if let first = address.last, let last = address.first, words.count > address.count,
      first.first?.isNumber ?? false || first.first == "(",
      Self.isNumber(header[first.startIndex..<last.endIndex])
    {
      let name = words[words.count - address.count - 1]
      if name.first.map({ $0.isLetter || $0 == "." || $0 == "_" }) ?? false {
        bases.append(first.startIndex..<last.endIndex)
      }
    } else if bases.isEmpty, !hasMemory, words.count == 2, words[0].hasPrefix("."), !words[1].contains("(") {
      bases.append(words[1].startIndex..<words[1].endIndex)
    }
  }

  /// Words, of which parentheses keep theirs together.
  private static func words(_ text: Substring) -> [Substring] {
    var words: [Substring] = []
    var start: String.Index?
    var depth = 0
    for index in text.indices {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" { depth -= 1 }
      if text[index].isWhitespace, depth <= 0 {
        if let begin = start { words.append(text[begin..<index]) }
        start = nil
      } else if start == nil {
        start = index
      }
    }
    if let start { words.append(text[start...]) }
    return words
  }

  /// Whether it is about where things are already.
  private static func refersToDot(_ text: Substring) -> Bool {
    text.split { $0.isWhitespace || "+-*/()&|<>~,".contains($0) }.contains(".")
  }

  /// Whether it is an expression of numbers only.
  private static func isNumber(_ text: Substring) -> Bool {
    let symbols: Set<Character> = ["+", "-", "*", "/", "(", ")", "<", ">", "&", "|", "~", "_"]
    let words = text.split { $0.isWhitespace || symbols.contains($0) }
    return !words.isEmpty
      && words.allSatisfy { word in
        word.first?.isNumber ?? false
      }
      && text.allSatisfy { $0.isWhitespace || $0.isHexDigit || "xXkKmM".contains($0) || symbols.contains($0) }
  }

  /// Up to one of `ends` outside of parentheses, comments and strings.
  private static func expression(_ text: Substring, until ends: Character...) -> Substring {
    var rest = text
    var depth = 0
    while let first = rest.first {
      if depth <= 0, ends.contains(first) { break }
      if first == "(" { depth += 1 }
      if first == ")" { depth -= 1 }
      if first == "\"" { rest = rest.dropFirst().drop { $0 != "\"" } }
      rest = skipComments(rest.dropFirst())
    }
    return text[..<rest.startIndex]
  }

  /// What is between the brace that `text` begins with and the one that closes it.
  private static func braced(_ text: Substring) -> Substring {
    var rest = skipComments(text.dropFirst())
    let start = rest.startIndex
    var depth = 1
    while let first = rest.first {
      if first == "{" { depth += 1 }
      if first == "}" { depth -= 1 }
      if depth == 0 { break }
      if first == "\"" { rest = rest.dropFirst().drop { $0 != "\"" } }
      rest = skipComments(rest.dropFirst())
    }
    return text[start..<rest.startIndex]
  }

  /// `text` without the white space and the comments it starts with.
  private static func skipSpace(_ text: Substring) -> Substring {
    var rest = text
    while true {
      let next = skipComments(rest.drop(while: \.isWhitespace))
      if next.startIndex == rest.startIndex { return rest }
      rest = next
    }
  }

  /// `text` without the comments it starts with: of C, and to the end of the line after `#`.
  private static func skipComments(_ text: Substring) -> Substring {
    var rest = text
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
    }
  }
}

extension String {
  func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
