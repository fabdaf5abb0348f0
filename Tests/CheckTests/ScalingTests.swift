// ScalingTests.swift — ten times as many of anything take no more than some ten times as long
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

/// A file that has so many of something.
struct Large: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let count: Int
  let make: @Sendable (Int) -> [UInt8]

  init(_ name: String, _ count: Int = 10_000, _ make: @escaping @Sendable (Int) -> [UInt8]) {
    testDescription = name
    self.count = count
    self.make = make
  }

  private typealias Section = LargeELF.Section
  /// Loaded, and of 8 bytes.
  private static let piece = Section(flags: 7, bytes: [UInt8](repeating: 0x1f, count: 8))

  static let all = [
    Large("sections") { count in
      var elf = LargeELF(segmentSizes: [64 + 56 + 16 * count])
      elf.sections = [Section](repeating: piece, count: count)
      return elf.bytes
    },
    Large("sections and segments") { count in
      var elf = LargeELF()
      elf.segmentSizes = [64 + 56 * count + 8] + [Int](repeating: 16, count: count - 1)
      elf.sections = [Section](repeating: piece, count: count)
      return elf.bytes
    },
    Large("symbols of one address, and relocations to it") { count in
      var elf = LargeELF(segmentSizes: [1 << 14])
      elf.sections = [Section](repeating: piece, count: 1)
      let table = elf.add(
        symbols: (0..<count).map { .init(name: "s\($0)", value: elf.firstAddress, info: 0x02, section: 1) })
      let relocations = (0..<count).flatMap { LargeELF.rela(elf.firstAddress, symbol: $0 + 1, type: 257) }
      elf.sections.append(Section(type: 4, bytes: relocations, link: table, info: 1, entrySize: 24))
      return elf.bytes
    },
    Large("undefined symbols") { count in
      var elf = LargeELF(segmentSizes: [1 << 14])
      elf.sections = [piece]
      _ = elf.add(symbols: (0..<count).map { .init(name: "s\($0)") })
      return elf.bytes
    },
    Large("relocations for a loader") { count in
      var elf = LargeELF(segmentSizes: [1 << 14])
      elf.sections = [piece]
      let place = elf.firstAddress
      elf.sections.append(
        Section(
          type: 4, flags: 2,
          bytes: (0..<count).flatMap { _ in LargeELF.rela(place, symbol: 0, type: 1027, addend: place) },
          entrySize: 24))
      return elf.bytes
    },
    Large("sections with relocations of their own") { count in
      var elf = LargeELF(type: 1)
      elf.sections = [Section](repeating: piece, count: count / 2)
      // Local functions of one file, which is named first; all at offset 0 of theirs.
      let symbols =
        [LargeELF.Symbol(name: "x.c", info: 0x04)]
        + (0..<count / 2).map {
          .init(name: "f\($0)", size: 8, info: 0x02, section: $0 % 1000 + 1)
        }
      let table = elf.add(symbols: symbols)
      elf.sections += (0..<count / 2).map {
        Section(
          type: 4, bytes: LargeELF.rela(0, symbol: $0 + 2, type: 257), link: table, info: $0 + 1,
          entrySize: 24)
      }
      elf.isReversed = true
      return elf.bytes
    },
    Large("sections with relocations for a loader") { count in
      var elf = LargeELF(segmentSizes: [64 + 56 + 16 * (count / 2)])
      elf.sections = [Section](repeating: piece, count: count / 2)
      let place = elf.firstAddress
      let symbols = (0..<count / 2).map {
        LargeELF.Symbol(name: "f\($0)", value: place + UInt64($0) * 16, size: 8, info: 0x02, section: 1)
      }
      let table = elf.add(symbols: symbols)
      elf.sections += (0..<count / 2).map {
        Section(
          type: 4, bytes: LargeELF.rela(place + UInt64($0) * 16, symbol: $0 + 1, type: 257), link: table,
          info: $0 + 1, entrySize: 24)
      }
      return elf.bytes
    },
    Large("members of an archive") { count in
      var elf = LargeELF(type: 1)
      elf.sections = [Section(flags: 6, bytes: [UInt8](repeating: 0x1f, count: 8))]
      let table = elf.add(symbols: [.init(name: "of", section: 1)])
      elf.sections.append(
        Section(type: 4, bytes: LargeELF.rela(0, symbol: 1, type: 257), link: table, info: 1, entrySize: 24))
      let object = elf.bytes
      func field(_ text: String, _ width: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0x20, count: width - text.utf8.count)
      }
      let size = field("\(object.count)", 10)
      return Array("!<arch>\n".utf8)
        + (0..<count).flatMap { field("m\($0)/", 48) + size + [0x60, 0x0a] + object }
    },
  ]
}

@Suite struct ScalingTests {
  @Test(arguments: Large.all)
  func timeIsInProportion(_ large: Large) throws {
    let ratio = Scaling.ratio(of: large.count, large.testDescription, large.make) { bytes in
      var checker = Checker()
      checker.profile = .pie
      let file = checker.check(bytes, path: "large")
      #expect(!file.findings.contains { $0.rule == .malformedELF })
    }
    #expect(ratio < Scaling.limit, "\(large.testDescription): \(ratio)")
  }

  /// The measure tells one from the other.
  @Test func whatIsQuadraticIsSeen() {
    func work(_ count: Int, _ other: Int) {
      var sum = 0
      for first in 0..<count { for second in 0..<other { sum &+= first ^ second } }
      #expect(sum != 1)
    }
    #expect(Scaling.ratio(of: 300, nil, { $0 }, { work($0, $0) }) > Scaling.limit)
    #expect(Scaling.ratio(of: 10_000, nil, { $0 }, { work($0, 10) }) < Scaling.limit)
  }
}
