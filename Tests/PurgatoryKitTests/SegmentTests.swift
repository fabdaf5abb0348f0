// SegmentTests.swift — files at physical addresses: what they take, and where they cannot be
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct SegmentTests {
  private func problems(
    _ role: Segment.Role, _ bytes: [UInt8], at base: UInt64, memorySize: UInt64? = nil
  ) -> [Problem] {
    do {
      _ = try Segment(role: role, file: "f", bytes: bytes, base: base, memorySize: memorySize)
      return []
    } catch {
      return error.problems
    }
  }

  @Test func sizes() throws {
    let plain = try Segment(role: .initrd, file: "f", bytes: [1, 2, 3], base: 0x1000)
    #expect(plain.range == 0x1000..<0x1003)
    #expect(plain.verifiedSize == 3)
    let padded = try Segment(role: .segment, file: "f", bytes: [1, 2, 3], base: 0x1000, memorySize: 16)
    #expect(padded.range == 0x1000..<0x1010)
    #expect(padded.verifiedSize == 16)
  }

  /// The image may say more than the file has, or less: it is never cut.
  @Test func aKernelTakesWhatItsHeaderSays() throws {
    let long = ImageHeader(imageSize: 32).bytes
    #expect(try Segment(role: .kernel, file: "f", bytes: long, base: 0).memorySize == 64)
    let image = ImageHeader(imageSize: 0x5000).bytes
    #expect(
      try Segment(role: .kernel, file: "f", bytes: image, base: 0x20_0000).range == 0x20_0000..<0x20_5000)
  }

  @Test func addresses() {
    #expect(problems(.segment, [1], at: 16).isEmpty)
    #expect(problems(.segment, [1], at: 8).count == 1)
    #expect(problems(.segment, [1], at: .max - 15).isEmpty)
    #expect(problems(.segment, [UInt8](repeating: 0, count: 16), at: .max - 15).count == 1)
    #expect(problems(.segment, [1], at: 16, memorySize: .max).map(\.place) == ["memory size", "address"])
    #expect(problems(.segment, [1, 2], at: 0, memorySize: 1).count == 1)
    let image = ImageHeader(textOffset: 0x80000).bytes
    #expect(problems(.kernel, image, at: 0x28_0000).isEmpty)
    #expect(problems(.kernel, image, at: 0x20_0000).count == 1)
    #expect(problems(.kernel, ImageHeader().bytes, at: 0x28_0000).count == 1)
  }

  /// 1 GiB; a kernel clears its memory itself.
  @Test func zerosBehindAFile() {
    let limit = Segment.maximumZeros
    #expect(problems(.segment, [1, 2], at: 16, memorySize: limit + 2).isEmpty)
    #expect(problems(.segment, [1, 2], at: 16, memorySize: limit + 3).map(\.place) == ["memory size"])
    #expect(problems(.kernel, ImageHeader(imageSize: 4 * limit).bytes, at: 0).isEmpty)
  }

  @Test func allProblemsAreReported() {
    #expect(problems(.kernel, [0x1f, 0x8b], at: 8).map(\.place) == ["address", "header"])
    #expect(problems(.dtb, [1], at: 8, memorySize: 0).map(\.place) == ["memory size", "address", "header"])
  }
}
