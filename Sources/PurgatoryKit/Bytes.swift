// Bytes.swift — little-endian integers in byte arrays, every index checked
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension [UInt8] {
  /// The little-endian integer at `offset`, or nil if it does not lie wholly in the array.
  func integer<T: FixedWidthInteger & UnsignedInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
    let size = T.bitWidth / 8
    guard offset >= 0, offset <= count - size else { return nil }
    return self[offset..<offset + size].reversed().reduce(0) { $0 << 8 | T($1) }
  }

  /// Stores `value` little-endian at `offset`; the caller has made sure that it fits.
  mutating func store<T: FixedWidthInteger & UnsignedInteger>(_ value: T, at offset: Int) {
    for index in 0..<T.bitWidth / 8 {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> T(8 * index))
    }
  }
}

extension String {
  /// `0x` and lower-case digits: how every address is written.
  package init(hex value: UInt64) {
    self = "0x" + String(value, radix: 16)
  }
}
