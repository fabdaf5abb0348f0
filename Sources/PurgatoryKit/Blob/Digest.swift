// Digest.swift — SHA-256 of segments, as the purgatory computes it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import Crypto

/// A SHA-256 digest (FIPS 180-4): 32 bytes, written as 64 lower-case hexadecimal digits.
public struct Digest: Equatable, Sendable, CustomStringConvertible {
  /// 32 bytes, in the order in which SHA-256 puts them out.
  public let bytes: [UInt8]

  /// The digest field of a purgatory that holds none.
  public static let zero = Digest(bytes: [UInt8](repeating: 0, count: 32))

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The digest of what is verified of `segments`, one after the other.
  public init(of segments: [Segment]) {
    var hash = SHA256()
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    for segment in segments {
      hash.update(data: segment.bytes)
      var left = segment.verifiedSize &- UInt64(segment.bytes.count)
      while left > 0 {
        let count = min(left, UInt64(zeros.count))
        hash.update(data: zeros[..<Int(clamping: count)])
        left &-= count
      }
    }
    bytes = Array(hash.finalize())
  }

  /// The digest of a file's bytes.
  public init(of bytes: [UInt8]) {
    self.bytes = Array(SHA256.hash(data: bytes))
  }

  /// The same, of some of them.
  init(of bytes: ArraySlice<UInt8>) {
    self.bytes = Array(SHA256.hash(data: bytes))
  }

  public var description: String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
