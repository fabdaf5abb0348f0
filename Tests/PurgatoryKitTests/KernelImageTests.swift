// KernelImageTests.swift — the header of an arm64 Image
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

/// A header to be spoilt (Linux Documentation/arch/arm64/booting.rst).
struct ImageHeader {
  var textOffset: UInt64 = 0
  var imageSize: UInt64 = 0x10000
  var flags: UInt64 = 0xa

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes.store(textOffset, at: 8)
    bytes.store(imageSize, at: 16)
    bytes.store(flags, at: 24)
    bytes.replaceSubrange(0x38..<0x3c, with: Array("ARM\u{64}".utf8))
    return bytes
  }
}

@Suite struct KernelImageTests {
  @Test func fields() throws {
    let header = ImageHeader(textOffset: 0x80000, imageSize: 0x123_4000, flags: 0xc)
    let image = try KernelImage(header: header.bytes, file: "Image")
    #expect(image.textOffset == 0x80000)
    #expect(image.imageSize == 0x123_4000)
    #expect(image.flags == 0xc)
  }

  @Test func everyTruncation() {
    let bytes = ImageHeader().bytes
    for count in bytes.indices {
      #expect(throws: Rejection.self) { try KernelImage(header: Array(bytes[..<count]), file: "Image") }
    }
  }

  @Test func everyBitOfTheMagic() {
    for bit in 0..<32 {
      var bytes = ImageHeader().bytes
      bytes[0x38 + bit / 8] ^= 1 << (bit % 8)
      #expect(throws: Rejection.self) { try KernelImage(header: bytes, file: "Image") }
    }
  }

  /// `MZ`, and where 0x3c says, `PE`.
  @Test func anImageWithAnEFIStub() {
    var bytes = ImageHeader().bytes + [UInt8](repeating: 0, count: 64)
    #expect(!KernelImage.hasPEHeader(bytes))
    bytes.replaceSubrange(0..<2, with: Array("MZ".utf8))
    #expect(!KernelImage.hasPEHeader(bytes))
    bytes.store(64 as UInt32, at: 0x3c)
    #expect(!KernelImage.hasPEHeader(bytes))
    bytes.replaceSubrange(64..<68, with: Array("PE\0\0".utf8))
    #expect(KernelImage.hasPEHeader(bytes))
    for offset in [125, 128, .max] as [UInt32] {
      bytes.store(offset, at: 0x3c)
      #expect(!KernelImage.hasPEHeader(bytes))
    }
    for count in 0..<64 { #expect(!KernelImage.hasPEHeader(Array(bytes[..<count]))) }
  }

  private func problem(_ bytes: [UInt8]) -> Problem? {
    do {
      _ = try KernelImage(header: bytes, file: "vmlinuz")
      return nil
    } catch {
      return error.problems.first
    }
  }

  @Test func whatItIsInstead() {
    let header = ImageHeader().bytes
    #expect(problem(header) == nil)
    #expect(problem([0x1f, 0x8b])?.found == "gzip data")
    #expect(problem(Array("MZ\0\0zimg".utf8))?.found == "an EFI zboot image")
    #expect(problem(Array("MZ\0\0zimg".utf8))?.help?.contains("purgatory build --kernel vmlinuz") == true)
    #expect(problem(Array("MZ\0\0zim".utf8))?.found == "no arm64 Image header")
    #expect(problem([0x7f, 0x45, 0x4c, 0x46])?.found == "an ELF file")
    #expect(problem([])?.found == "no arm64 Image header")
    #expect(problem(ImageHeader(flags: 0xb).bytes)?.place == "flags")
    #expect(problem(ImageHeader(imageSize: 0).bytes)?.place == "image_size")
    // An Image with an EFI stub begins as a PE file does, and is an Image.
    #expect(problem(Array("MZ\0\0".utf8) + header.dropFirst(4)) == nil)
  }
}
