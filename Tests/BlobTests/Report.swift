// Report.swift — the console of a run that reached the payload's kernel, taken apart
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// System state as the payload reports it (Payload/state.S).
struct SystemState: Equatable, Sendable {
  let x: [UInt64]
  /// CurrentEL.
  let level: UInt64
  /// The registers that are to come out as they went in, by name.
  let restored: [String: UInt64]
  let daif: UInt64
  /// CNTVCT_EL0.
  let counter: UInt64
  /// CNTFRQ_EL0.
  let frequency: UInt64
  /// SVCR, which streaming mode and ZA are in; 0 where the test did not set it.
  let svcr: UInt64

  /// ALLINT, which masks superpriority interrupts; 0 where there are none.
  let allint: UInt64

  static let restoredNames = [
    "sctlr", "spsel", "sp", "sp_el0", "fp_trap", "hcr", "tcr", "ttbr0", "mair", "vbar", "tcr2", "fpcr",
    "fpsr",
  ]

  fileprivate init(_ line: Substring, console: String) throws(Report.Missing) {
    var fields: [Substring: UInt64] = [:]
    for field in line.split(separator: " ") {
      let pair = field.split(separator: "=")
      if pair.count == 2, pair[1].hasPrefix("0x") {
        fields[pair[0]] = UInt64(pair[1].dropFirst(2), radix: 16)
      }
    }
    func field(_ name: String) throws(Report.Missing) -> UInt64 {
      guard let value = fields[name[...]] else { throw Report.Missing(what: name, console: console) }
      return value
    }
    x = [try field("x0"), try field("x1"), try field("x2"), try field("x3")]
    level = try field("el") >> 2
    daif = try field("daif")
    counter = try field("counter")
    frequency = try field("frequency")
    svcr = try field("svcr")
    allint = try field("allint")
    var restored: [String: UInt64] = [:]
    for name in Self.restoredNames { restored[name] = try field(name) }
    self.restored = restored
  }
}

/// What a run said.
struct Report: Sendable {
  /// A line that must be there is not, or one is that must not.
  struct Missing: Error, CustomStringConvertible {
    let what: String
    let console: String
    var description: String { "the payload's report has no \(what); console:\n\(console)" }
  }

  /// As the stub left it; nil if there was none.
  let before: SystemState?
  /// As the spy found it in the middle of the purgatory; nil if there was none.
  let during: SystemState?
  /// As the kernel found it.
  let after: SystemState
  /// All that the payload did not write.
  let purgatory: String
  /// The bytes of the windows that were dumped, by address.
  private let dumps: [UInt64: [UInt8]]
  /// The hashes of others.
  private let hashes: [UInt64: UInt64]
  /// The words of others.
  private let words: [UInt64: [UInt64]]
  private let console: String

  /// Takes the console apart; a report that is not whole is an error, so that no test passes on silence.
  init(_ console: String, withStub: Bool = true) throws(Missing) {
    var before: SystemState?
    var during: SystemState?
    var after: SystemState?
    var words: [UInt64: [UInt64]] = [:]
    var dumps: [UInt64: [UInt8]] = [:]
    var hashes: [UInt64: UInt64] = [:]
    var ended = false
    var purgatory = ""
    for line in console.split(separator: "\r\n" as Character, omittingEmptySubsequences: false) {
      if line == Probe.lastLine.dropLast() {
        ended = true
      } else if line.hasPrefix("before.") {
        before = try SystemState(line.dropFirst(7), console: console)
      } else if line.hasPrefix("during.") {
        during = try SystemState(line.dropFirst(7), console: console)
      } else if line.hasPrefix("after.") {
        after = try SystemState(line.dropFirst(6), console: console)
      } else if let (address, digits) = Self.window(line, "dump ") {
        dumps[address] = Self.bytes(digits)
      } else if let (address, digits) = Self.window(line, "hash ") {
        hashes[address] = UInt64(digits.dropFirst(2), radix: 16)
      } else if let (address, digits) = Self.window(line, "words ") {
        words[address] = Self.runs(digits)
      } else if line.hasPrefix("exception.") {
        throw Missing(what: "run without an exception", console: console)
      } else {
        purgatory += line + "\r\n"
      }
    }
    guard !withStub || before != nil else {
      throw Missing(what: "state before the purgatory", console: console)
    }
    guard let after else { throw Missing(what: "state after the purgatory", console: console) }
    guard ended else { throw Missing(what: "last line", console: console) }
    self.before = before
    self.during = during
    self.after = after
    self.purgatory = String(purgatory.dropLast())  // what follows the last line end: nothing
    self.dumps = dumps
    self.hashes = hashes
    self.words = words
    self.console = console
  }

  /// `purgatory`, with `N` for the time in the result.
  var timeless: String {
    purgatory.replacing(/in [0-9]+ us/, with: "in N us")
  }

  /// What memory held at `address`.
  func dump(_ address: UInt64) throws(Missing) -> [UInt8] {
    guard let bytes = dumps[address] else {
      throw Missing(what: "dump of 0x\(String(address, radix: 16))", console: console)
    }
    return bytes
  }

  /// The FNV-1a hash of what memory held at `address`.
  func hash(_ address: UInt64) throws(Missing) -> UInt64 {
    guard let value = hashes[address] else {
      throw Missing(what: "hash of 0x\(String(address, radix: 16))", console: console)
    }
    return value
  }

  /// The words that memory held at `address`.
  func words(_ address: UInt64) throws(Missing) -> [UInt64] {
    guard let value = words[address] else {
      throw Missing(what: "words of 0x\(String(address, radix: 16))", console: console)
    }
    return value
  }

  /// `struct purgatory_info` as the purgatory left it.
  func info(of blob: PlacedBlob) throws -> PurgatoryInfo {
    try PurgatoryInfo(decoding: dump(blob.infoAddress))
  }

  /// What is to be stored at `result_addr`, by what info says of the run.
  func expectedResult(of blob: PlacedBlob) throws -> [UInt8] {
    let info = try info(of: blob)
    let (microseconds, overflow) = info.verifyTicks.multipliedReportingOverflow(by: 1_000_000)
    precondition(!overflow)
    let cells = [
      info.status.rawValue, info.failedRegion,
      after.frequency == 0 ? 0 : UInt32(clamping: microseconds / after.frequency),
      UInt32(truncatingIfNeeded: info.verifyPath),
    ]
    return cells.flatMap { cell in withUnsafeBytes(of: cell.bigEndian) { Array($0) } }
  }

  /// The 32-bit field at an offset of purgatory_info.h, also of an info that cannot be decoded.
  func word(_ offset: Int32, of blob: PlacedBlob) throws -> UInt32 {
    try dump(blob.infoAddress)[Int(offset)..<Int(offset) + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func window(_ line: Substring, _ prefix: String) -> (UInt64, Substring)? {
    guard line.hasPrefix(prefix), let equals = line.firstIndex(of: "=") else { return nil }
    let address = line[line.index(line.startIndex, offsetBy: prefix.count)..<equals]
    return UInt64(address.dropFirst(2), radix: 16).map { ($0, line[line.index(after: equals)...]) }
  }

  /// A word and how many of it there are, and so on, each as 0x and sixteen digits.
  private static func runs(_ digits: Substring) -> [UInt64]? {
    let numbers = digits.split(separator: "0x", omittingEmptySubsequences: true).map { UInt64($0, radix: 16) }
    var words: [UInt64] = []
    for index in stride(from: 0, to: numbers.count - 1, by: 2) {
      guard let word = numbers[index], let count = numbers[index + 1], count < 1 << 24 else { return nil }
      words += [UInt64](repeating: word, count: Int(clamping: count))
    }
    return words
  }

  private static func bytes(_ digits: Substring) -> [UInt8]? {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { index in
      UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) ?? 0
    }
  }
}
