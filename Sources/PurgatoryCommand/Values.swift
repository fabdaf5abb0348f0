// Values.swift — addresses, sizes and placed files, as they are typed
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

/// A value that was typed wrongly: what about it.
struct ValueError: Error, CustomStringConvertible {
  let description: String
}

/// `0x…` or decimal. What makes a round address only if it is read as hexadecimal was perhaps meant so.
package func parseAddress(_ text: String) throws -> UInt64 {
  let number = try parseNumber(text)
  let page = PurgatoryInfo.loadAlignment
  if let hex = UInt64(text, radix: 16), hex != number, hex.isMultiple(of: page), !number.isMultiple(of: page)
  {
    Terminal.say("note: \(text) is decimal, \(String(hex: number)); hexadecimal is written 0x\(text)")
  }
  return number
}

/// `0x…` or decimal, with K, M or G for powers of 1024.
package func parseSize(_ text: String) throws -> UInt64 {
  let shifts = ["K": 10, "M": 20, "G": 30]
  guard let unit = text.last, let shift = shifts[unit.uppercased()] else {
    return try parseNumber(text)
  }
  let number = try parseNumber(text.dropLast())
  guard number.leadingZeroBitCount >= shift || number == 0 else {
    throw ValueError(description: "\(text) exceeds 64 bits")
  }
  return number << shift
}

package func parseNumber(_ text: some StringProtocol) throws -> UInt64 {
  let isHex = text.hasPrefix("0x") || text.hasPrefix("0X")
  let digits = isHex ? text.dropFirst(2) : text[...]
  guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && (isHex ? $0.isHexDigit : $0.isNumber) }) else {
    throw ValueError(description: "'\(text)' is no number, expected 0x… or decimal")
  }
  guard let number = UInt64(digits, radix: isHex ? 16 : 10) else {
    throw ValueError(description: "\(text) exceeds 64 bits")
  }
  return number
}

/// `FILE`, `FILE@ADDR`, and for `--segment` `FILE@ADDR+MEMSIZE`: a file, and where it goes if the user says so. An `@` in
/// a folder's name is no address; `FILE@auto` says of any name that no address follows.
package struct PlacedFile {
  package let file: String
  package let address: UInt64?
  package let memorySize: UInt64?

  package init(parsing text: String) throws {
    (file, address, memorySize) = try Self.parse(text, sized: false)
  }

  package init(parsingSized text: String) throws {
    (file, address, memorySize) = try Self.parse(text, sized: true)
  }

  private static func parse(_ text: String, sized: Bool) throws -> (String, UInt64?, UInt64?) {
    guard let at = text.lastIndex(of: "@") else { return (text, nil, nil) }
    let tail = text[text.index(after: at)...]
    if tail.contains("/") { return (text, nil, nil) }
    guard at != text.startIndex else { throw ValueError(description: "no file, expected FILE@ADDR") }
    if tail == "auto" { return (String(text[..<at]), nil, nil) }
    let place = tail.split(
      separator: "+", maxSplits: sized ? 1 : 0, omittingEmptySubsequences: false)
    return (
      String(text[..<at]), try parseAddress(String(place[0])),
      place.count > 1 ? try parseSize(String(place[1])) : nil
    )
  }
}

/// `BASE+SIZE`.
package func parseMemory(_ text: String) throws -> Range<UInt64> {
  let parts = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  guard parts.count == 2 else { throw ValueError(description: "expected BASE+SIZE") }
  guard let range = Range(base: try parseAddress(parts[0]), size: try parseSize(parts[1])) else {
    throw ValueError(description: "expected a size above 0, and an end below 2^64")
  }
  return range
}

extension InfoChanges.DigestMode: ExpressibleByArgument {}

extension PurgatoryInfo.FailureAction: ExpressibleByArgument {
  public init?(argument: String) {
    guard let action = Self.allCases.first(where: { $0.name == argument }) else { return nil }
    self = action
  }
  public static var allValueStrings: [String] { allCases.map(\.name) }
}

extension PurgatoryInfo.PSCIConduit: ExpressibleByArgument {
  public init?(argument: String) {
    guard let conduit = Self.allCases.first(where: { $0.name == argument }) else { return nil }
    self = conduit
  }
  public static var allValueStrings: [String] { allCases.map(\.name) }
}
