// Seeds.swift — where the fuzzer starts: what the tools make, small, in a folder for each target
// SPDX-License-Identifier: MIT

import Decompression
import Foundation
import PurgatoryKit
import SystemPackage
import TestSupport

/// Writes the seeds of all targets below `path`; the exit status.
func writeSeeds(to path: String) -> CInt {
  let done = DispatchSemaphore(value: 0)
  let status = Status()
  Task {
    do {
      for (target, seeds) in try await Seeds().all {
        let folder = URL(filePath: path).appending(path: target)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (index, bytes) in seeds.enumerated() {
          try Data(bytes).write(to: folder.appending(path: "seed-\(index)"))
        }
      }
    } catch {
      Failure.say("error: \(error)")
      status.value = 1
    }
    done.signal()
  }
  done.wait()
  return status.value
}

/// Written before the semaphore is signalled, read behind it.
private final class Status: @unchecked Sendable {
  var value: CInt = 0
}

private struct Seeds {
  let folder: Folder

  init() throws { folder = try Folder() }

  var all: [String: [[UInt8]]] {
    get async throws {
      let flat = try await unfilledBlob()
      let linked = try await linkedPurgatory()
      let object = try RelocatableObject(Blob(linked, file: "elf")).bytes
      let filled = try Self.filled(flat)
      let programs = try await programs()
      let smallELF = programs[programs.count - 1 - 1]
      let smallObject = try RelocatableObject(Blob(smallELF, file: "small")).bytes
      let small = try Blob(smallELF, file: "small").flat
      let bundle = Self.bundle(small)
      let objects = try await objects()
      let whole = [linked, object] + programs + objects
      return [
        "elf": whole,
        "check": whole + [flat, small, filled, try Self.filled(linked), bundle],
        "tables": tables,
        "flat": [flat, small, filled],
        "bundle": [bundle, small],
        "embedded": [programs[1] + smallELF, programs[1] + smallObject, smallELF + smallObject],
        "archive": Self.archives(objects),
        "dtb": Self.trees.map { $0.dtb(reserving: [0x4800_0000..<0x4801_0000]) },
        "compression": try await compressed(Self.image),
        "kernel": try await kernels(),
        "manifest": try Self.manifests(),
        "values": Self.values.map { Array($0.utf8) },
        "script": try Self.scripts(),
      ]
    }
  }

  // MARK: - Purgatories

  private func linkedPurgatory() async throws -> [UInt8] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let toolchain = try Toolchain.find(nil, crossCompile: nil, path: path)
    return try await toolchain.build(PurgatorySource(directory: FilePath("\(packageFolder)/purgatory")))
  }

  private static func filled(_ bytes: [UInt8]) throws -> [UInt8] {
    var blob = try Blob(bytes, file: "seed")
    var changes = InfoChanges()
    changes.segments = [
      try Segment(role: .kernel, file: "Image", bytes: image, base: 0x4020_0000),
      try Segment(role: .dtb, file: "dtb", bytes: TreeNode("").dtb(), base: 0x4100_0000),
    ]
    changes.console = .some(PurgatoryInfo.Console(.pl011, base: 0x900_0000))
    try blob.fill(changes.applied(to: blob.info, file: "seed"))
    return blob.bytes
  }

  /// A small one: `purgatory bundle` puts the kernel 2 MiB behind the purgatory.
  private static func bundle(_ flat: [UInt8]) -> [UInt8] {
    let kernel = 0x1000
    var bytes = flat + [UInt8](repeating: 0, count: kernel - flat.count) + image
    func put(_ value: UInt32, _ offset: Int) {
      bytes.replaceSubrange(offset..<offset + 4, with: little(value))
    }
    put(0x10000, 0x10)  // image_size
    put(UInt32(truncatingIfNeeded: kernel), 0x50)  // kernel_entry
    put(0x5, 0x60)  // relative, verify-regions
    put(UInt32(truncatingIfNeeded: kernel), 0x80)  // the region
    put(UInt32(truncatingIfNeeded: image.count), 0x88)
    Info.hashRegions(of: &bytes)
    return bytes
  }

  /// An arm64 Image without code.
  static let image: [UInt8] = {
    var image = [UInt8](repeating: 0, count: 128)
    image.replaceSubrange(0..<4, with: [0x10, 0, 0, 0x14])
    image.replaceSubrange(0x10..<0x14, with: [0, 0x10, 0, 0])
    image[0x18] = 0xa
    image.replaceSubrange(0x38..<0x3c, with: Array("ARM\u{64}".utf8))
    return image
  }()

  // MARK: - ELF files

  private static let code = """
    .text
    .global _start
    .type _start, %function
    _start:
      adrp x0, table
      add x0, x0, :lo12:table
      adr x1, table
      .weak missing
      bl missing
      ret
    .size _start, . - _start
    .data
    .balign 8
    table: .quad table, table + 8, _start, missing
    .rept 9
    .quad table
    .endr
    .word . - table
    """

  private func assemble(_ source: String, _ target: String, _ options: [String] = []) async throws {
    try folder.write(source + "\n", to: "x.s")
    try await Command.tool(
      "clang", ["--target=\(target)", "-c", "x.s", "-o", "x.o"] + options, in: folder.path)
  }

  /// What is linked, with relocations of every format that the linker writes.
  private func programs() async throws -> [[UInt8]] {
    try await assemble(Self.code, "aarch64-none-elf")
    var programs: [[UInt8]] = []
    let formats = [
      [], ["-z", "pack-relative-relocs"], ["--pack-dyn-relocs=android"], ["-z", "rel"], ["--emit-relocs"],
      ["--pack-dyn-relocs=relr", "--hash-style=gnu", "--export-dynamic"],
      ["--hash-style=sysv", "--export-dynamic", "--emit-relocs"],
    ]
    for options in formats {
      try await Command.tool(
        "ld.lld",
        ["-pie", "--no-dynamic-linker", "-z", "max-page-size=4096", "-z", "norelro"] + options
          + ["x.o", "-o", "x"], in: folder.path)
      programs.append(try folder.read("x"))
      try await Command.tool("llvm-objcopy", ["--strip-sections", "x", "bare"], in: folder.path)
      programs.append(try folder.read("bare"))
    }
    // The smallest purgatory there is, and no code.
    try await assemble(Self.purgatory, "aarch64-none-elf")
    try folder.write(Self.script, to: "x.lds")
    for options in [[], ["--emit-relocs"], ["--strip-all"]] {
      try await Command.tool(
        "ld.lld",
        ["-pie", "--no-dynamic-linker", "-z", "max-page-size=64", "-T", "x.lds"] + options
          + ["x.o", "-o", "x"], in: folder.path)
      programs.append(try folder.read("x"))
    }
    return programs
  }

  private func objects() async throws -> [[UInt8]] {
    var objects: [[UInt8]] = []
    for (target, options) in [
      ("aarch64-none-elf", []), ("aarch64-none-elf", ["-Wa,--crel,--allow-experimental-crel"]),
    ] {
      try await assemble(Self.code, target, options)
      objects.append(try folder.read("x.o"))
    }
    for target in [
      "x86_64-none-elf", "i386-none-elf", "riscv64-none-elf", "mips64el-none-elf", "s390x-none-elf",
    ] {
      try await assemble(".data\ntable: .long table - .\n.global missing\n.long missing", target)
      objects.append(try folder.read("x.o"))
    }
    return objects
  }

  private static let purgatory = """
    .section .head, "awx", %progbits
    .global purgatory_start, purgatory_info
    purgatory_start: .inst 0x140000f4
    .org 0x10
    .quad 0x1000, 0xa
    .org 0x38
    .ascii "ARM\\x64"
    .org 0x40
    .type purgatory_info, %object
    .size purgatory_info, 0x390
    purgatory_info: .ascii "PURGINFO"
    .long 2, 0x390
    .org 0x78
    .quad 0x1000
    .org 0x3d0
    .type code, %function
    code: adr x0, purgatory_info
    nop
    .zero 32
    .ascii "PURGEND."
    """

  private static let script = """
    PHDRS { load PT_LOAD FLAGS(7); }
    SECTIONS
    {
      . = 0;
      .head : { *(.head) } :load
      .scratch (NOLOAD) : { . = . + 0x1000 - ABSOLUTE(.); } :load
      /DISCARD/ : { *(.text .data .bss .comment .dynamic .dynsym .dynstr .hash .gnu.hash .interp) }
    }
    ENTRY(purgatory_start)
    """

  private var tables: [[UInt8]] {
    let streams: [[UInt8]] = [
      [UInt8](repeating: 0, count: 48), Array("APS2".utf8) + [3, 0x80, 0x20, 3, 7, 8, 0x83, 8],
      [0x1c, 0x0f, 1, 0x81, 2, 4, 8], [0, 0x20, 0, 0, 0, 0, 0, 0, 0xff, 1, 0, 0, 0, 0, 0, 0x80],
    ]
    return streams.flatMap { stream in (UInt8(0)..<128).map { [$0, 0] + stream } }
  }

  private static func archives(_ objects: [[UInt8]]) -> [[UInt8]] {
    func field(_ text: String, _ width: Int) -> [UInt8] {
      Array(text.padding(toLength: width, withPad: " ", startingAt: 0).utf8)
    }
    func member(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
      field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("644", 8)
        + field("\(bytes.count)", 10) + [0x60, 0x0a] + bytes + (bytes.count % 2 == 0 ? [] : [0x0a])
    }
    return [
      member("a.o/", objects[0]), member("//", Array("a-long-name.o/\n".utf8)) + member("/0", objects[1]),
      member("#1/4", Array("bsd\0".utf8) + objects[0]), member("/", [0, 0, 0, 0]) + member("x/", objects[2]),
    ]
  }

  // MARK: - Device trees

  private static let trees: [TreeNode] = [
    TreeNode(""),
    TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 0x4000_0000)]),
        TreeNode(
          "reserved-memory", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty],
          [TreeNode("secure@50000000", ["reg": .wide(0x5000_0000, 0x100_0000), "no-map": .empty])]),
        TreeNode("psci", ["compatible": .strings("arm,psci-1.0", "arm,psci-0.2"), "method": "hvc"]),
        TreeNode("aliases", ["serial0": "/soc/serial@9000000"]),
        TreeNode(
          "soc", ["#address-cells": [1], "#size-cells": [1], "ranges": [0, 0, 0x800_0000, 0x1000_0000]],
          [
            TreeNode(
              "serial@9000000",
              ["compatible": .strings("arm,pl011", "arm,primecell"), "reg": [0x100_0000, 0x1000]]),
            TreeNode(
              "serial@a000000",
              [
                "compatible": "ns16550a", "reg": [0x200_0000, 0x100], "reg-shift": [2], "reg-io-width": [4],
                "status": "disabled",
              ]),
          ]),
        TreeNode(
          "chosen",
          [
            "stdout-path": "serial0:115200n8", "bootargs": "quiet", "kaslr-seed": [1, 2],
            "linux,initrd-start": [0x4200_0000], "linux,initrd-end": [0x4300_0000],
            "linux,usable-memory-range": .wide(0x4000_0000, 0x2000_0000),
            "purgatory,result": .wide(0, 0),
          ]),
      ]),
  ]

  // MARK: - Kernels

  private func compressed(_ bytes: [UInt8]) async throws -> [[UInt8]] {
    try folder.write(bytes, to: "plain")
    var packed: [[UInt8]] = []
    for (tool, options) in [
      ("gzip", ["-kf"]), ("zstd", ["-qkf"]), ("xz", ["-kf", "-0"]), ("xz", ["-kf", "-0", "--format=lzma"]),
    ] {
      try await Command.tool(tool, options + ["plain"], in: folder.path)
      let end =
        options.contains("--format=lzma") ? "lzma" : ["gzip": "gz", "zstd": "zst", "xz": "xz"][tool] ?? ""
      packed.append(try folder.read("plain.\(end)"))
    }
    return packed
  }

  private func kernels() async throws -> [[UInt8]] {
    let packed = try await compressed(Self.image)
    var kernels = [Self.image] + packed + packed.map(Self.uki)
    for (name, payload) in zip(["gzip", "zstd22", "xzkern", "lzma"], packed) {
      var zboot = Array("MZ\0\0zimg".utf8) + little(64) + little(UInt32(truncatingIfNeeded: payload.count))
      zboot += [UInt8](repeating: 0, count: 24 - zboot.count) + Array(name.utf8)
      zboot += [UInt8](repeating: 0, count: 64 - zboot.count) + payload
      kernels += [zboot, Self.uki(zboot)]
    }
    return kernels
  }

  /// A PE file of four sections.
  private static func uki(_ kernel: [UInt8]) -> [UInt8] {
    let sections: [(name: String, bytes: [UInt8])] = [
      (".linux", kernel), (".initrd", [1, 2, 3]), (".dtb", TreeNode("").dtb()),
      (".cmdline", Array("quiet\n".utf8)),
    ]
    var file = [0x4d, 0x5a] + [UInt8](repeating: 0, count: 0x3a) + little(0x40)
    file += Array("PE\0\0".utf8) + [0x64, 0xaa, UInt8(sections.count), 0] + [UInt8](repeating: 0, count: 16)
    var start = file.count + 40 * sections.count
    for (name, bytes) in sections {
      file += Array(name.utf8) + [UInt8](repeating: 0, count: 8 - name.utf8.count)
      file +=
        little(UInt32(truncatingIfNeeded: bytes.count)) + little(0)
        + little(UInt32(truncatingIfNeeded: bytes.count)) + little(UInt32(truncatingIfNeeded: start))
      file += [UInt8](repeating: 0, count: 16)
      start += bytes.count
    }
    return file + sections.flatMap(\.bytes)
  }

  // MARK: - Texts

  private static func manifests() throws -> [[UInt8]] {
    let segments = [
      try Segment(role: .purgatory, file: "/out/purgatory.bin", bytes: [1], base: 0x4000_0000),
      try Segment(role: .kernel, file: "/out/Image", bytes: image, base: 0x4020_0000),
    ]
    let manifest = try Manifest(entry: 0x4000_0000, segments: segments, path: "/out/manifest.json")
    return [try manifest.encoded(), Array(#"{"version":1,"entry":0,"segments":[]}"#.utf8)]
  }

  private static let values = [
    "0x40000000", "40000000", "1G", "512K", "0X1f", "18446744073709551615", "Image@0x40200000",
    "a@b/c@0x1000+64K", "initrd@auto", "0x40000000+1G", "pl011@0x9000000",
    "custom:access=4,data=0x8,status=0xc,mask=0x20,ready=0@0x1000", "absolute-address:.text*",
  ]

  private static func scripts() throws -> [[UInt8]] {
    [
      try Array(String(contentsOfFile: "\(packageFolder)/purgatory/purgatory.lds", encoding: .utf8).utf8),
      Array(script.utf8),
      Array(
        "MEMORY { ram (rwx) : ORIGIN = 0x80000, LENGTH = 64K }\nSECTIONS { .text 0x1000 : { *(.text) } > ram }"
          .utf8),
    ]
  }
}

private func little(_ value: UInt32) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
