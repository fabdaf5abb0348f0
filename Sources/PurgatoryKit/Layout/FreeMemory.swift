// FreeMemory.swift — RAM less what is taken, and the lowest place in it for something more
// SPDX-License-Identifier: MIT

/// Memory to place things in.
public struct FreeMemory: Sendable {
  /// RAM, by address.
  public let memory: [Range<UInt64>]
  /// What is not free, by address.
  public private(set) var taken: [Range<UInt64>]

  public init(memory: [Range<UInt64>], reserved: [Range<UInt64>]) {
    self.memory = memory.merged
    taken = reserved.merged
  }

  public mutating func take(_ range: Range<UInt64>) {
    taken = (taken + [range]).merged
  }

  /// The lowest free range of `size` bytes whose base is `offset` beyond a multiple of `alignment`.
  ///
  /// - Parameters:
  ///   - window: where it must lie wholly.
  ///   - block: a power of two that it must not cross a multiple of.
  public func place(
    size: UInt64, alignment: UInt64, offset: UInt64 = 0, window: ClosedRange<UInt64> = 0...UInt64.max,
    within block: UInt64? = nil
  ) -> Range<UInt64>? {
    for bank in memory {
      var candidate = Self.align(max(bank.lowerBound, window.lowerBound), to: alignment, offset: offset)
      var obstacles = taken[...]
      while let base = candidate, let range = Range(base: base, size: size),
        range.upperBound <= bank.upperBound,
        range.upperBound - 1 <= window.upperBound
      {
        obstacles = obstacles.drop { $0.upperBound <= base }
        if let obstacle = obstacles.first, obstacle.overlaps(range) {
          candidate = Self.align(obstacle.upperBound, to: alignment, offset: offset)
        } else if let block, base / block != (range.upperBound - 1) / block {
          candidate = Self.align((base / block + 1) * block, to: alignment, offset: offset)
        } else {
          return range
        }
      }
    }
    return nil
  }

  /// The lowest address from `address` on that is `offset` beyond a multiple of `alignment`; nil: there is none.
  private static func align(_ address: UInt64, to alignment: UInt64, offset: UInt64) -> UInt64? {
    let excess = (address &- offset) % alignment
    guard excess != 0 else { return address }
    let (result, overflow) = address.addingReportingOverflow(alignment - excess)
    return overflow ? nil : result
  }
}

extension [Range<UInt64>] {
  /// The same addresses in order, in as few ranges as can be.
  var merged: [Range<UInt64>] {
    sorted { $0.lowerBound < $1.lowerBound }.reduce(into: []) { result, range in
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.endIndex - 1] = last.lowerBound..<Swift.max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
  }
}

extension Range<UInt64> {
  /// nil where the range is empty or its end would not be a 64-bit number.
  init?(base: UInt64, size: UInt64) {
    let (end, overflow) = base.addingReportingOverflow(size)
    guard !overflow, size > 0 else { return nil }
    self = base..<end
  }
}
