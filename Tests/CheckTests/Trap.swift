// Trap.swift — files that look as if they ran anywhere, and files that look as if they did not
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryKit
import TestSupport
import Testing

/// A blob of somebody's, how it is made, and what is to be said of it.
struct Trap: Sendable, CustomTestStringConvertible {
  let name: String
  var target = "aarch64-none-elf"
  /// One object each.
  let sources: [String]
  /// nil: the linker's own.
  var script: String?
  var options = ["-pie", "--no-dynamic-linker"]
  var tools: Set<Toolchain.Kind> = [.llvm, .gnu]
  /// What no linker makes.
  var edit: @Sendable (inout Image) -> Void = { _ in }
  /// What llvm-objcopy does to it.
  var objcopy: [String] = []
  let pie: Verdict
  /// What says so: a rule, or words of the doubt.
  let says: String
  /// Of its objects, linked with its script at several bases; nil: they cannot be linked so.
  var links: Verdict? = .broken

  var testDescription: String { name }

  static let all = fromScripts + fromCode + fromEdits + innocent

  /// Makes the file `name` in `folder`, and its objects `0.o`, `1.o`, …
  ///
  /// - Returns: the objects.
  @discardableResult
  func make(_ tools: Toolchain.Kind, in folder: Folder, as name: String) async throws -> [String] {
    var objects: [String] = []
    for (index, source) in sources.enumerated() {
      let recipe = Recipe(source: source, target: target, isLinked: false)
      try await recipe.make(tools, in: folder, as: "\(index).o")
      objects.append("\(index).o")
    }
    try await Recipe.link(objects, script, options, tools, in: folder, as: name)
    var image = Image(bytes: try folder.read(name))
    edit(&image)
    try folder.write(image.bytes, to: name)
    if !objcopy.isEmpty { try await Command.tool("llvm-objcopy", objcopy + [name], in: folder.path) }
    return objects
  }

  // MARK: What they are made of

  private static let discarded =
    ".got 0 (INFO) : { *(.got .got.plt) } /DISCARD/ : { *(.rela*) *(.comment) \(Crafted.dynamicTables) }"

  private static func script(_ base: String, _ inside: String = "", _ behind: String = "") -> String {
    "ENTRY(_start) SECTIONS { . = \(base); .text : { *(.head) *(.text*) *(.rodata*) *(.data*) \(inside) } \(behind) \(discarded) }\n"
  }

  private static let retained = ["--emit-relocs"]
  private static let high = "0x40080000"

  private static let adrp =
    ".section .head, \"ax\"\n.global _start\n_start: adrp x2, far\nldr x0, [x2, :lo12:far]\nret\n.data\n.balign 8\nfar: .quad 0x1234"
  private static let table =
    ".section .head, \"ax\"\n.global _start\n_start: adr x0, _start\nldr x0, [x0, #8]\nret\nnop"
  private static let rom =
    ".section .head, \"ax\"\n.global _start\n_start: bl rom\nret"
  private static let end =
    ".section .head, \"ax\"\n.global _start\n_start: adr x0, tab\nldr x0, [x0]\nret\n.data\n.balign 8\ntab: .quad end"

  private static let originAndLength =
    "MEMORY { RAM (rwx) : ORIGIN = \(high), LENGTH = 64K } "
    + "SECTIONS { .text : { *(.head) *(.text*) *(.data*) } > RAM end = ORIGIN(RAM) + LENGTH(RAM); \(discarded) }\n"

  // MARK: Addresses that a linker script computes

  private static let fromScripts = [
    Trap(
      name: "QUAD(symbol), -pie at 0", sources: [table], script: script("0", "QUAD(_start)"), pie: .unproven,
      says: "no retained relocations"),
    Trap(
      name: "QUAD(symbol), --emit-relocs at 0", sources: [adrp], script: script("0", "QUAD(_start)"),
      options: retained, pie: .unproven, says: "addresses that a linker script computes"),
    Trap(
      name: "QUAD(symbol), -pie", sources: [table], script: script(high, "QUAD(_start)"), pie: .broken,
      says: "absolute-address"),
    Trap(
      name: "QUAD(symbol), --emit-relocs", sources: [table], script: script(high, "QUAD(_start)"),
      options: retained, pie: .broken, says: "absolute-address"),
    Trap(
      name: "LONG(symbol >> 12)", sources: [table], script: script(high, "LONG(_start >> 12)"),
      pie: .unproven,
      says: "no retained relocations"),
    Trap(
      name: "ABSOLUTE(.), -pie", sources: [end], script: script(high, "end = ABSOLUTE(.);"), pie: .broken,
      says: "absolute-address"),
    Trap(
      name: "ABSOLUTE(.), --emit-relocs", sources: [end], script: script(high, "end = ABSOLUTE(.);"),
      options: retained, pie: .broken, says: "absolute-address"),
    Trap(
      name: "ABSOLUTE(.) at 0", sources: [end], script: script("0", "end = ABSOLUTE(.);"), options: retained,
      pie: .unproven, says: "addresses that a linker script computes"),
    // For GNU ld it is a place of a section, or not, from release to release.
    Trap(
      name: "ORIGIN + LENGTH", sources: [end], script: originAndLength, options: retained, tools: [.llvm],
      pie: .unproven, says: "addresses that a linker script computes"),
    Trap(
      name: "a first byte off its page", sources: [adrp], script: script("0x40080040"), pie: .broken,
      says: "flat-layout"),
    Trap(
      name: "the linker's own layout", sources: [adrp], script: nil, options: retained + ["-e", "_start"],
      pie: .broken, says: "flat-layout", links: nil),
    Trap(
      name: "loaded elsewhere", sources: [adrp],
      script:
        "SECTIONS { . = 0; .text : { *(.head) *(.text*) } . = 0x20000000; "
        + ".data : AT(ADDR(.text) + SIZEOF(.text)) { *(.data*) } \(discarded) }\n", pie: .broken,
      says: "flat-layout"),
    Trap(
      name: "relocations that are discarded", sources: [table + "\n.data\nvalue: .quad _start"],
      script: script("0"), options: ["-pie", "--no-dynamic-linker", "-z", "notext"], pie: .unproven,
      says: "no retained relocations"),
  ]

  // MARK: Code and data that are not position-independent

  private static let fromCode = [
    Trap(
      name: "an absolute symbol, -pie", sources: [rom, ".global rom\nrom = 0x100000"], script: script("0"),
      tools: [.gnu], pie: .unproven, says: "no retained relocations"),
    Trap(
      name: "an absolute symbol, --emit-relocs", sources: [rom, ".global rom\nrom = 0x100000"],
      script: script("0"), options: retained, pie: .broken, says: "absolute-address"),
    Trap(
      name: "an undefined weak symbol",
      sources: [
        ".section .head, \"ax\"\n.weak opt\n.global _start\n_start: adrp x0, opt\nadd x0, x0, :lo12:opt\nret"
      ], script: script("0"), tools: [.gnu], pie: .unproven, says: "no retained relocations"),
    Trap(
      name: "an undefined weak symbol, named",
      sources: [
        ".section .head, \"ax\"\n.weak opt\n.global _start\n_start: adrp x0, opt\nadd x0, x0, :lo12:opt\nret"
      ], script: script("0"), options: retained, tools: [.llvm], pie: .broken, says: "undefined-symbol"),
    Trap(
      name: "an undefined weak symbol, stripped",
      sources: [
        ".section .head, \"ax\"\n.weak opt\n.global _start\n_start: adrp x0, opt\nadd x0, x0, :lo12:opt\nret"
      ], script: script("0"), options: retained, objcopy: ["--strip-all"], pie: .unproven,
      says: "no retained relocations"),
    Trap(
      name: "thread-local",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: mrs x0, tpidr_el0\nadd x0, x0, #:tprel_hi12:v, lsl #12\n"
          + "add x0, x0, #:tprel_lo12_nc:v\nret\n.section .tdata, \"awT\", %progbits\nv: .long 1"
      ],
      script:
        "PHDRS { load PT_LOAD; local PT_TLS; } SECTIONS { . = 0; .text : { *(.head) *(.text*) } :load .tdata : { *(.tdata*) } :load :local \(discarded) }\n",
      options: retained, pie: .broken, says: "thread-local"),
    Trap(
      name: "one half of a difference", target: "riscv64-none-elf",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: ret\n.section .rodata.t, \"a\"\n.word 0\n.reloc .-4, R_RISCV_ADD32, _start"
      ], script: script("0x80000000"), options: retained, tools: [.llvm], pie: .broken,
      says: "absolute-address"),
  ]

  // MARK: What is done to a file behind the linker

  private static func edited(
    _ name: String, _ verdict: Verdict, _ says: String, options: [String] = retained, source: String = table,
    script: String = script(high), objcopy: [String] = [],
    _ edit: @escaping @Sendable (inout Image) -> Void = { _ in }
  ) -> Trap {
    Trap(
      name: name, sources: [source], script: script, options: options, edit: edit, objcopy: objcopy,
      pie: verdict,
      says: says, links: nil)
  }

  private static let fromEdits = [
    edited("ET_EXEC called ET_DYN", .unproven, "no retained relocations", options: []) {
      $0[0x10, UInt16.self] = 3
    },
    edited("ET_EXEC called a core file", .unproven, "a core file", options: []) { $0[0x10, UInt16.self] = 4 },
    edited("no section headers", .unproven, "no section headers", objcopy: ["--strip-sections"]),
    edited(
      "only debug information", .unproven, "a file of debug information", objcopy: ["--only-keep-debug"]),
    edited(
      "retained for some sections only", .unproven, "relocations are retained for .text, not for .other",
      source: adrp + "\n.section .other, \"a\"\n.quad far",
      script:
        "SECTIONS { . = 0; .text : { *(.head) *(.text*) *(.data*) } .other : { *(.other) } \(discarded) }\n",
      objcopy: ["-R", ".rela.other"]),
    edited("an unknown relocation type", .broken, "absolute-address", source: adrp) {
      $0[$0.content(".rela.text") + 8, UInt32.self] = 999
    },
    edited("a distance from address 0", .broken, "absolute-address", source: adrp) { image in
      // For RISC-V: R_RISCV_GPREL_I of `addi a0, x0, 8`, which was relative to x3; and a relocation of nothing.
      image[0x12, UInt16.self] = 243
      image[image.content(".text"), UInt32.self] = 0x0080_0513
      image[image.content(".rela.text") + 8, UInt32.self] = 47
      image[image.content(".rela.text") + 24 + 8, UInt32.self] = 0
    },
    edited("a distance from the global pointer", .unproven, "addresses that a linker script", source: adrp) {
      image in
      image[0x12, UInt16.self] = 243
      image[image.content(".text"), UInt32.self] = 0x0081_8513
      image[image.content(".rela.text") + 8, UInt32.self] = 47
      image[image.content(".rela.text") + 24 + 8, UInt32.self] = 0
    },
    edited("segments that overlap", .broken, "flat-layout", options: [], script: twoSegments) {
      $0[$0.segment(1) + 0x10, UInt64.self] = $0[$0.segment(0) + 0x10, UInt64.self] + 4
    },
    edited("segments out of order", .broken, "flat-layout", options: [], script: twoSegments) {
      $0[$0.segment(1) + 0x10, UInt64.self] = 0x1000
    },
    edited("a segment that lacks file bytes", .broken, "flat-layout", options: [], script: twoSegments) {
      $0[$0.segment(0) + 0x20, UInt64.self] -= 4
    },
  ]

  private static let twoSegments =
    "PHDRS { one PT_LOAD; two PT_LOAD; } SECTIONS { . = 0x40080000; .text : { *(.head) *(.text*) } :one "
    + ". = 0x40090000; .data : { *(.data*) LONG(1) } :two \(discarded) }\n"

  // MARK: What must not be refused

  private static let clean =
    ".section .head, \"ax\"\n.global _start\n_start: adr x0, data\nldr x0, [x0]\nret\n.balign 8\ndata: .quad 7"

  private static let innocent = [
    Trap(
      name: "clean, -pie", sources: [clean], script: script("0"), pie: .unproven,
      says: "no retained relocations",
      links: .proven),
    Trap(
      name: "clean, -pie far from 0", sources: [clean], script: script(high), pie: .unproven,
      says: "no retained relocations", links: .proven),
    Trap(
      name: "clean, page-relative", sources: [adrp], script: script(high), options: retained, pie: .unproven,
      says: "addresses that a linker script computes", links: .proven),
    Trap(
      name: "a GOT that was relaxed away",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: adrp x0, :got:sym\nldr x0, [x0, :got_lo12:sym]\nldr x0, [x0]\nret\n"
          + ".hidden sym\n.data\n.balign 8\n.global sym\nsym: .quad 5"
      ],
      script: "SECTIONS { . = 0; .text : { *(.head) *(.text*) *(.data*) } .got : { *(.got*) } }\n",
      options: retained, tools: [.llvm], pie: .unproven,
      says: "relocations are retained for .text, not for .got",
      links: .proven),
    Trap(
      name: "differences of labels", target: "riscv64-none-elf",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: la a0, data\nld a0, 0(a0)\nret\n.data\n.balign 8\ndata: .quad 9\n"
          + ".word data - _start"
      ], script: script("0x80000000"), options: retained, tools: [.llvm], pie: .unproven,
      says: "addresses that a linker script computes", links: .proven),
    Trap(
      name: "ARM", target: "armv7a-none-eabi",
      sources: [
        ".arm\n.section .head, \"ax\"\n.global _start\n_start: ldr r0, lit\nhere: add r0, pc, r0\nldr r0, [r0]\nbx lr\n"
          + "lit: .word data - (here + 8)\n.data\ndata: .word 11"
      ], script: script("0x40000000"), options: retained, tools: [.llvm], pie: .unproven,
      says: "addresses that a linker script computes", links: .proven),
    Trap(
      name: "i386", target: "i386-none-elf",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: call 1f\n1: pop %eax\nmov data-1b(%eax), %eax\nret\n.data\ndata: .long 13"
      ], script: script("0x40000000"), options: retained, tools: [.llvm], pie: .unproven,
      says: "addresses that a linker script computes", links: .proven),
    Trap(
      name: "x86-64", target: "x86_64-none-elf",
      sources: [
        ".section .head, \"ax\"\n.global _start\n_start: mov data(%rip), %rax\nret\n.data\ndata: .quad 15"
      ], script: script("0x40000000"), options: retained, tools: [.llvm], pie: .unproven,
      says: "addresses that a linker script computes", links: .proven),
    Trap(
      name: "memory regions", sources: [adrp],
      script:
        "MEMORY { ram : ORIGIN = 0x40000000, LENGTH = 1M } SECTIONS { .text : { *(.head) *(.text*) } >ram "
        + ".data : ALIGN(4096) { *(.data*) } >ram \(discarded) }\n", pie: .unproven,
      says: "no retained relocations", links: .proven),
  ]
}
