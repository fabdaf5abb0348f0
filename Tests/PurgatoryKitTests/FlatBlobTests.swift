// FlatBlobTests.swift — flat purgatories made in memory: recognised whole, refused in part
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct FlatBlobTests {
  /// A header, a struct, some code, and the end.
  private let bytes: [UInt8]

  init() throws {
    var info = PurgatoryInfo()
    info.memorySize = 0x1000
    var header = ImageHeader(imageSize: info.memorySize).bytes
    // b code
    header.store(UInt32(clamping: 0x1400_0000 | (PurgatoryInfo.blobOffset + PurgatoryInfo.size) / 4), at: 0)
    bytes =
      try header + info.encoded() + [UInt8](repeating: 0xd5, count: 32)
      + [UInt8](repeating: 0, count: 32) + Array("PURGEND.".utf8)
  }

  @Test func whole() throws {
    let blob = try Blob(bytes, file: "p")
    #expect(blob.format == .bin)
    #expect(blob.loadRange == bytes.indices)
    #expect(blob.infoOffset == 0x40)
    #expect(blob.flat == bytes)
  }

  @Test func everyTruncation() {
    for count in bytes.indices {
      #expect(throws: Rejection.self, "\(count)") { try Blob(Array(bytes[..<count]), file: "p") }
    }
  }

  @Test func everyPadding() throws {
    for count in [1, 7, 8, 4096, 1 << 20] {
      let blob = try Blob(bytes + [UInt8](repeating: 0, count: count), file: "p")
      #expect(blob.flat == bytes)
    }
    #expect(throws: Rejection.self) { try Blob(bytes + [0, 1], file: "p") }
  }

  @Test func fillingChangesTheStructOnly() throws {
    var blob = try Blob(bytes + [0, 0], file: "p")
    var info = blob.info
    info.kernelEntry = .max
    info.combinedDigest = Digest(of: [UInt8]())
    try blob.fill(info)
    #expect(blob.info == info)
    let changed = blob.bytes.indices.filter { blob.bytes[$0] != (bytes + [0, 0])[$0] }
    #expect(changed.filter { !(0x40..<0x3d0).contains($0) } == [])
    #expect(try Blob(blob.bytes, file: "p").info == info)
  }

  /// Each field of the header, and what a loader would make of it.
  @Test(
    arguments: [
      ("code0", 0, 4, 0), ("code0", 0, 4, 0x1400_0000), ("code0", 0, 4, 0x17ff_ffff),
      ("code0", 0, 4, 0x1400_1000),
      ("code0", 0, 4, 0x9400_00f0), ("text_offset", 0x08, 8, 0x80000), ("image_size", 0x10, 8, 0),
      ("image_size", 0x10, 8, 0xfff), ("image_size", 0x10, 8, 0x1001), ("flags", 0x18, 8, 0xb),
      ("flags", 0x18, 8, 2),
      ("flags", 0x18, 8, 0x1a), ("res2", 0x20, 8, 1), ("res3", 0x28, 8, 1), ("res4", 0x30, 8, 1),
      ("res5", 0x3c, 4, 64),
    ] as [(String, Int, Int, UInt64)])
  func aDamagedHeader(_ field: String, _ offset: Int, _ size: Int, _ value: UInt64) throws {
    var bytes = bytes
    for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    let error = #expect(throws: Rejection.self) { try Blob(bytes, file: "p") }
    #expect(error?.problems.map(\.place) == ["header.\(field)"])
  }

  /// No bytes crash it.
  @Test func randomCorruption() {
    var random = SplitMix64(state: 458_815)
    var accepted = 0
    for _ in 0..<3000 {
      var bytes = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if (try? Blob(bytes, file: "p")) != nil { accepted += 1 }
    }
    #expect((1..<3000).contains(accepted))
  }
}
