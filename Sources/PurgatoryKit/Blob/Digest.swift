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
  ///
  /// - Throws: `Rejection` for a file that cannot be read, or is changed while it is.
  package init(of segments: [Segment], _ progress: Progress? = nil) throws(Rejection) {
    let verified = segments.map(\.verified)
    self = try
      (verified.count == 1
      ? verified[0] : Contents(verified.map { .contents($0) }, name: verified.first?.name ?? "")).digest(
        progress)
  }

  /// The digest of bytes that are held.
  public init(of bytes: [UInt8]) {
    self.bytes = Array(SHA256.hash(data: bytes))
  }

  /// The same, of some of them.
  init(of bytes: ArraySlice<UInt8>) {
    self.bytes = Array(SHA256.hash(data: bytes))
  }

  /// 64 lower-case hexadecimal digits.
  public var description: String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
