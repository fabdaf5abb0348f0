// BytesTests.swift — integers in byte arrays, up to the edges
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct BytesTests {
  private let bytes: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff]

  @Test func littleEndian() {
    #expect(bytes.integer(at: 0, as: UInt64.self) == 0xefcd_ab89_6745_2301)
    #expect(bytes.integer(at: 1, as: UInt32.self) == 0x8967_4523)
    #expect(bytes.integer(at: 7, as: UInt16.self) == 0xffef)
    #expect(bytes.integer(at: 8, as: UInt8.self) == 0xff)
  }

  @Test(arguments: [-1, 2, 8, 9, 10, Int.min, Int.max, Int.max - 7]) func outside(_ offset: Int) {
    #expect(bytes.integer(at: offset, as: UInt64.self) == nil)
  }

  @Test func theLastThatFits() {
    #expect(bytes.integer(at: 1, as: UInt64.self) == 0xffef_cdab_8967_4523)
    #expect([UInt8]().integer(at: 0, as: UInt8.self) == nil)
    #expect(Array(bytes.prefix(3)).integer(at: 0, as: UInt32.self) == nil)
  }

  @Test func stored() {
    var bytes = [UInt8](repeating: 0xee, count: 10)
    bytes.store(0x0102_0304_0506_0708 as UInt64, at: 1)
    #expect(bytes == [0xee, 8, 7, 6, 5, 4, 3, 2, 1, 0xee])
    #expect(bytes.integer(at: 1, as: UInt64.self) == 0x0102_0304_0506_0708)
  }

  @Test func hexadecimal() {
    #expect(String(hex: 0) == "0x0")
    #expect(String(hex: .max) == "0xffffffffffffffff")
  }
}
