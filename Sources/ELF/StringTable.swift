// StringTable.swift — strings, each ended by a zero byte
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// A string table (gABI, "String Table").
struct StringTable {
  private let bytes: ArraySlice<UInt8>
  private let place: String
  /// How many more bytes may be handed out. Entries may share strings, so that a small file of entries which
  /// all name one long string could fill the memory.
  private var budget: Int

  init(_ section: Section, bytes: [UInt8]) throws(ELFError) {
    let place = "section header \(section.index)"
    try check(
      section.type == .stringTable, place, found: "type \(section.type.rawValue)",
      expected: "3, a string table")
    try self.init(section.fileRange, place: place, bytes: bytes)
  }

  /// The strings at `range` of the file's `bytes`.
  init(_ range: Range<Int>, place: String, bytes: [UInt8]) throws(ELFError) {
    self.bytes = bytes[range]
    self.place = place
    budget = 16 * bytes.count
    let last = self.bytes.last ?? 0
    try check(
      last == 0, place, found: "a string table that ends in \(hex(last))", expected: "a zero byte at its end")
  }

  /// The string at byte `offset`; bytes that are not UTF-8 become U+FFFD.
  mutating func string(at offset: UInt32, place: @autoclosure () -> String) throws(ELFError) -> String {
    String(decoding: try name(at: offset, place: place()), as: UTF8.self)
  }

  /// The same as it is in the file.
  mutating func name(at offset: UInt32, place: @autoclosure () -> String) throws(ELFError)
    -> ArraySlice<UInt8>
  {
    guard offset != 0 else { return [] }
    try checkName(offset, place: place())
    let name = bytes.dropFirst(Int(offset)).prefix { $0 != 0 }
    budget -= name.count
    try check(
      budget >= 0, self.place, found: "strings that overlap too much",
      expected: "no more than 16 times the file")
    return name
  }

  /// Checks that there is a string at byte `offset`.
  func checkName(_ offset: UInt32, place: @autoclosure () -> String) throws(ELFError) {
    guard offset == 0 || offset < bytes.count else {
      throw ELFError(
        place: place(), found: "a name at offset \(hex(offset))",
        expected: "an offset inside the string table of \(hex(bytes.count)) bytes")
    }
  }
}
