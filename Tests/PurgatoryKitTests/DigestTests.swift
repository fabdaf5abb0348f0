// DigestTests.swift — SHA-256 against vectors of FIPS 180-4, and what of a segment is hashed
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct DigestTests {
  @Test(
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func vectors(_ text: String, _ digest: String) {
    #expect(Digest(of: Array(text.utf8)).description == digest)
  }

  @Test func aMillion() {
    let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    #expect(
      Digest(of: million).description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func none() {
    #expect(Digest.zero.description == String(repeating: "0", count: 64))
  }

  private func segment(_ text: String, memorySize: UInt64? = nil) throws -> Segment {
    try Segment(role: .segment, file: "f", bytes: Array(text.utf8), base: 0, memorySize: memorySize)
  }

  @Test func segmentsAreHashedOneAfterTheOther() throws {
    #expect(try Digest(of: [try segment("ab"), try segment("c")]) == Digest(of: Array("abc".utf8)))
    #expect(try Digest(of: [try segment("c"), try segment("ab")]) != Digest(of: Array("abc".utf8)))
    #expect(try Digest(of: [Segment]()) == Digest(of: [UInt8]()))
  }

  /// The zeros that a loader adds count: also more of them than are hashed at a time.
  @Test(arguments: [3, 4, 65538, 65539, 65540, 200_000]) func zerosAfterTheFile(_ size: Int) throws {
    let zeros = [UInt8](repeating: 0, count: size - 3)
    #expect(
      try Digest(of: [try segment("abc", memorySize: UInt64(size))]) == Digest(of: Array("abc".utf8) + zeros))
  }

  /// A kernel clears its BSS itself, and may have used it before it jumps into the purgatory's next run.
  @Test func aKernelsBSSIsNotHashed() throws {
    let image = ImageHeader(imageSize: 0x10000).bytes
    let kernel = try Segment(role: .kernel, file: "Image", bytes: image, base: 0)
    #expect(kernel.memorySize == 0x10000)
    #expect(kernel.verifiedSize == 64)
    #expect(try Digest(of: [kernel]) == Digest(of: image))
  }
}
