// ByteReader.swift — a stream of bytes and LEB128 numbers
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Reads bytes one after the other, and numbers of seven bits a byte, the lowest first (DWARF, "Variable Length
/// Data").
struct ByteReader {
  private var bytes: ArraySlice<UInt8>
  private let place: String

  init(_ bytes: ArraySlice<UInt8>, place: String) {
    self.bytes = bytes
    self.place = place
  }

  mutating func byte() throws(ELFError) -> UInt8 {
    guard let byte = bytes.popFirst() else {
      throw ELFError(place: place, found: "an end inside a relocation", expected: "more bytes")
    }
    return byte
  }

  /// An unsigned number.
  mutating func unsigned() throws(ELFError) -> UInt64 {
    try number().bits
  }

  /// A signed number: its highest bit counts for all above it.
  mutating func signed() throws(ELFError) -> Int64 {
    let (bits, width) = try number()
    let unused = max(0, 64 - width)
    return Int64(bitPattern: bits << unused) >> unused
  }

  /// The lowest 64 bits of a number and how many it has. More than 64 only fill its tenth byte.
  private mutating func number() throws(ELFError) -> (bits: UInt64, width: Int) {
    var bits: UInt64 = 0
    for width in stride(from: 0, to: 70, by: 7) {
      let byte = try byte()
      bits |= UInt64(byte & 0x7f) << width
      if byte < 0x80 { return (bits, width + 7) }
    }
    throw ELFError(place: place, found: "a number of more than 64 bits", expected: "no more than 64")
  }
}
