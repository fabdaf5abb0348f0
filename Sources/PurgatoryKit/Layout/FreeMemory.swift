// FreeMemory.swift — RAM less what is taken, and the lowest place in it for something more
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Memory to place things in.
package struct FreeMemory: Sendable {
  /// RAM, by address.
  package let memory: [Range<UInt64>]
  /// What is not free, by address.
  package private(set) var taken: [Range<UInt64>]

  package init(memory: [Range<UInt64>], reserved: [Range<UInt64>]) {
    self.memory = memory.merged
    taken = reserved.merged
  }

  package mutating func take(_ range: Range<UInt64>) {
    taken = (taken + [range]).merged
  }

  /// The lowest free range of `size` bytes whose base is `offset` beyond a multiple of `alignment`.
  ///
  /// - Parameters:
  ///   - alignment: 0 and 1 ask for nothing.
  ///   - window: where it must lie wholly.
  ///   - block: bytes of which it must not cross a multiple; nil or 0: none.
  package func place(
    size: UInt64, alignment: UInt64, offset: UInt64 = 0, window: ClosedRange<UInt64> = .all,
    within block: UInt64? = nil
  ) -> Range<UInt64>? {
    // Both go up together, so each is looked at once.
    var obstacles = taken[...]
    for bank in memory {
      var candidate = Self.align(max(bank.lowerBound, window.lowerBound), to: alignment, offset: offset)
      while let base = candidate, let range = Range(base: base, size: size),
        range.upperBound <= bank.upperBound, range.upperBound &- 1 <= window.upperBound
      {
        obstacles = obstacles.drop { $0.upperBound <= base }
        if let obstacle = obstacles.first, obstacle.overlaps(range) {
          candidate = Self.align(obstacle.upperBound, to: alignment, offset: offset)
        } else if let block, base.roundedDown(to: block) != (range.upperBound &- 1).roundedDown(to: block) {
          if size > block { return nil }
          candidate = base.plus(1)?.roundedUp(to: block)
            .flatMap { Self.align($0, to: alignment, offset: offset) }
        } else {
          return range
        }
      }
    }
    return nil
  }

  /// The lowest address from `address` on that is `offset` beyond a multiple of `alignment`; nil: there is none.
  private static func align(_ address: UInt64, to alignment: UInt64, offset: UInt64) -> UInt64? {
    let excess = (address &- offset).modulo(alignment) ?? 0
    return excess == 0 ? address : address.plus(alignment &- excess)
  }
}

extension ClosedRange<UInt64> {
  /// Every address.
  package static var all: Self { ClosedRange(uncheckedBounds: (0, .max)) }
}

extension [Range<UInt64>] {
  /// The same addresses in order, in as few ranges as can be.
  package var merged: [Range<UInt64>] {
    sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { result, range in
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.endIndex - 1] = Range(
          uncheckedBounds: (last.lowerBound, Swift.max(last.upperBound, range.upperBound)))
      } else {
        result.append(range)
      }
    }
  }

  /// The parts of these ranges that are in none of `others`; both in order and without overlap, as `merged` has them.
  package func subtracting(_ others: [Range<UInt64>]) -> [Range<UInt64>] {
    var others = others[...]
    var parts: [Range<UInt64>] = []
    for range in self {
      var start = range.lowerBound
      others = others.drop { $0.upperBound <= start }
      for other in others.prefix(while: { $0.lowerBound < range.upperBound }) {
        if let part = Range(from: start, to: other.lowerBound) { parts.append(part) }
        start = Swift.max(start, other.upperBound)
      }
      if let part = Range(from: start, to: range.upperBound) { parts.append(part) }
    }
    return parts
  }
}
