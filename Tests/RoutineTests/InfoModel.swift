// InfoModel.swift — struct purgatory_info in many ways wrong, and what docs/abi.md says of it
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// The bytes of a `struct purgatory_info`, and what is to be said of them: written from docs/abi.md, "The struct" and
/// "Bad info, refused with status 6".
struct InfoModel {
  var bytes: [UInt8]

  /// What `check_info` must answer.
  struct Verdict: Equatable {
    /// FIELD, of what is said; nil: it is good.
    var reason: String?
    /// Of a good one: the regions in use, and their bytes.
    var count: UInt64 = 0
    var total: UInt64 = 0
    /// Whether `result_addr` is a place that the result may be stored at.
    var hasResult = false
  }

  private func word(_ offset: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  private func half(_ offset: Int) -> UInt64 { word(offset) & 0xffff_ffff }

  var flags: UInt64 { word(0x20) }
  func bias(_ base: UInt64) -> UInt64 { flags & 1 << 2 == 0 ? 0 : base }

  func verdict(base: UInt64) -> Verdict {
    if word(0) != 0x4f46_4e49_4752_5550 { return Verdict(reason: "magic") }  // "PURGINFO"
    if half(8) != 2 { return Verdict(reason: "version") }
    if half(12) != 0x390 { return Verdict(reason: "size") }
    let entry = word(0x10)
    if entry == 0 || entry % 4 != 0 { return Verdict(reason: "kernel_entry") }
    if word(0x378) % 8 != 0 { return Verdict(reason: "result_addr") }
    var verdict = Verdict(hasResult: word(0x378) != 0)
    for offset in stride(from: 0x40, to: 0x140, by: 16) where word(offset + 8) != 0 {
      let (start, size) = (word(offset) &+ bias(base), word(offset + 8))
      verdict.count += 1
      verdict.total &+= size
      if start % 16 != 0 {
        verdict.reason = "region base"
      } else if start.addingReportingOverflow(size).overflow {
        verdict.reason = "region size"
      }
      if verdict.reason != nil { return verdict }
    }
    if half(0x34) == 0, verdict.count == 0 || flags & 0b11 == 0 { verdict.reason = "nothing to verify" }
    return verdict
  }
}

// MARK: - Structs

extension InfoModel {
  /// A good one with up to four changes, most of them to what counts.
  static func random(_ good: [UInt8], _ generator: inout some RandomNumberGenerator) -> InfoModel {
    var model = InfoModel(bytes: good)
    model.set(0x10, 4 * (1 + generator.below(1 << 46)))
    model.set(0x20, generator.next() & 0x7ff | (generator.below(8) == 0 ? 0 : 1 + generator.below(3)))
    for _ in 0..<generator.below(17) { model.changeRegion(&generator, mostly: true) }
    for _ in 0..<generator.below(5) { model.change(&generator) }
    return model
  }

  private mutating func set(_ offset: Int, _ value: UInt64, bytes count: Int = 8) {
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  private mutating func changeRegion(_ generator: inout some RandomNumberGenerator, mostly good: Bool) {
    let offset = 0x40 + 16 * Int(clamping: generator.below(16))
    let base = generator.next() >> generator.below(64)
    let size = generator.next() >> generator.below(64)
    set(offset, good ? base >> 1 & ~15 : base)
    set(offset + 8, good ? size >> 1 : size)
    if good { return }
    switch generator.below(4) {
    case 0: set(offset + 8, 0 &- base)  // ends at 2^64
    case 1: set(offset + 8, 0 &- base &- 1)
    case 2: set(offset, base & ~15)
    default: break
    }
  }

  private mutating func change(_ generator: inout some RandomNumberGenerator) {
    let bit = UInt64(1) << generator.below(64)
    switch generator.below(16) {
    case 0: set(0, word(0) ^ bit)
    case 1: set(8, word(8) ^ bit)  // version and size
    case 2: set(0x10, generator.pick([0, bit, 1 << 63, word(0x10) + 1, word(0x10) + 2, word(0x10) + 4]))
    case 3, 4: set(0x378, generator.pick([0, bit, word(0x378) ^ bit, generator.next() & ~7]))
    case 5, 6: set(0x34, generator.pick([0, 1, bit]), bytes: 4)
    case 7, 8: set(0x20, generator.pick([0, word(0x20) ^ bit, generator.next()]))
    case 9: for offset in stride(from: 0x48, to: 0x140, by: 16) { set(offset, 0) }
    case 10, 11, 12: changeRegion(&generator, mostly: false)
    default: bytes[Int(clamping: generator.below(0x390))] = UInt8(truncatingIfNeeded: generator.next())
    }
  }
}
