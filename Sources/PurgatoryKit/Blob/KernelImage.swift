// KernelImage.swift — the header of an arm64 Linux Image
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// The header of an arm64 `Image` (Linux Documentation/arch/arm64/booting.rst, "Call the kernel image").
package struct KernelImage: Equatable, Sendable {
  /// Bytes of the header.
  package static let headerSize = 64
  /// The image's base, less `textOffset`, is a multiple of this.
  package static let alignment: UInt64 = 2 << 20

  static let imageSizeOffset = 0x10
  static let flagsOffset = 0x18
  static let anywhereFlag: UInt64 = 1 << 3

  package let textOffset: UInt64
  /// Bytes of memory from the image's base, BSS included.
  package let imageSize: UInt64
  package let flags: UInt64

  /// The image may be anywhere in RAM; otherwise memory below it is lost to the kernel.
  package var mayBeAnywhere: Bool { flags & Self.anywhereFlag != 0 }

  /// Reads the header; `file` names the image in errors.
  package init(header bytes: [UInt8], file: String) throws(Rejection) {
    guard Self.hasMagic(bytes),
      let textOffset: UInt64 = bytes.integer(at: 0x08),
      let imageSize: UInt64 = bytes.integer(at: Self.imageSizeOffset),
      let flags: UInt64 = bytes.integer(at: Self.flagsOffset)
    else { throw Rejection(Self.notAnImage(bytes, file)) }
    guard flags & 1 == 0 else {
      throw Rejection(
        Problem(
          file, "flags", found: "a big-endian kernel", expected: "a little-endian one",
          help: "build it with CONFIG_CPU_LITTLE_ENDIAN=y"))
    }
    guard imageSize != 0 else {
      throw Rejection(
        Problem(
          file, "image_size", found: "0", expected: "the kernel's memory size (Linux 3.17 or newer)",
          help: "give a newer kernel"))
    }
    self.textOffset = textOffset
    self.imageSize = imageSize
    self.flags = flags
  }

  /// Whether the image is a PE/COFF application as well, for UEFI: `MZ`, and a PE header behind it (Linux "EFI stub").
  package static func hasPEHeader(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: [0x4d, 0x5a]), let offset: UInt32 = bytes.integer(at: 0x3c) else { return false }
    return bytes.integer(at: Int(offset)) == 0x4550 as UInt32
  }

  /// Whether `bytes` have the magic of an arm64 Image.
  static func hasMagic(_ bytes: [UInt8]) -> Bool {
    bytes.count >= headerSize && bytes[0x38..<0x3c] == [0x41, 0x52, 0x4d, 0x64]
  }

  /// What it is instead, by the first bytes of the formats that kernels come in.
  static func notAnImage(_ bytes: [UInt8], _ file: String) -> Problem {
    let expected = "an arm64 Image (\"ARM\\x64\" at 0x38)"
    if bytes.count >= 0x206, bytes[0x202..<0x206] == [0x48, 0x64, 0x72, 0x53] {
      return Problem(
        file, "header", found: "an x86 kernel (bzImage)", expected: expected,
        help: "give a kernel that was built with ARCH=arm64")
    }
    let kinds: [(start: [UInt8], name: String, help: String)] = [
      ([0x1f, 0x8b], "gzip data", "gunzip -c \(file) > Image"),
      (
        Array("MZ\0\0zimg".utf8), "an EFI zboot image",
        "purgatory build --kernel \(file) --output-dir DIR … unpacks it"
      ),
      ([0x7f, 0x45, 0x4c, 0x46], "an ELF file", "aarch64-linux-gnu-objcopy -O binary \(file) Image"),
      ([0x27, 0x05, 0x19, 0x56], "a U-Boot uImage", "dumpimage -p 0 -o Image \(file)"),
      (
        [0xd0, 0x0d, 0xfe, 0xed], "a FIT image or a device tree",
        "of a FIT image, dumpimage -l \(file) lists the parts; dumpimage -p N -o Image \(file)"
      ),
      (
        Array("ANDROID!".utf8), "an Android boot image",
        "unpack_bootimg --boot_img \(file), which leaves its kernel in out/"
      ),
    ]
    if let kind = kinds.first(where: { bytes.starts(with: $0.start) }) {
      return Problem(file, "header", found: kind.name, expected: expected, help: kind.help)
    }
    return Problem(
      file, "header", found: "no arm64 Image header", expected: expected,
      help: "for a payload that is no Linux kernel use --segment and --kernel-entry")
  }
}
