// InfoChangesTests.swift — conversions and layouts at the edges of 64 bits
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct InfoChangesTests {
  private var info: PurgatoryInfo {
    var info = PurgatoryInfo()
    info.memorySize = 0x2000
    return info
  }

  private func problems(_ change: (inout InfoChanges) throws -> Void) rethrows -> [String] {
    var changes = InfoChanges()
    try change(&changes)
    do {
      _ = try changes.applied(to: info, file: "p")
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test func noChanges() throws {
    #expect(try InfoChanges().applied(to: info, file: "p") == info)
  }

  @Test func thePurgatorysEnd() {
    #expect(problems { $0.loadAddress = 0xffff_ffff_ffff_d000 } == [])
    #expect(
      problems { $0.loadAddress = 0xffff_ffff_ffff_f000 }
        == ["--load-address: 0xfffffffffffff000, expected an end below 2^64"])
  }

  /// To offsets and back, for addresses below and above the purgatory, up to the ends of memory.
  @Test func conversionsAreInverse() throws {
    var random = SplitMix64(state: 2)
    for _ in 0..<200 {
      var absolute = info
      absolute.skipChecks = true
      let base = random.next() & 0xffff_ffff_f000
      absolute.regions[3] = .init(base: random.next() & 0xffff_ffff_fff0, size: 0x1000)
      absolute.kernelEntry = absolute.regions[3].base + 4
      absolute.resultAddress = Bool.random(using: &random) ? 0 : random.next() & 0x7fff_ffff_fff8 | 1 << 63
      absolute.dtbAddress = Bool.random(using: &random) ? 0 : random.next() & 0xffff_ffff_fff8
      // A region on the purgatory is refused, for good reason.
      guard absolute.regions[3].base > base + 0x2000 || absolute.regions[3].base + 0x1000 < base else {
        continue
      }
      var change = InfoChanges()
      change.loadAddress = base
      change.relative = true
      let relative = try change.applied(to: absolute, file: "p")
      #expect(relative.kernelEntry == absolute.kernelEntry &- base)
      #expect(relative.dtbAddress == (absolute.dtbAddress == 0 ? 0 : absolute.dtbAddress &- base))
      #expect(relative.resultAddress == (absolute.resultAddress == 0 ? 0 : absolute.resultAddress &- base))
      #expect(relative.regions[3].base == absolute.regions[3].base &- base)
      #expect(relative.regions[0].base == 0)
      change.relative = false
      #expect(try change.applied(to: relative, file: "p") == absolute)
    }
  }

  @Test func overlapsWithThePurgatory() throws {
    func overlap(_ base: UInt64, size: UInt64) throws -> Bool {
      try !problems {
        $0.loadAddress = 0x4000_0000
        $0.digest = InfoChanges.DigestMode.none  // nobody hashes so many zeros
        $0.segments = [try Segment(role: .segment, file: "f", bytes: [1], base: base, memorySize: size)]
      }.isEmpty
    }
    #expect(try !overlap(0x3fff_0000, size: 0x10000))
    #expect(try overlap(0x3fff_0000, size: 0x10001))
    #expect(try overlap(0x4000_0000, size: 1))
    #expect(try overlap(0x4000_1ff0, size: 1))
    #expect(try !overlap(0x4000_2000, size: 1))
    #expect(try overlap(0x3fff_0000, size: 0x4000_0000))
  }
}
