// PlacedBlob.swift — a purgatory at an address, filled in as a test likes
// SPDX-License-Identifier: MIT

import PurgatoryKit

public struct PlacedBlob: Sendable {
  public let base: UInt64
  public var info: PurgatoryInfo
  private let unfilled: [UInt8]
  private var patches: [(offset: Int, bytes: [UInt8])] = []

  public init(at base: UInt64) async throws {
    self.base = base
    unfilled = try await unfilledBlob()
    info = try PurgatoryInfo(decoding: Array(unfilled[Self.infoRange]))
  }

  /// Where `struct purgatory_info` is in the blob.
  public static let infoRange = PurgatoryInfo.blobOffset..<PurgatoryInfo.blobOffset + PurgatoryInfo.size

  /// The address of `struct purgatory_info`.
  public var infoAddress: UInt64 { base + UInt64(PurgatoryInfo.blobOffset) }

  /// Writes `value` over the encoded `info` at an offset of purgatory_info.h: for what no `PurgatoryInfo` says.
  public mutating func patch<T: FixedWidthInteger>(_ offset: Int32, _ value: T) {
    patches.append((Int(offset), withUnsafeBytes(of: value.littleEndian) { Array($0) }))
  }

  public mutating func patch(_ offset: Int32, _ bytes: [UInt8]) {
    patches.append((Int(offset), bytes))
  }

  /// The bytes of `struct purgatory_info`.
  public var infoBytes: [UInt8] {
    var result = info.encoded()
    for (offset, bytes) in patches {
      result.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    return result
  }

  /// The bytes of the file.
  public var bytes: [UInt8] {
    var result = unfilled
    result.replaceSubrange(Self.infoRange, with: infoBytes)
    return result
  }

  /// The file, and junk where its scratch will be: no loader zeroes that.
  public var load: Machine.Load {
    let file = bytes
    let scratch = max(0, Int(info.memorySize) - file.count)
    return Machine.Load(at: base, file + [UInt8](repeating: 0xa5, count: scratch))
  }
}
