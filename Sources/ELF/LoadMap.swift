// LoadMap.swift — which PT_LOAD an address is in, found among very many in no time
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The addresses that one `PT_LOAD` segment alone has, by address: where two have one, it is up to the loader which of
/// them is in memory.
struct LoadMap: Sendable {
  private var pieces: [(addresses: Range<UInt64>, segment: Int)] = []

  /// Walks from one end of a segment to the next, with those that have the addresses between them.
  init(_ segments: [Segment]) {
    var ends: [(address: UInt64, segment: Int, isStart: Bool)] = []
    for (index, segment) in segments.enumerated() where segment.type == .load && segment.memorySize > 0 {
      ends.append((segment.virtualAddress, index, true))
      ends.append((segment.virtualAddress &+ segment.memorySize, index, false))
    }
    ends.sort { ($0.address, $0.segment) < ($1.address, $1.segment) }
    var present: Set<Int> = []
    var start: UInt64 = 0
    for end in ends {
      if present.count == 1, let segment = present.first, let range = Range(from: start, to: end.address) {
        if let last = pieces.last, last.segment == segment, last.addresses.upperBound == start {
          pieces[pieces.count - 1].addresses = Range(
            uncheckedBounds: (last.addresses.lowerBound, range.upperBound))
        } else {
          pieces.append((range, segment))
        }
      }
      if end.isStart { present.insert(end.segment) } else { present.remove(end.segment) }
      start = end.address
    }
  }

  /// The segment that alone has all of `addresses`; nil: there is none.
  func segment(of addresses: Range<UInt64>) -> Int? {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].addresses.lowerBound <= addresses.lowerBound {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0, addresses.upperBound <= pieces[low - 1].addresses.upperBound else { return nil }
    return pieces[low - 1].segment
  }
}
