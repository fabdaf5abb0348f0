// RobustnessTests.swift — no input crashes the reader: it is read or it is an ELFError
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

/// Numbers that are the same in each run (SplitMix64).
struct Repeatable: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct RobustnessTests {
  let fixtures: Fixtures

  init() throws { fixtures = try Fixtures.get() }

  /// The linker and the assembler put the section header table last: a file that lost a byte lost some of it.
  @Test func everyTruncationIsRejected() {
    var random = Repeatable(state: 1)
    for file in fixtures.all {
      let lengths =
        Array(0..<min(512, file.count))
        + (0..<200).map { _ in Int.random(in: 0..<file.count, using: &random) }
      for length in lengths {
        #expect(throws: ELFError.self, "\(length) of \(file.count) bytes") {
          try readAll(Array(file[..<length]))
        }
      }
    }
  }

  /// Every field of the header tables, set to what overflows, what is empty and what is odd.
  @Test func everyHeaderFieldWithEveryExtreme() throws {
    let extremes: [UInt64] = [
      0, 1, 2, 7, 0xff, 0x7fff, 0xffff, 1 << 31, 0xffff_ffff, 1 << 63, .max - 7, .max,
    ]
    for bytes in [fixtures.object, fixtures.pie, fixtures.packed, fixtures.stripped] {
      let original = Image(bytes: bytes)
      let file = try ELFFile(bytes)
      var fields = [(0, 8), (8, 8)]
      fields += [(0x10, 2), (0x12, 2), (0x14, 4), (0x18, 8), (0x20, 8), (0x28, 8), (0x30, 4)]
      fields += (0..<6).map { (0x34 + 2 * $0, 2) }
      for index in file.sections.indices {
        let layout = [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8)]
        fields += layout.map { (original.section(index) + $0.0, $0.1) }
      }
      for index in file.segments.indices {
        let layout = [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8)]
        fields += layout.map { (original.segment(index) + $0.0, $0.1) }
      }
      readOrReject(original, with: extremes, at: fields)
    }
  }

  /// Every entry of the dynamic table, and every word of the tables that it alone leads to.
  @Test func everyDynamicFieldWithEveryExtreme() throws {
    let extremes: [UInt64] = [
      0, 1, 7, 8, 24, 0x200, 0x7fff, 0xffff_ffff, 0x6000_000f, 0x6fff_e000, 1 << 63, .max - 7, .max,
    ]
    for packing in Fixtures.Packing.allCases {
      var image = Image(bytes: fixtures.shared(packing))
      let table = image.segment(image.index(.dynamic))
      let (start, size) = (
        Int(clamping: image[table + 8, UInt64.self]), Int(clamping: image[table + 0x20, UInt64.self])
      )
      let hashes = [image.dynamicContent(4), image.dynamicContent(0x6fff_fef5)]
      image.stripSections()
      readOrReject(
        image, with: extremes,
        at: stride(from: start, to: start + size, by: 8).map { ($0, 8) }
          + hashes.flatMap { hash in (0..<8).map { (hash + 4 * $0, 4) } })
    }
  }

  @Test func randomDamage() throws {
    var random = Repeatable(state: 2)
    for file in fixtures.all + [try Toolchain.stripSections(fixtures.sharedObject)] {
      for _ in 0..<500 {
        var damaged = file
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          // The end is the section header table, the start the other headers and the dynamic symbols.
          let near = Int.random(in: 0..<min(1024, file.count), using: &random)
          let index = Bool.random(using: &random) ? near : file.count - 1 - near
          damaged[index] =
            [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random)
            ?? 0
        }
        readOrReject(damaged)
      }
    }
  }

  @Test func noiseBehindTheMagic() {
    var random = Repeatable(state: 3)
    for length in 0..<300 {
      let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      for elfClass in [1, 2] as [UInt8] {
        readOrReject([0x7f, 0x45, 0x4c, 0x46, elfClass, 1, 1, 0] + noise)
      }
    }
  }

  private func readOrReject(_ image: Image, with values: [UInt64], at fields: [(offset: Int, width: Int)]) {
    for (offset, width) in fields {
      for value in values {
        var image = image
        for index in 0..<width {
          image.bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
        readOrReject(image.bytes)
      }
    }
  }

  private func readOrReject(_ bytes: [UInt8]) {
    do { try readAll(bytes) } catch {
      #expect(!error.place.isEmpty && !error.found.isEmpty && !error.expected.isEmpty)
    }
  }
}
