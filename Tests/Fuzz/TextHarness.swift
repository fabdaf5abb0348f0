// TextHarness.swift — manifests, numbers and placed files as they are typed, linker scripts
// SPDX-License-Identifier: MIT

import PurgatoryCommand
import PurgatoryKit

/// What was read is written, and read again as the same.
func fuzzManifest(_ bytes: [UInt8]) {
  guard let manifest = try? Manifest(decoding: bytes, file: "manifest") else { return }
  guard let text = try? manifest.encoded(), let again = try? Manifest(decoding: text, file: "manifest") else {
    return require(false, "what was read cannot be written")
  }
  require(again == manifest, "it is another when it was written")
}

func fuzzValues(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  let number = Typed.number(Array(text.utf8))
  require((try? parseNumber(text)) == number, "\(text) is read as a number other than \(number ?? 0)")
  require((try? parseAddress(text)) == number, "\(text) is read as an address other than \(number ?? 0)")
  let size = Typed.size(Array(text.utf8))
  require((try? parseSize(text)) == size, "\(text) is read as a size other than \(size ?? 0)")
  if let memory = try? parseMemory(text) {
    require(!memory.isEmpty && text.contains("+"), "memory \(memory)")
  }
  for isSized in [false, true] {
    guard let placed = try? isSized ? PlacedFile(parsingSized: text) : PlacedFile(parsing: text) else {
      continue
    }
    require(text.hasPrefix(placed.file), "\(placed.file) is not in \(text)")
    let tail = Array(text.utf8.dropFirst(placed.file.utf8.count))
    guard let address = placed.address else {
      require(tail.isEmpty || tail == Array("@auto".utf8), "\(text): no address")
      continue
    }
    let parts = tail.dropFirst().split(
      separator: UInt8(ascii: "+"), maxSplits: isSized ? 1 : 0, omittingEmptySubsequences: false)
    require(
      tail.first == UInt8(ascii: "@") && Typed.number(Array(parts[0])) == address, "\(text): \(address)")
    require(
      placed.memorySize == (parts.count > 1 ? Typed.size(Array(parts[1])) : nil), "\(text): another size")
  }
  if case .uart(let console)? = try? ConsoleChoice(parsing: text) {
    require(console.fault == nil && !console.isSilent, "\(text): a console that says nothing")
    guard case .uart(let again)? = try? ConsoleChoice(parsing: console.argument) else {
      return require(false, "\(text): \(console.argument) is no console")
    }
    require(again.argument == console.argument, "\(text): \(console.argument) is another console")
  }
  _ = Allowance(parsing: text)
}

/// Numbers, byte by byte.
private enum Typed {
  /// `0x…` or decimal, below 2^64.
  static func number(_ text: [UInt8]) -> UInt64? {
    let isHex = text.count > 2 && text[0] == 0x30 && text[1] | 0x20 == 0x78
    let digits = text.dropFirst(isHex ? 2 : 0)
    if digits.isEmpty { return nil }
    var value: UInt64 = 0
    for byte in digits {
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46 where isHex: digit = byte - 0x37
      case 0x61...0x66 where isHex: digit = byte - 0x57
      default: return nil
      }
      let (product, tooFar) = value.multipliedReportingOverflow(by: isHex ? 16 : 10)
      let (sum, overflow) = product.addingReportingOverflow(UInt64(digit))
      if tooFar || overflow { return nil }
      value = sum
    }
    return value
  }

  /// The same, with K, M or G behind it.
  static func size(_ text: [UInt8]) -> UInt64? {
    let units: [UInt8: UInt64] = [0x4b: 1 << 10, 0x4d: 1 << 20, 0x47: 1 << 30]
    guard let last = text.last, let unit = units[last & 0xdf], last > 0x40 else { return number(text) }
    guard let (size, overflow) = number(Array(text.dropLast()))?.multipliedReportingOverflow(by: unit)
    else { return nil }
    return overflow ? nil : size
  }
}

/// What has no comments any more has none to lose; and what is moved, or measured, is not lost.
func fuzzScript(_ bytes: [UInt8]) {
  let script = LinkerScript(bytes, including: { $0 == "a" ? Array(bytes.prefix(64)) : nil })
  require(LinkerScript(script.text).text == script.text, "another comment")
  let moved = script.moved(by: 0x1_0000)
  require(moved.count >= script.text.count, "a part of the script is lost")
  _ = LinkerScript(moved).moved(by: 0)
  if let measured = script.measured(as: { "s\($0)" }) {
    require(measured.starts(with: script.text), "a part of the script is lost")
  }
}
