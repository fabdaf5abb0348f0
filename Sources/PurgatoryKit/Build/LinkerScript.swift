// LinkerScript.swift — just enough of a linker script's grammar to find where it sets addresses
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The places of a script at which addresses are numbers: all others follow from them.
///
/// It is read byte by byte, as linkers read it: nobody knows the encoding of its comments and file names.
package struct LinkerScript {
  fileprivate typealias Text = ArraySlice<UInt8>

  /// With all that is included, and without comments.
  package let text: [UInt8]
  /// Right behind the brace that opens SECTIONS.
  private var sectionsStart: Int?
  /// Expressions that are addresses: origins of MEMORY, `. = BASE;`, `.text BASE : {`.
  private var bases: [Range<Int>] = []
  private var hasMemory = false
  /// A section comes before the first of them: it starts at 0.
  private var startsAtZero = false
  /// Whether it names objects of its own.
  private(set) var namesObjects = false

  /// What it includes, where nobody can tell what is in there.
  private(set) var unknownFile: String?

  /// - Parameters:
  ///   - script: its bytes.
  ///   - include: what is in a file that it includes; nil: it cannot be read.
  package init(_ script: [UInt8], including include: (_ file: String) -> [UInt8]? = { _ in nil }) {
    var reader = Reader()
    reader.read(script, level: 0, include)
    text = reader.text
    unknownFile = reader.unknownFile
    var rest = Self.skipSpace(text[...])
    while !rest.isEmpty {
      let word = rest.prefix(while: \.isOfWord)
      let next = Self.skipSpace(rest.dropFirst(word.count))
      if word.isAny("INPUT", "GROUP", "STARTUP"), next.begins("(") { namesObjects = true }
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

  /// The script with a symbol for each base, by its number, whose value a linker knows; nil: without one, it is all the same.
  package func measured(as symbol: (Int) -> String) -> [UInt8]? {
    let all = bases.enumerated().filter { !Self.refersToDot(text[$0.element]) }
    guard all.contains(where: { Self.sum(text[$0.element]) == nil }) else { return nil }
    return all.reduce(into: text) { script, base in
      script += Array("\n\(symbol(base.offset)) = (".utf8) + text[base.element] + Array(");".utf8)
    }
  }

  /// The values of the bases that are plain sums of numbers; nil: another expression.
  var baseValues: [UInt64?] { bases.map { Self.sum(text[$0]) } }

  private static func sum(_ text: Text) -> UInt64? {
    text.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false).reduce(0) { sum, part in
      value(part).flatMap { sum?.plus($0) }
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
    guard let colon = Self.colon(in: header) else { return }
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
      if name.begins(".") || name.begins("_") || name.begins("\"") || name.first?.isLetter ?? false {
        bases.append(first.startIndex..<last.endIndex)
      }
    } else if bases.isEmpty, !hasMemory, words.count == 2, words[0].begins(".") || words[0].begins("\""),
      !words[1].contains(UInt8(ascii: "("))
    {
      bases.append(words[1].indices)
    }
  }

  /// The last colon outside of parentheses: before it is the name, behind it where it is loaded.
  private static func colon(in header: Text) -> Int? {
    var rest = header
    var colon: Int?
    while true {
      rest = rest[expression(rest, until: ":").endIndex...]
      if rest.isEmpty { return colon }
      colon = rest.startIndex
      rest = rest.dropFirst()
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

  /// Up to one of `ends` outside of parentheses and strings.
  private static func expression(_ text: Text, until ends: String) -> Text {
    var rest = text
    var depth = 0
    while let first = rest.first {
      if depth <= 0, first.isAny(ends) { break }
      depth += first.depth("()")
      if first == quote { rest = skipString(rest) }
      rest = rest.dropFirst()
    }
    return text[..<rest.startIndex]
  }

  /// What is between the brace that `text` begins with and the one that closes it.
  private static func braced(_ text: Text) -> Text {
    var rest = text.dropFirst()
    let start = rest.startIndex
    var depth = 1
    while let first = rest.first {
      depth += first.depth("{}")
      if depth == 0 { break }
      if first == quote { rest = skipString(rest) }
      rest = rest.dropFirst()
    }
    return text[start..<rest.startIndex]
  }

  /// From the quotation mark on that closes the string at the start of `text`.
  fileprivate static func skipString(_ text: Text) -> Text { text.dropFirst().drop { $0 != quote } }

  fileprivate static func skipSpace(_ text: Text) -> Text { text.drop(while: \.isSpace) }
}

/// What linkers do before the grammar: they include files, and take a comment for a space.
private struct Reader {
  private(set) var text: [UInt8] = []
  private(set) var unknownFile: String?
  private var braces = 0
  /// Bytes that were included.
  private var size = 0

  /// As lld has it.
  private static let maximumLevel = 10
  private static let maximumSize = Files.Limit.text.rawValue

  mutating func read(_ script: [UInt8], level: Int, _ include: (String) -> [UInt8]?) {
    var rest = script[...]
    while let first = rest.first {
      // In `folder/*.o`, within an output section, no comment begins.
      let isPattern = braces > 1 && text.last?.isOfPattern ?? false
      var piece = rest.prefix(while: \.isOfPattern)
      if piece.isAny("INCLUDE"), text.last.map({ $0.isSpace || $0.isAny(";{})") }) ?? true {
        let file = LinkerScript.fileName(behind: piece, in: rest)
        let name = String(decoding: file.filter { $0 != LinkerScript.quote }, as: UTF8.self)
        text.append(LinkerScript.space)
        if unknownFile == nil, level < Self.maximumLevel, let included = include(name),
          let size = size.plus(included.count), size <= Self.maximumSize
        {
          self.size = size
          read(included, level: level + 1, include)
        } else {
          unknownFile = unknownFile ?? name
        }
        text.append(LinkerScript.space)
        rest = rest[file.endIndex...]
        continue
      }
      let comment = isPattern ? [] : LinkerScript.comment(rest)
      if !comment.isEmpty {
        piece = comment
        text.append(LinkerScript.space)
      } else {
        if first == LinkerScript.quote { piece = LinkerScript.string(rest) }
        if piece.isEmpty { piece = rest.prefix(1) }
        braces += first.depth("{}")
        text += piece
      }
      rest = rest[piece.endIndex...]
    }
  }
}

extension LinkerScript {
  fileprivate static let quote = UInt8(ascii: "\"")
  fileprivate static let space = UInt8(ascii: " ")

  /// The string that `text` begins with, with its quotation marks.
  fileprivate static func string(_ text: Text) -> Text { text[..<skipString(text).dropFirst().startIndex] }

  /// The comment that `text` begins with: of C, or to the end of the line after `#`.
  fileprivate static func comment(_ text: Text) -> Text {
    if text.begins("#") { return text.prefix { $0 != UInt8(ascii: "\n") } }
    guard text.begins("/*") else { return [] }
    let body = text.dropFirst(2)
    let end = body.indices.first { body[$0...].begins("*/") } ?? body.endIndex
    return text[..<text[end...].dropFirst(2).startIndex]
  }

  /// The name behind `INCLUDE`, in quotation marks or not.
  fileprivate static func fileName(behind word: Text, in text: Text) -> Text {
    let name = skipSpace(text[word.endIndex...])
    return name.first == quote ? string(name) : name.prefix { !$0.isSpace && !$0.isAny(";{}()\"") }
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
