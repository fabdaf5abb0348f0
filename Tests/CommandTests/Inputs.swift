// Inputs.swift — kernels, device trees and other files for the command, made in bytes
// SPDX-License-Identifier: MIT

/// Bytes that are written one after the other.
struct Bytes {
  var bytes: [UInt8] = []

  mutating func little<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  mutating func big(_ values: UInt32...) {
    for value in values { withUnsafeBytes(of: value.bigEndian) { bytes += $0 } }
  }

  mutating func ascii(_ text: String) { bytes += text.utf8 }

  mutating func pad(to count: Int, _ byte: UInt8 = 0) {
    bytes += [UInt8](repeating: byte, count: max(0, count - bytes.count))
  }
}

enum Input {
  /// An arm64 Image (Linux Documentation/arch/arm64/booting.rst) of `count` bytes.
  static func image(
    _ count: Int = 4096, imageSize: UInt64 = 0x10000, textOffset: UInt64 = 0, flags: UInt64 = 0xa
  ) -> [UInt8] {
    var image = Bytes()
    image.little(0x1400_0010 as UInt32)  // b .+0x40
    image.little(0xd503_201f as UInt32)  // nop
    image.little(textOffset)
    image.little(imageSize)
    image.little(flags)
    image.pad(to: 0x38)
    image.ascii("ARM\u{64}")
    image.pad(to: 0x40)
    while image.bytes.count < count { image.bytes.append(UInt8(truncatingIfNeeded: image.bytes.count &* 7)) }
    return Array(image.bytes.prefix(count))
  }

  /// A device tree of one empty root node (Devicetree Specification, chapter 5), zeros after it.
  static func dtb(_ count: Int = 0) -> [UInt8] {
    let headerSize: UInt32 = 40
    let structure = headerSize + 16  // after an empty memory reservation block
    let strings = structure + 16
    var tree = Bytes()
    tree.big(0xd00d_feed, strings, structure, strings, headerSize, 17, 16, 0, 0, 16)
    tree.big(0, 0, 0, 0)
    tree.big(1, 0, 2, 9)  // begin the node "", end it, end the tree
    tree.pad(to: count)
    return tree.bytes
  }

  /// What is said of it: it tells nothing of memory.
  static let memoryNote =
    "note: board.dtb: no memory in it, and nobody completes a tree that is verified: a kernel finds none\n"

  /// And of an initrd.
  static let initrdNote =
    "note: board.dtb: /chosen names no initrd, so the kernel will not find it; purgatory build --output-dir tells it\n"

  /// An EFI zboot image's first bytes.
  static var zboot: [UInt8] {
    var image = Bytes()
    image.ascii("MZ")
    image.pad(to: 4)
    image.ascii("zimg")
    image.pad(to: 512)
    return image.bytes
  }

  /// The first bytes of a gzip file.
  static let gzip: [UInt8] = [0x1f, 0x8b, 8, 0] + [UInt8](repeating: 0x55, count: 508)

  /// `count` bytes without a meaning.
  static func initrd(_ count: Int = 5000) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
  }
}

/// The integer at an offset, little-endian.
func integer<Value: FixedWidthInteger & UnsignedInteger>(
  _ bytes: [UInt8], _ offset: Int, as type: Value.Type = Value.self
) -> Value {
  bytes[offset..<offset + Value.bitWidth / 8].reversed().reduce(0) { $0 << 8 | Value($1) }
}

/// `bytes` with others written over them.
func overwriting(_ bytes: [UInt8], _ offset: Int, _ other: [UInt8]) -> [UInt8] {
  var bytes = bytes
  bytes.replaceSubrange(offset..<offset + other.count, with: other)
  return bytes
}
