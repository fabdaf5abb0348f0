// BadELFTests.swift — ELF files that a loader would have to relocate, or that hold no purgatory of this version
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct BadELFTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private struct Bad {
    let name: String
    let because: [String]
    let elf: CraftedELF

    init(_ name: String, because: String..., spoil: (inout CraftedELF) -> Void) {
      self.name = name
      self.because = because
      var elf = CraftedELF()
      spoil(&elf)
      self.elf = elf
    }
  }

  private let variants = [
    Bad("x86-64", because: "AArch64") {
      $0.target = "x86_64-none-elf"
      $0.source = CraftedELF.foreign
    },
    Bad("arm32", because: "AArch64") {
      $0.target = "armv7-none-eabi"
      $0.source = CraftedELF.foreign
    },
    Bad("big-endian", because: "AArch64") {
      $0.target = "aarch64_be-none-elf"
      $0.source = CraftedELF.foreign
    },
    Bad("an-object", because: "ELF header", "R_AARCH64_CALL26", "a link resolves it") {
      $0.more = "bl purgatory_start"
      $0.isLinked = false
    },
    Bad("fixed-base", because: "ELF header") { $0.options = [] },
    Bad("two-segments", because: "2 PT_LOAD") {
      $0.programHeaders = "load PT_LOAD FLAGS(7); more PT_LOAD FLAGS(5);"
      $0.text = ":more"
    },
    Bad("a-dynamic-segment", because: "PT_DYNAMIC") {
      $0.programHeaders += " dynamic PT_DYNAMIC FLAGS(4);"
      $0.discarded = "*(.interp)"
      $0.sections =
        ".dynsym : { *(.dynsym) } :load .dynstr : { *(.dynstr) } :load .gnu.hash : { *(.gnu.hash) } :load "
        + ".hash : { *(.hash) } :load .dynamic : { *(.dynamic) } :load :dynamic"
    },
    Bad("an-interpreter", because: "PT_INTERP") {
      $0.programHeaders += " interpreter PT_INTERP FLAGS(4);"
      $0.more = ".section .asks, \"a\"\n.asciz \"/lib/ld.so\""
      $0.sections = ".asks : { *(.asks) } :load :interpreter"
    },
    Bad("a-relocation", because: "relocation", ".rela.dyn") {
      $0.more = ".balign 8\n.quad purgatory_info"
      $0.options += ["-z", "notext", "--no-apply-dynamic-relocs"]
      $0.sections = ".rela.dyn : { *(.rela.dyn) } :load"
    },
    Bad("a-packed-relocation", because: "relocation", ".relr.dyn") {
      $0.more = ".balign 8\n.quad purgatory_info"
      $0.options += ["-z", "notext", "-z", "pack-relative-relocs"]
      $0.sections = ".rela.dyn : { *(.rela.dyn) } :load .relr.dyn : { *(.relr.dyn) } :load"
    },
    Bad("an-address", because: "0x40000040", "purgatory_info") {
      $0.base = "0x40000000"
      $0.more = ".balign 8\n.quad 0x40000040"
    },
    Bad("an-undefined-symbol", because: "undefined", "missing") { $0.more = ".weak missing\nbl missing" },
    Bad("another-entry", because: "entry point 0x3d0") { $0.entry = "code" },
    Bad("no-info", because: "no purgatory_info") { $0.options.append("--strip-all") },
    Bad("a-function", because: "purgatory_info", "type 2") { $0.infoType = "%function" },
    Bad("no-type", because: "purgatory_info", "type 0") { $0.infoType = "%notype" },
    Bad("a-small-symbol", because: "912") { $0.infoSize = "0x388" },
    Bad("a-large-symbol", because: "912") { $0.infoSize = "0x398" },
    Bad("a-newer-version", because: "version", "3") { $0.version = 3 },
    Bad("an-older-version", because: "version", "1") { $0.version = 1 },
    Bad("too-much-code", because: "loadable bytes", "8192") { $0.more = ".skip 8192" },
    Bad("other-memory", because: "memory_size", "0x4008", "0x4000") { $0.memorySize = "0x4008" },
    Bad("info-unaligned", because: "0x3d4", "multiple of 8") {
      $0.source = CraftedELF.moved(".text\n.org 4")
    },
    Bad("info-in-scratch", because: "purgatory_info", "file bytes") {
      $0.source = CraftedELF.moved(".section .scratch, \"aw\", %nobits")
    },
    Bad("three-problems", because: "type 2", "entry point 0x3d0", "undefined", "missing") {
      $0.infoType = "%function"
      $0.entry = "code"
      $0.more = ".weak missing\nbl missing"
    },
    Bad("two-problems-of-info", because: "type 2", "912") {
      $0.infoType = "%function"
      $0.infoSize = "8"
    },
    Bad("a-hostile-name", because: "undefined") {
      $0.more = ".weak \"\u{1b}[2J\"\nbl \"\u{1b}[2J\""
    },
  ]

  @Test func isRefused() async throws {
    for bad in variants { try folder.write(try await bad.elf.make(in: folder), to: bad.name) }
    try await addByteEdits()
    let rows =
      variants.map { ($0.name, $0.because) } + [
        ("two-infos", ["2 purgatory_info"]), ("other-magic", ["magic"]), ("other-size", ["0x388"]),
        ("unknown-flag", ["0x800"]), ("info-at-the-end-of-memory", ["purgatory_info"]),
        ("info-at-another-offset", ["offset 0x38 of the loadable bytes"]),
        ("a-section-elsewhere", [".head", "no PT_LOAD loads"]),
        ("no-branch", ["header.code0"]), ("text-offset", ["header.text_offset"]),
        ("other-image-size", ["header.image_size"]), ("header-flags", ["header.flags"]),
        ("header-magic", ["header.magic"]), ("a-pe-header", ["header.res5"]),
        ("three-fields", ["header.text_offset", "header.res2", "header.res4"]),
      ]
    try await expectRefusals(
      rows.map { Refusal($0.0, ["show", $0.0], reasons: $0.1) }, golden: "bad-elf.txt", in: folder)
    let before = try folder.snapshot()
    for (name, because) in rows {
      let shown = try await folder.purgatory(["show", name])
      let patched = try await folder.purgatory(["patch", name, "--messages", "failures"])
      let row = Refusal(name, [], reasons: because)
      #expect(try faults(of: patched, exitCode: 1, row: row, before: before, after: folder.snapshot()) == [])
      #expect(patched.error == shown.error)
      #expect(!shown.error.utf8.contains(0x1b), "a file's bytes reach the terminal")
    }
  }

  /// What no linker makes: bytes of a good file, changed.
  private func addByteEdits() async throws {
    let good = try await CraftedELF().make(in: folder)
    let info = loadRange(ofELF: good).lowerBound + Info.offset
    try folder.write(overwriting(good, info, [0]), to: "other-magic")
    try folder.write(overwriting(good, info + Field.size, [0x88, 3]), to: "other-size")
    try folder.write(overwriting(good, info + Field.flags, [0, 8]), to: "unknown-flag")
    let header = info - Info.offset
    for (offset, bytes, name) in [
      (0x00, [0, 0, 0, 0], "no-branch"), (0x0a, [8], "text-offset"), (0x10, [8], "other-image-size"),
      (0x18, [0x0b], "header-flags"), (0x38, [0], "header-magic"), (0x3c, [0x40], "a-pe-header"),
    ] as [(Int, [UInt8], String)] {
      try folder.write(overwriting(good, header + offset, bytes), to: name)
    }
    try folder.write(
      [0x08, 0x20, 0x30].reduce(good) { overwriting($0, header + $1, [1]) }, to: "three-fields")
    try folder.write(
      overwriting(good, try symbolValue(of: "purgatory_info", in: good), [0x38]), to: "info-at-another-offset"
    )
    // The first section is 2^17 further up than the segment that has its bytes.
    let sections = Int(clamping: integer(good, 0x28) as UInt64)
    try folder.write(overwriting(good, sections + 64 + 0x12, [2]), to: "a-section-elsewhere")
    // A symbol's name of the same length, made the struct's own; its address, the last there is.
    let twin = try await CraftedELF(more: ".global purgatory_inf0\npurgatory_inf0: nop").make(in: folder)
    let name = Array("purgatory_inf0".utf8)
    let start = try #require(twin.firstRange(of: name)).lowerBound
    try folder.write(overwriting(twin, start + name.count - 1, Array("o".utf8)), to: "two-infos")
    try folder.write(
      overwriting(
        good, try symbolValue(of: "purgatory_info", in: good), [0xf8] + [UInt8](repeating: 0xff, count: 7)),
      to: "info-at-the-end-of-memory")
  }

  /// Where the value of a symbol is in the file.
  private func symbolValue(of name: String, in elf: [UInt8]) throws -> Int {
    let sections = Int(clamping: integer(elf, 0x28) as UInt64)
    func field(_ section: Int, _ offset: Int) -> Int {
      Int(clamping: integer(elf, sections + 64 * section + offset) as UInt64)
    }
    let count = Int(integer(elf, 0x3c, as: UInt16.self))
    let table = try #require(
      (0..<count).first { integer(elf, sections + 64 * $0 + 4, as: UInt32.self) == 2 })
    let names = field(Int(integer(elf, sections + 64 * table + 40, as: UInt32.self)), 24)
    let entries = stride(from: field(table, 24), to: field(table, 24) + field(table, 32), by: 24)
    let symbol = try #require(
      entries.first { entry in
        let start = names + Int(integer(elf, entry, as: UInt32.self))
        return elf[start...].starts(with: name.utf8 + [0])
      })
    return symbol + 8
  }

  /// The file that the others are spoilt from is a purgatory; so is one with the spoilt parts' harmless forms.
  @Test func theUnspoiltFileIsAccepted() async throws {
    try folder.write(try await CraftedELF().make(in: folder), to: "good")
    let outcome = try await folder.done(["show", "good"])
    #expect(outcome.text.contains("  load size     980 bytes\n"))
    var more = CraftedELF()
    more.more = ".skip 7000\n.global other\n.type other, %object\nother: adr x0, purgatory_info"
    try folder.write(try await more.make(in: folder), to: "more")
    let patched = try await folder.done(["patch", "more", "--messages", "failures"])
    #expect(patched.error.hasPrefix("more: "))
  }
}

extension CraftedELF {
  /// A source for any machine.
  static let foreign =
    ".section .head, \"ax\"\n.global purgatory_start\npurgatory_start: nop\n.fill 64, 1, 1\n"

  /// A source whose struct is in another place.
  static func moved(_ place: String) -> String {
    """
    .section .head, "awx", %progbits
    .global purgatory_start, purgatory_info
    purgatory_start: b purgatory_start
    .org 0x3d0
    \(place)
    .type purgatory_info, %object
    .size purgatory_info, 0x390
    purgatory_info: .skip 0x390

    """
  }
}
