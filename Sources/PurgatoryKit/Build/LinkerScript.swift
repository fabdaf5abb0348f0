// LinkerScript.swift — just enough of a linker script's grammar to find where it sets addresses
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The places of a script at which addresses are numbers: all others follow from them.
///
/// It is read byte by byte, as linkers read it: nobody knows the encoding of its comments and file names.
package struct LinkerScript {
  private typealias Text = ArraySlice<UInt8>

  private let text: [UInt8]
  /// Right behind the brace that opens SECTIONS.
  private var sectionsStart: Int?
  /// Expressions that are addresses: origins of MEMORY, `. = BASE;`, `.text BASE : {`.
  private var bases: [Range<Int>] = []
  private var hasMemory = false
  /// A section comes before the first of them: it starts at 0.
  private var startsAtZero = false
  /// Whether it names objects of its own.
  private(set) var namesObjects = false

  package init(_ text: [UInt8]) {
    self.text = text
    var rest = Self.skipSpace(text[...])
    while !rest.isEmpty {
      let word = rest.prefix(while: \.isOfWord)
      let next = Self.skipSpace(rest.dropFirst(word.count))
      if word.isAny("INPUT", "GROUP"), next.begins("(") { namesObjects = true }
      if word.isAny("SECTIONS", "MEMORY"), next.begins("{") {
        let body = Self.braced(next)
        if word.isAny("MEMORY") { readMemory(body) } else { readSections(body) }
        rest = Self.skipSpace(text[body.endIndex...].dropFirst())
      } else if rest.begins("\"") {
        rest = Self.skipSpace(Self.skipString(rest).dropFirst())
      } else {
        rest = word.isEmpty ? Self.skipSpace(rest.dropFirst()) : next
      }
    }
  }

  /// The script with everything `distance` further up.
  ///
  /// - Parameter fixed: the bases that are left where they are, by number.
  package func moved(by distance: UInt64, keeping fixed: Set<Int> = []) -> [UInt8] {
    let offset = String(hex: distance)
    var moved: [UInt8] = []
    var end = text.startIndex
    if bases.isEmpty || startsAtZero, let sectionsStart {
      moved = text[..<sectionsStart] + Array(" . = \(offset); ".utf8)
      end = sectionsStart
    }
    for (index, base) in bases.enumerated() where !fixed.contains(index) {
      moved += text[end..<base.lowerBound]
      moved += Array("((".utf8) + text[base] + Array(") + \(offset))".utf8)
      end = base.upperBound
    }
    return moved + text[end...]
  }

  /// The values of the bases that are plain sums of numbers; nil: another expression.
  var baseValues: [UInt64?] {
    bases.map { base in
      text[base].split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false).reduce(0) {
        sum, part in
        Self.value(part).flatMap { sum?.plus($0) }
      }
    }
  }

  private static func value(_ text: Text) -> UInt64? {
    let words = text.split(whereSeparator: \.isSpace)
    guard words.count == 1 else { return nil }
    let word = String(decoding: words[0], as: UTF8.self)
    let units: [Character: UInt64] = ["K": 1 << 10, "k": 1 << 10, "M": 1 << 20, "m": 1 << 20]
    if word.hasPrefix("0x") || word.hasPrefix("0X") { return UInt64(word.dropFirst(2), radix: 16) }
    guard let unit = word.last.flatMap({ units[$0] }) else { return UInt64(word) }
    return UInt64(word.dropLast())?.times(unit)
  }

  /// `NAME (ATTRIBUTES) : ORIGIN = EXPRESSION, LENGTH = EXPRESSION`, each.
  private mutating func readMemory(_ body: Text) {
    hasMemory = true
    var rest = Self.skipSpace(body)
    while !rest.isEmpty {
      let word = rest.prefix(while: \.isOfWord)
      let equals = Self.skipSpace(rest.dropFirst(word.count))
      if word.isAny("ORIGIN", "org", "o"), equals.begins("=") {
        let expression = Self.expression(equals.dropFirst(), until: ",")
        bases.append(expression.indices)
        rest = Self.skipSpace(body[expression.endIndex...])
      } else {
        rest = Self.skipSpace(rest.dropFirst(max(word.count, 1)))
      }
    }
  }

  /// Statements that end with a semicolon, and output sections, which have braces.
  private mutating func readSections(_ body: Text) {
    sectionsStart = sectionsStart ?? body.startIndex
    var rest = Self.skipSpace(body)
    while !rest.isEmpty {
      let statement = Self.expression(rest, until: ";{")
      let end = body[statement.endIndex...]
      if end.begins("{") {
        readHeader(statement)
        if bases.isEmpty, !hasMemory { startsAtZero = true }
        rest = Self.skipSpace(body[Self.braced(end).endIndex...].dropFirst())
      } else {
        readAssignment(statement)
        rest = Self.skipSpace(end.dropFirst())
      }
    }
  }

  /// `. = EXPRESSION`; the first address that there is, or a number.
  private mutating func readAssignment(_ statement: Text) {
    guard let equals = Self.dotAssignment(statement) else { return }
    let expression = equals.dropFirst()
    if Self.isNumber(expression) || bases.isEmpty && !hasMemory && !Self.refersToDot(expression) {
      bases.append(expression.indices)
    }
  }

  /// From the `=` on; nil: something else is assigned to.
  private static func dotAssignment(_ statement: Text) -> Text? {
    // What follows an output section's brace, such as `> REGION :segment`, stands before the next statement; so does an
    // ASSERT, which needs no semicolon.
    var word: Text = []
    for (index, byte) in zip(statement.indices, statement) {
      if byte == UInt8(ascii: "="), word.isAny(".") { return statement[index...] }
      let isNext = word.isEmpty || word.endIndex < index
      if !byte.isSpace { word = statement[(isNext ? index : word.startIndex)...index] }
    }
    return nil
  }

  /// `NAME ADDRESS (TYPE) : …`, behind whatever belongs to the section before.
  private mutating func readHeader(_ header: Text) {
    guard let colon = header.lastIndex(of: UInt8(ascii: ":")) else { return }
    var words = Self.words(header[..<colon])
    if let type = words.last, type.begins("("), type.dropFirst().first?.isLetter ?? false {
      words.removeLast()
    }
    let address = words.reversed().prefix { Self.isNumber($0) || $0.consists(of: "+-*/&|<>") }
    if let first = address.last, let last = address.first, words.count > address.count,
      first.begins("(") || first.first?.isDigit ?? false,
      Self.isNumber(header[first.startIndex..<last.endIndex])
    {
      let name = words[words.count - address.count - 1]
      if name.begins(".") || name.begins("_") || name.first?.isLetter ?? false {
        bases.append(first.startIndex..<last.endIndex)
      }
    } else if bases.isEmpty, !hasMemory, words.count == 2, words[0].begins("."),
      !words[1].contains(UInt8(ascii: "("))
    {
      bases.append(words[1].indices)
    }
  }

  /// Words, of which parentheses keep theirs together.
  private static func words(_ text: Text) -> [Text] {
    var words: [Text] = []
    var start: Int?
    var depth = 0
    for (index, byte) in zip(text.indices, text) {
      depth += byte.depth("()")
      if byte.isSpace, depth <= 0 {
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
  private static func refersToDot(_ text: Text) -> Bool {
    text.split { $0.isSpace || $0.isAny("+-*/()&|<>~,") }.contains { $0.isAny(".") }
  }

  /// Whether it is an expression of numbers only.
  private static func isNumber(_ text: Text) -> Bool {
    let words = text.split { $0.isSpace || $0.isAny("+-*/()<>&|~_") }
    return !words.isEmpty && words.allSatisfy { $0.first?.isDigit ?? false }
      && text.allSatisfy { $0.isSpace || $0.isAny("0123456789abcdefABCDEFxXkKmM+-*/()<>&|~_") }
  }

  /// Up to one of `ends` outside of parentheses, comments and strings.
  private static func expression(_ text: Text, until ends: String) -> Text {
    var rest = text
    var depth = 0
    while let first = rest.first {
      if depth <= 0, first.isAny(ends) { break }
      depth += first.depth("()")
      if rest.begins("\"") { rest = skipString(rest) }
      rest = skipComments(rest.dropFirst())
    }
    return text[..<rest.startIndex]
  }

  /// What is between the brace that `text` begins with and the one that closes it.
  private static func braced(_ text: Text) -> Text {
    var rest = skipComments(text.dropFirst())
    let start = rest.startIndex
    var depth = 1
    while let first = rest.first {
      depth += first.depth("{}")
      if depth == 0 { break }
      if rest.begins("\"") { rest = skipString(rest) }
      rest = rest.dropFirst()
      // In `folder/*.o` no comment begins.
      if !first.isOfPattern { rest = skipComments(rest) }
    }
    return text[start..<rest.startIndex]
  }

  /// From the quotation mark on that closes the string at the start of `text`.
  private static func skipString(_ text: Text) -> Text {
    text.dropFirst().drop { $0 != UInt8(ascii: "\"") }
  }

  /// `text` without the white space and the comments it starts with.
  private static func skipSpace(_ text: Text) -> Text {
    var rest = text
    while true {
      let next = skipComments(rest.drop(while: \.isSpace))
      if next.startIndex == rest.startIndex { return rest }
      rest = next
    }
  }

  /// `text` without the comments it starts with: of C, and to the end of the line after `#`.
  private static func skipComments(_ text: Text) -> Text {
    var rest = text
    while true {
      if rest.begins("/*") {
        rest = rest.dropFirst(2)
        while !rest.isEmpty, !rest.begins("*/") { rest.removeFirst() }
        rest = rest.dropFirst(2)
      } else if rest.begins("#") {
        rest = rest.drop { $0 != UInt8(ascii: "\n") }
      } else {
        return rest
      }
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func begins(_ text: String) -> Bool { starts(with: text.utf8) }

  fileprivate func isAny(_ words: String...) -> Bool { words.contains { elementsEqual($0.utf8) } }

  fileprivate func consists(of characters: String) -> Bool { allSatisfy { $0.isAny(characters) } }
}

extension UInt8 {
  fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
  fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
  /// What is not ASCII is a part of names.
  fileprivate var isLetter: Bool { (0x61...0x7a).contains(self | 0x20) || self >= 0x80 }
  fileprivate var isOfWord: Bool { isLetter || isDigit || self == UInt8(ascii: "_") }

  /// Whether it may be of a file's or a section's name, or stand for one.
  fileprivate var isOfPattern: Bool { isOfWord || isAny(".*?-]") }

  fileprivate func isAny(_ characters: String) -> Bool { characters.utf8.contains(self) }

  /// 1 for the first of two brackets, which opens, -1 for the other.
  fileprivate func depth(_ brackets: String) -> Int {
    self == brackets.utf8.first ? 1 : self == brackets.utf8.last ? -1 : 0
  }
}
