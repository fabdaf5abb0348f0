// RandomBytes.swift — bytes that look random and are the same in every run
// SPDX-License-Identifier: MIT

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) {
    state = seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

extension [UInt8] {
  /// `count` bytes that follow from `seed`.
  public static func random(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix64(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      var word: UInt64 = 0
      for index in 0..<count {
        word = index % 8 == 0 ? generator.next() : word >> 8
        buffer[index] = UInt8(truncatingIfNeeded: word)
      }
      initialized = count
    }
  }
}
