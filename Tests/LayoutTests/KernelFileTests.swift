// KernelFileTests.swift — kernels as distributions ship them: packed by the programs that do it, and what is wrong with one
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

/// Containers, made as their documentation says.
enum Packed {
  /// What a program makes of `bytes`.
  static func by(_ command: [String], _ bytes: [UInt8]) async throws -> [UInt8] {
    let folder = try Folder()
    try folder.write(bytes, to: "in")
    let shell = command.joined(separator: " ") + " <in >out"
    let outcome = try await Command.run(
      "/bin/sh", ["-c", shell], in: folder.path, environment: [:], input: [])
    guard outcome.status == .exited(0) else { throw ToolFailure(description: "\(command): \(outcome.error)") }
    return try folder.read("out")
  }

  /// An EFI zboot image (Linux drivers/firmware/efi/libstub/zboot-header.S), with a size behind the payload as Linux has it.
  static func zboot(_ payload: [UInt8], _ compression: String, offset: UInt32 = 0x1000, size: UInt32? = nil)
    -> [UInt8]
  {
    var bytes: [UInt8] = Array("MZ\0\0zimg".utf8)
    bytes += little(offset) + little(size ?? UInt32(clamping: payload.count))
    bytes += [UInt8](repeating: 0, count: 24 - bytes.count) + Array(compression.utf8)
    bytes += [UInt8](repeating: 0, count: 0x38 - bytes.count) + [0xcd, 0x23, 0x82, 0x81] + little(0x40)
    bytes += [UInt8](repeating: 0, count: 0x1000 - bytes.count)
    return bytes + payload + little(0x1234_5678)
  }

  /// A PE file with these sections, padded to 512 bytes each as the format asks for.
  static func pe(_ sections: [(String, [UInt8])], machine: UInt16 = 0xaa64) -> [UInt8] {
    let optional = 112
    var header: [UInt8] = Array("MZ".utf8) + [UInt8](repeating: 0, count: 0x3a) + little(0x80)
    header += [UInt8](repeating: 0, count: 0x80 - header.count) + Array("PE\0\0".utf8)
    header += [UInt8(truncatingIfNeeded: machine), UInt8(machine >> 8), UInt8(sections.count), 0]
    header += [UInt8](repeating: 0, count: 12) + [UInt8(optional), 0, 0, 0]
    header += [UInt8](repeating: 0, count: optional)
    var body: [UInt8] = []
    var start = (header.count + 40 * sections.count + 511) & ~511
    for (name, bytes) in sections {
      let padded = (bytes.count + 511) & ~511
      header += Array(name.utf8) + [UInt8](repeating: 0, count: 8 - name.utf8.count)
      header += little(UInt32(clamping: bytes.count)) + little(UInt32(clamping: start))
      header += little(UInt32(clamping: padded)) + little(UInt32(clamping: start))
      header += [UInt8](repeating: 0, count: 16)
      body += bytes + [UInt8](repeating: 0, count: padded - bytes.count)
      start += padded
    }
    return header + [UInt8](repeating: 0, count: -header.count & 511) + body
  }

  private static func little(_ value: UInt32) -> [UInt8] {
    (0..<4 as Range<UInt32>).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

@Suite struct KernelFileTests {
  /// An arm64 Image of 3 MiB that does not compress to nothing.
  private static let image = Input.image(64) + [UInt8].random(3 << 20, seed: 15)

  private func unpack(_ bytes: [UInt8]) throws -> KernelFile {
    try KernelFile(Contents(bytes, name: "kernel"))
  }

  private func refusal(_ bytes: [UInt8]) throws -> [String] { try problems { _ = try unpack(bytes) } }

  static let programs: [(command: [String], name: String)] = [
    (["gzip", "-9n"], "gzip"), (["zstd", "-q", "-19"], "zstd"), (["xz", "-9"], "xz"),
    (["xz", "--check=crc32", "--lzma2=dict=1MiB"], "xz"), (["xz", "--format=lzma"], "lzma"),
  ]

  @Test func anImageIsOne() throws {
    let kernel = try unpack(Self.image)
    #expect(kernel.image.all == Self.image && kernel.containers == [])
  }

  @Test(arguments: programs.indices)
  func compressed(_ index: Int) async throws {
    let (command, name) = Self.programs[index]
    let packed = try await Packed.by(command, Self.image)
    let kernel = try unpack(packed)
    #expect(kernel.image.all == Self.image)
    #expect(kernel.containers == [name])
    // Several streams are one file; what is behind them is none of it.
    if name != "lzma" {
      let half = Self.image.count / 2
      let first = try await Packed.by(command, Array(Self.image[..<half]))
      let second = try await Packed.by(command, Array(Self.image[half...]))
      #expect(try unpack(first + second).image.all == Self.image)
    }
    #expect(try unpack(packed + [0, 0, 0, 0]).image.all == Self.image)
    let half = Self.image.count / 2
    let halves = [Array(Self.image[..<half]), Array(Self.image[half...])]
    if name == "xz" {
      // Padding between streams.
      let (first, second) = (try await Packed.by(command, halves[0]), try await Packed.by(command, halves[1]))
      #expect(try unpack(first + [0, 0, 0, 0, 0, 0, 0, 0] + second).image.all == Self.image)
    }
    if name == "zstd" {
      // Frames that are skipped, before, between and behind.
      let skipped: [UInt8] = [0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 7, 7, 7]
      let (first, second) = (try await Packed.by(command, halves[0]), try await Packed.by(command, halves[1]))
      #expect(try unpack(skipped + first + skipped + second + skipped).image.all == Self.image)
    }
  }

  /// Cut anywhere, or with a byte that is another: an error, or of some bytes the same data.
  @Test(arguments: programs.indices)
  func damaged(_ index: Int) async throws {
    let (command, name) = Self.programs[index]
    let small = Input.image(64) + [UInt8].random(3000, seed: 16)
    let packed = try await Packed.by(command, small)
    var refused = 0
    for count in stride(from: 14, to: packed.count - 1, by: 7) {
      let refusal = try refusal(Array(packed[..<count]))
      #expect(refusal.count == 1, "\(name) \(count)")
      refused += refusal.count
    }
    #expect(refused > 100)
    for position in stride(from: 20, to: packed.count, by: 11) {
      var bytes = packed
      bytes[position] ^= 0x10
      // Of formats with a checksum nothing else comes out.
      if let kernel = try? unpack(bytes), name != "lzma" {
        #expect(kernel.image.all == small, "\(name) \(position)")
      }
    }
  }

  /// Of a frame that it has whole, libzstd takes what it refuses of a stream: a run of no bytes, and the header of one frame
  /// before another frame, which it reads instead.
  @Test func aFrameIsAStream() async throws {
    let header: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x30]
    let inner = try await Packed.by(["zstd", "-q"], Self.image)
    for bytes in [header + [0, 3, 0, 0, 0], header + inner] {
      #expect(try refusal(bytes).first?.contains("contents: corrupt zstd data") == true)
    }
  }

  /// Terabytes of zeros in a few bytes end at a bound.
  @Test func bombs() async throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    for command in [["gzip", "-9n"], ["zstd", "-q"], ["xz", "-1"]] {
      let part = try await Packed.by(command, zeros)
      let bomb = [[UInt8]](repeating: part, count: 9).flatMap { $0 }
      #expect(
        try refusal(bomb).first?.contains("contents: more than 512 MiB of data, expected at most that")
          == true, "\(command)")
    }
  }

  @Test func zboot() async throws {
    for (command, name) in [(["gzip", "-9n"], "gzip"), (["zstd", "-q"], "zstd22"), (["xz"], "xzkern")] {
      let payload = try await Packed.by(command, Self.image)
      let kernel = try unpack(Packed.zboot(payload, name))
      #expect(kernel.image.all == Self.image, "\(name)")
      #expect(kernel.containers == ["EFI zboot (\(command[0]))"])
    }
    let payload = try await Packed.by(["gzip", "-n"], Self.image)
    #expect(
      try refusal(Packed.zboot(payload, "brotli")).first?.hasPrefix(
        "kernel: EFI zboot header: compression \"brotli\", expected gzip, zstd, xz, lzma, lz4") == true)
    for (offset, size) in [(0x1000, 0), (0x1000, 0x7fff_ffff), (0xffff_ffff, 0xffff_ffff), (0, 16)]
      as [(UInt32, UInt32)]
    {
      #expect(
        try refusal(Packed.zboot(payload, "gzip", offset: offset, size: size)).first?
          .hasPrefix("kernel: EFI zboot header: \(size) bytes at") == true)
    }
    // What the tool cannot unpack, it says how to.
    let lz4 = Packed.zboot([1, 2, 3, 4], "lz4")
    #expect(
      try refusal(lz4) == [
        "kernel: contents: lz4 data, expected gzip, zstd, xz or lzma\n"
          + "help: tail -c +4097 kernel | head -c 4 | lz4 -dc > Image"
      ])
  }

  @Test func uki() async throws {
    let tree = TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb()
    let packed = try await Packed.by(["zstd", "-q"], Self.image)
    for linux in [Self.image, Packed.zboot(packed, "zstd22")] {
      let kernel = try unpack(
        Packed.pe([
          (".osrel", Array("ID=debian\n".utf8)), (".cmdline", Array("console=ttyAMA0 quiet\n\0".utf8)),
          (".dtb", tree),
          (".initrd", [1, 2, 3]), (".linux", linux),
        ]))
      #expect(kernel.image.all == Self.image)
      #expect(kernel.containers.first == "UKI")
      #expect(kernel.initrd?.all == [1, 2, 3])
      #expect(kernel.deviceTree == tree)
      #expect(kernel.commandLine == "console=ttyAMA0 quiet")
    }
    // In another, which has what it has not.
    let inner = Packed.pe([(".linux", Self.image), (".cmdline", Array("inner".utf8))])
    let nested = try unpack(
      Packed.pe([(".initrd", [4]), (".cmdline", Array("outer".utf8)), (".linux", inner)]))
    #expect(nested.initrd?.all == [4] && nested.commandLine == "inner")
    let bare = try unpack(Packed.pe([(".linux", Self.image)]))
    #expect(bare.initrd == nil && bare.deviceTree == nil && bare.commandLine == nil)
  }

  @Test func peFilesThatAreNone() throws {
    #expect(
      try refusal(Packed.pe([(".text", [1])])) == [
        "kernel: sections: no .linux, expected a UKI's, or the header of an arm64 Image\nhelp: name the kernel's Image"
      ])
    #expect(
      try refusal(Packed.pe([(".linux", Self.image), (".linux", Self.image)]))
        == ["kernel: sections: 2 named .linux, expected one\nhelp: make the UKI again, with one of each"])
    #expect(
      try refusal(Packed.pe([(".linux", Self.image)], machine: 0x8664))
        == [
          "kernel: machine: a kernel for x86-64, expected an arm64 kernel\nhelp: give a kernel that was built with ARCH=arm64"
        ])
    let whole = Packed.pe([(".linux", Self.image)])
    #expect(try refusal(Array(whole[..<4096])).first?.hasPrefix("kernel: PE section .linux: ") == true)
    #expect(
      try refusal(Array(whole[..<0x110])).first?.hasPrefix("kernel: PE section 0: an end of the file") == true
    )
    // In what was unpacked, with where that was.
    #expect(
      try refusal(Packed.pe([(".linux", [UInt8](repeating: 7, count: 100))])).first?
        .hasPrefix("kernel: UKI: header: no arm64 Image header") == true)
  }

  /// Any byte of a header may be any other: an error or an Image, and nothing that is read where there is nothing.
  @Test func hostile() async throws {
    let small = Input.image(4096)
    let packed = try await Packed.by(["gzip", "-n"], small)
    for whole in [
      Packed.pe([(".linux", small), (".initrd", [1]), (".dtb", [2]), (".cmdline", [3])]),
      Packed.zboot(packed, "gzip"),
    ] {
      var opened = 0
      for position in 0..<0x400 {
        for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
          var bytes = whole
          bytes[position] = value
          if (try? unpack(bytes)) != nil { opened += 1 }
        }
      }
      #expect(opened > 1000)
      for count in stride(from: 0, to: whole.count, by: 13) { _ = try? unpack(Array(whole[..<count])) }
    }
  }

  /// What is something else has a name, and a command.
  @Test(
    arguments: [
      ([0x42, 0x5a, 0x68, 0x39], "bzip2 data", "bunzip2 -c kernel > Image"),
      ([0x04, 0x22, 0x4d, 0x18], "lz4 data", "lz4 -dc kernel > Image"),
      ([0x02, 0x21, 0x4c, 0x18], "lz4 data", "lz4 -dc kernel > Image"),
      ([0x89, 0x4c, 0x5a, 0x4f, 0x00], "lzo data", "lzop -dc kernel > Image"),
      ([0x27, 0x05, 0x19, 0x56], "a U-Boot uImage", "dumpimage -p 0 -o Image kernel"),
      ([0xd0, 0x0d, 0xfe, 0xed], "a FIT image or a device tree", "dumpimage -l kernel"),
      (Array("ANDROID!".utf8), "an Android boot image", "unpack_bootimg"),
      ([0x7f, 0x45, 0x4c, 0x46], "an ELF file", "objcopy -O binary kernel Image"),
    ] as [([UInt8], String, String)])
  func another(_ start: [UInt8], _ found: String, _ help: String) throws {
    let refusal = try refusal(start + [UInt8](repeating: 0, count: 2000))
    #expect(refusal.count == 1)
    #expect(refusal.first?.contains(found) == true, "\(refusal)")
    #expect(refusal.first?.contains(help) == true, "\(refusal)")
  }

  @Test func anX86Kernel() throws {
    var bytes = [UInt8](repeating: 0, count: 2000)
    bytes.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    #expect(
      try refusal(bytes).first?.contains("header: an x86 kernel (bzImage), expected an arm64 Image") == true)
  }

  /// A container in a container in …
  @Test func tooDeep() async throws {
    var bytes = Self.image
    for _ in 0..<4 { bytes = try await Packed.by(["gzip", "-1n"], bytes) }
    #expect(try unpack(bytes).containers.count == 4)
    bytes = try await Packed.by(["gzip", "-1n"], bytes)
    #expect(
      try refusal(bytes) == [
        "kernel: packed 4 times: gzip, gzip, gzip, gzip, expected an arm64 Image in it\nhelp: unpack it, and give the Image that is in it"
      ])
  }
}
