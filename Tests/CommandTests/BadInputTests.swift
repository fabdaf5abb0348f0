// BadInputTests.swift — files and addresses that no purgatory may be filled in with
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct BadInputTests {
  /// `purgatory.bin` is there to be patched, or is not yet built.
  let patching: Folder
  let building: Folder

  init() async throws {
    patching = try Folder()
    building = try Folder()
    try patching.write(try await Built.get().small, to: "purgatory.bin")
    try patching.setMode(0o640, of: "purgatory.bin")
    try Source.makeSmall(in: building)
    for folder in [patching, building] { try Self.makeInputs(in: folder) }
  }

  private static func makeInputs(in folder: Folder) throws {
    let inputs: [String: [UInt8]] = [
      "Image": Input.image(), "offset.Image": Input.image(textOffset: 0x80000),
      "short.Image": Array(Input.image().prefix(63)), "big-endian.Image": Input.image(flags: 0xb),
      "old.Image": Input.image(imageSize: 0), "Image.gz": Input.gzip, "vmlinuz.efi": Input.zboot,
      "vmlinux": [0x7f, 0x45, 0x4c, 0x46] + [UInt8](repeating: 0, count: 60), "empty": [],
      "payload": Input.initrd(64), "initrd": Input.initrd(), "page": Input.initrd(4096),
      "board.dtb": Input.dtb(),
      "magic.dtb": overwriting(Input.dtb(), 0, [0xde, 0xad, 0xbe, 0xef]),
      "short.dtb": Array(Input.dtb().dropLast()), "header.dtb": Array(Input.dtb().prefix(39)),
      "large.dtb": Input.dtb(2 << 20 | 1),
    ]
    for (name, bytes) in inputs { try folder.write(bytes, to: name) }
    try folder.makeFolder("folder")
  }

  /// Patching refuses every row, and building refuses it with the same words.
  private func expectRefused(
    _ rows: [Refusal], golden: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectRefusals(
      rows.map { Refusal($0.name, ["patch", "purgatory.bin"] + $0.arguments, reasons: $0.because) },
      golden: golden, in: patching, sourceLocation: sourceLocation)
    let before = try building.snapshot()
    for row in rows {
      let patched = try await patching.purgatory(["patch", "purgatory.bin"] + row.arguments)
      let built = try await building.purgatory(["build", "--source", "small"] + row.arguments)
      let faults = try faults(of: built, exitCode: 1, row: row, before: before, after: building.snapshot())
      #expect(faults == [], "build, \(row.name): \(built.error)", sourceLocation: sourceLocation)
      // Their pictures differ: build knows the purgatory's file, and the memory.
      func said(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0.contains(#/^(error|help|note): /#) }
      }
      #expect(said(built.error) == said(patched.error), "build, \(row.name)", sourceLocation: sourceLocation)
    }
  }

  @Test func files() async throws {
    try await expectRefused(
      [
        Refusal("a missing file", ["--kernel", "none@0x40200000"], because: "none: no such file"),
        Refusal("an empty file", ["--initrd", "empty@0x40200000"], because: "empty: is empty"),
        Refusal("a device", ["--segment", "/dev/zero@0x40200000"], because: "/dev/zero: is a device"),
        Refusal("a device as a kernel", ["--kernel", "/dev/zero@0x40200000"], because: "is a device"),
        Refusal("a device as a device tree", ["--dtb", "/dev/null@0x40200000"], because: "is a device"),
        Refusal("a folder", ["--segment", "folder@0x40200000"], because: "folder: is a directory"),
        Refusal("a compressed kernel", ["--kernel", "Image.gz@0x40200000"], because: "corrupt gzip data"),
        Refusal("a zboot kernel", ["--kernel", "vmlinuz.efi@0x40200000"], because: "zboot"),
        Refusal("an ELF kernel", ["--kernel", "vmlinux@0x40200000"], because: "an ELF file", "objcopy"),
        Refusal(
          "a kernel cut short", ["--kernel", "short.Image@0x40200000"], because: "no arm64 Image header"),
        Refusal(
          "no kernel", ["--kernel", "payload@0x40200000"], because: "no arm64 Image header", "--segment"),
        Refusal("a big-endian kernel", ["--kernel", "big-endian.Image@0x40200000"], because: "big-endian"),
        Refusal("a kernel without image_size", ["--kernel", "old.Image@0x40200000"], because: "image_size"),
        Refusal("no device tree", ["--dtb", "magic.dtb@0x48000000"], because: "0xdeadbeef"),
        Refusal("a device tree cut short", ["--dtb", "short.dtb@0x48000000"], because: "contents"),
        Refusal("half a device tree's header", ["--dtb", "header.dtb@0x48000000"], because: "39 bytes"),
        Refusal(
          "a large device tree", ["--dtb", "large.dtb@0x48000000"], because: "2097153 bytes", "at most 2 MiB"),
        Refusal(
          "four bad files at once",
          [
            "--kernel", "Image.gz@0x40200008", "--dtb", "magic.dtb@0x48000004", "--initrd",
            "empty@0x4c000000",
            "--segment", "none@0",
          ],
          because: "gzip", "0x48000004", "0xdeadbeef", "empty", "none: no such file"),
      ], golden: "bad-files.txt")
  }

  @Test func addresses() async throws {
    try await expectRefused(
      [
        Refusal("a kernel not 2 MiB aligned", ["--kernel", "Image@0x40201000"], because: "2 MiB"),
        Refusal("text_offset", ["--kernel", "offset.Image@0x40200000"], because: "text_offset 0x80000"),
        Refusal("a segment not 16-byte aligned", ["--segment", "payload@0x40200008"], because: "16"),
        Refusal("a device tree not aligned", ["--dtb", "board.dtb@0x48000004"], because: "16"),
        Refusal("an initrd not aligned", ["--initrd", "initrd@1"], because: "16"),
        Refusal("an end above 2^64", ["--segment", "initrd@0xfffffffffffff000"], because: "2^64"),
        Refusal("an end at 2^64", ["--segment", "page@0xfffffffffffff000"], because: "2^64"),
        Refusal("a memory size above 2^64", ["--segment", "payload@16+0xfffffffffffffff0"], because: "2^64"),
        Refusal(
          "a memory size below the file's", ["--segment", "initrd@0x1000+4999"], because: "5000 bytes"),
        Refusal(
          "a byte more than 1 GiB of zeros", ["--segment", "payload@16+0x40000041"],
          because: "0x40000001 bytes of zeros"),
        Refusal("a kernel at 0", ["--kernel", "Image@0"], because: "0x0"),
        Refusal("a device tree at 0", ["--dtb", "board.dtb@0"], because: "0x0"),
        Refusal("the purgatory not 4 KiB aligned", ["--load-address", "0x40200800"], because: "4 KiB"),
        Refusal(
          "the purgatory's end above 2^64", ["--load-address", "0xfffffffffffff000"],
          because: "--load-address", "2^64"),
        Refusal("the entry not aligned", ["--kernel-entry", "0x40200002"], because: "kernel_entry", "4"),
        Refusal(
          "the device tree's address not aligned", ["--dtb-addr", "0x48000004"], because: "dtb_addr", "8"),
        Refusal(
          "the device tree in two places", ["--dtb", "board.dtb@0x48000000", "--dtb-addr", "0x49000000"],
          because: "0x49000000", "0x48000000"),
        Refusal(
          "the device tree in one place and in none", ["--dtb", "board.dtb@0x48000000", "--dtb-addr", "0"],
          because: "--dtb-addr: 0x0"),
        Refusal("a digest of nothing", ["--digest", "regions"], because: "no file"),
        Refusal("a combined digest of nothing", ["--digest", "combined"], because: "no file"),
      ], golden: "bad-addresses.txt")
  }

  @Test func layouts() async throws {
    let kernel = ["--kernel", "Image@0x40200000"]  // 0x1000 bytes of file, 0x10000 of memory
    try await expectRefused(
      [
        Refusal("two files in one place", kernel + ["--initrd", "initrd@0x40200000"], because: "overlaps"),
        Refusal(
          "a file before another's end", ["--segment", "initrd@0x40200000", "--dtb", "board.dtb@0x40201380"],
          because: "overlaps"),
        Refusal(
          "an initrd in the kernel's BSS", kernel + ["--initrd", "initrd@0x40208000"], because: "overlaps"),
        Refusal("the BSS's last bytes", kernel + ["--initrd", "initrd@0x4020fff0"], because: "overlaps"),
        Refusal(
          "the zeros after a file",
          ["--segment", "payload@0x1000+0x1000", "--segment", "page@0x1ff0"], because: "overlaps"),
        Refusal(
          "the kernel on the purgatory", kernel + ["--load-address", "0x40200000"], because: "the purgatory"),
        Refusal(
          "the purgatory's first bytes",
          ["--load-address", "0x40000000", "--segment", "initrd@0x3fffec80"], because: "the purgatory"),
        Refusal(
          "the purgatory's last bytes",
          ["--load-address", "0x40000000", "--segment", "initrd@0x40001ff0"], because: "the purgatory"),
        Refusal(
          "the kernel on a relative purgatory", ["--relative", "--kernel", "Image@0"],
          because: "the purgatory"),
        Refusal("an entry in no file", kernel + ["--kernel-entry", "0x40000000"], because: "kernel_entry"),
        Refusal(
          "an entry after the file", kernel + ["--kernel-entry", "0x40201000"], because: "kernel_entry"),
        Refusal(
          "an entry before the file", kernel + ["--kernel-entry", "0x401ffffc"], because: "kernel_entry"),
        Refusal(
          "17 segments", kernel + Self.payloads(16), because: "17 segments", "16"),
        Refusal(
          "everything at once",
          kernel + [
            "--initrd", "initrd@0x40208000", "--dtb", "board.dtb@0x40209000", "--dtb-addr", "0x4800000c",
            "--load-address", "0x40200800", "--kernel-entry", "0x50000002",
          ],
          because: "overlaps initrd", "overlaps board.dtb", "overlaps the purgatory", "--dtb-addr",
          "--load-address",
          "kernel_entry", "dtb_addr"),
      ], golden: "bad-layouts.txt")
  }

  private static func payloads(_ count: Int) -> [String] {
    (0..<count).flatMap { ["--segment", "payload@\(0x5000_0000 + $0 * 4096)"] }
  }

  /// The same numbers, one step further: nothing of the above is refused for another reason.
  @Test(
    .serialized,
    arguments: [
      ["--kernel", "Image@0x40200000", "--kernel-entry", "0x40200ffc"],
      ["--kernel", "Image@0x40200000", "--initrd", "initrd@0x40210000"],
      ["--kernel", "offset.Image@0x40280000"],
      ["--segment", "initrd@0x40200000", "--dtb", "board.dtb@0x40201390"],
      ["--segment", "payload@0x1000+0x1000", "--segment", "page@0x2000"],
      ["--segment", "payload@0xffffffffffffffa0"],
      ["--load-address", "0x40000000", "--segment", "initrd@0x3fffec70"],
      ["--load-address", "0x40000000", "--segment", "initrd@0x40002000"],
      ["--relative", "--kernel", "Image@0x200000"],
      ["--load-address", "0xffffffffffffd000"],
      ["--dtb", "board.dtb@0x48000000", "--dtb-addr", "0x48000000"],
      ["--kernel-entry", "0x40000000"],
      ["--digest", "none"],
      ["--segment", "payload@16+0x40000040", "--digest", "none"],
      payloads(16),
    ])
  func whatIsJustRight(_ arguments: [String]) async throws {
    let outcome = try await patching.purgatory(["patch", "purgatory.bin"] + arguments)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
  }

  /// No verb reads on for ever.
  @Test func devices() async throws {
    try await expectRefusals(
      [
        ["show", "/dev/zero"], ["patch", "/dev/zero"], ["graft", "/dev/zero", "-o", "x"],
        ["run", "/dev/zero"],
        ["bundle", "--kernel", "/dev/zero", "-o", "x"],
        ["bundle", "--kernel", "Image", "--dtb", "/dev/zero", "-o", "x"],
      ].map { Refusal($0[0], $0, because: "error: /dev/zero: is a device") },
      golden: "devices.txt", in: building)
    let checked = try await building.purgatory(["check", "/dev/zero"])
    #expect(checked.status == .exited(2) && checked.text.contains("/dev/zero: file: is a device"))
  }

  /// A file is refused before it fills the memory.
  @Test func filesBeyondTheirBounds() async throws {
    func makeSparse(_ size: UInt64) throws {
      let path = "\(building.path)/sparse"
      // Of what is no ELF file, only the start is read.
      let magic = Data([0x7f] + "ELF".utf8)
      try #require(FileManager.default.createFile(atPath: path, contents: magic))
      try #require(FileHandle(forWritingAtPath: path)).truncate(atOffset: size)
    }
    for (size, command) in [
      (2 << 30 + 1, ["show", "sparse"]), (2 << 30 + 1, ["graft", "sparse", "-o", "x"]),
      (64 << 30 + 1, ["run", "sparse"]), (64 << 30 + 1, ["bundle", "--kernel", "sparse", "-o", "x"]),
      (64 << 30 + 1, ["build", "--source", "small", "--initrd", "sparse@0x40000000"]),
      (2 << 20 + 1, ["build", "--source", "small", "--dtb", "sparse@0x40000000"]),
    ] as [(UInt64, [String])] {
      try makeSparse(size)
      let outcome = try await building.purgatory(command)
      #expect(outcome.status == .exited(1))
      let limit = size > 1 << 30 ? "\(size >> 30) GiB" : "\(size >> 20) MiB"
      #expect(
        outcome.error
          == "error: sparse: size: \(size) bytes, expected at most \(limit)\nhelp: give a smaller file\n",
        "\(command)")
    }
  }

  @Test func theLargestDeviceTree() async throws {
    try patching.write(Input.dtb(2 << 20), to: "most.dtb")
    try await patching.done(["patch", "purgatory.bin", "--dtb", "most.dtb@0x48000000"])
  }
}

extension Refusal {
  init(_ name: String, _ arguments: [String], reasons: [String]) {
    self.name = name
    self.arguments = arguments
    because = reasons
  }
}
