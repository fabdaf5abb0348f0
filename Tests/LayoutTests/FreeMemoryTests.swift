// FreeMemoryTests.swift — the lowest place that is free, compared with looking at every address
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct FreeMemoryTests {
  /// Every address, one after the other.
  private func searched(
    _ memory: [Range<UInt64>], _ taken: [Range<UInt64>], size: UInt64, alignment: UInt64, offset: UInt64,
    window: ClosedRange<UInt64>, block: UInt64?
  ) -> Range<UInt64>? {
    for base in 0..<(128 as UInt64) where (base &- offset) % alignment == 0 {
      let range = base..<base + size
      let isFree = range.allSatisfy { address in
        memory.contains { $0.contains(address) } && !taken.contains { $0.contains(address) }
      }
      let isInBlock = block.map { base / $0 == (range.upperBound - 1) / $0 } ?? true
      if isFree, isInBlock, window.contains(base), window.contains(range.upperBound - 1) { return range }
    }
    return nil
  }

  @Test func theLowestPlace() {
    var random = SplitMix64(seed: 5)
    func ranges(_ count: Int, _ length: UInt64) -> [Range<UInt64>] {
      (0..<count).map { _ in
        let base = UInt64.random(in: 0..<100, using: &random)
        return base..<base + UInt64.random(in: 1...length, using: &random)
      }
    }
    var places = 0
    for _ in 0..<5000 {
      let memory = ranges(.random(in: 0...3, using: &random), 28)
      let taken = ranges(.random(in: 0...5, using: &random), 12)
      let size = UInt64.random(in: 1...12, using: &random)
      let alignment = (1 as UInt64) << Int.random(in: 0...4, using: &random)
      let offset = UInt64.random(in: 0..<40, using: &random)
      let first = UInt64.random(in: 0..<64, using: &random)
      let window = first...first + UInt64.random(in: 0...100, using: &random)
      let block = ([nil, nil, 8, 16] as [UInt64?]).randomElement(using: &random) ?? nil
      var free = FreeMemory(memory: memory, reserved: Array(taken.prefix(2)))
      for range in taken.dropFirst(2) { free.take(range) }
      let place = free.place(size: size, alignment: alignment, offset: offset, window: window, within: block)
      let expected = searched(
        memory, taken, size: size, alignment: alignment, offset: offset, window: window, block: block)
      #expect(
        place == expected, "\(memory) without \(taken): \(size) at \(alignment)n+\(offset) in \(window)")
      if place != nil { places += 1 }
    }
    #expect((500..<4500).contains(places))
  }

  @Test func theHighestAddresses() {
    let last: UInt64 = .max - 0xfff
    let free = FreeMemory(memory: [last - 0x3000..<UInt64.max], reserved: [last - 0x3000..<last - 0x1fff])
    #expect(free.place(size: 0x1000, alignment: 0x1000) == last - 0x1000..<last)
    // It would end at 2^64.
    #expect(free.place(size: 0x1000, alignment: 0x1000, window: last...UInt64.max) == nil)
    #expect(free.place(size: 0xfff, alignment: 0x1000, window: last...UInt64.max) == last..<UInt64.max)
    #expect(free.place(size: 0x1000, alignment: 0x10000) == nil)
    #expect(free.place(size: .max, alignment: 1) == nil)
    #expect(free.place(size: 0, alignment: 1) == nil)
  }

  @Test func noMemory() {
    #expect(FreeMemory(memory: [], reserved: []).place(size: 1, alignment: 1) == nil)
    #expect(FreeMemory(memory: [0..<0x1000], reserved: [0..<0x1000]).place(size: 1, alignment: 1) == nil)
  }

  @Test func rangesAreMerged() {
    #expect(([] as [Range<UInt64>]).merged == [])
    #expect([4..<6, 0..<2, 2..<3, 5..<9, 7..<8].merged == [0..<3, 4..<9])
  }

  /// As many reservations as a device tree has room for: no square of them.
  @Test func manyReservations() {
    let reserved = (0..<120_000 as Range<UInt64>).map { $0 * 0x2000..<$0 * 0x2000 + 0x1000 }
    let free = FreeMemory(memory: [0..<1 << 40], reserved: reserved.reversed())
    #expect(free.place(size: 0x1001, alignment: 0x1000)?.lowerBound == 119_999 * 0x2000 + 0x1000)
  }
}
