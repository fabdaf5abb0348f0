// CraftedELF.swift — ELF files that are almost a purgatory, made by clang and ld.lld
// SPDX-License-Identifier: MIT

import TestSupport

/// A source and a linker script of a purgatory without code; tests spoil one thing of them.
struct CraftedELF {
  var target = "aarch64-none-elf"
  /// Whether it is linked.
  var isLinked = true
  var options = ["-pie", "--no-dynamic-linker"]
  var infoType = "%object"
  var infoSize = "0x390"
  var version = 2
  /// Bytes of memory, of the segment; what the struct and the Image header say of it, if that differs.
  var memory = "0x4000"
  var memorySize: String?
  /// More assembly.
  var more = ""
  var programHeaders = "load PT_LOAD FLAGS(7);"
  var base = "0"
  var entry = "purgatory_start"
  /// The segment of the code.
  var text = ":load"
  /// More output sections, and what the script discards.
  var sections = ""
  var discarded = "*(.dynamic .dynsym .dynstr .hash .gnu.hash .interp)"
  /// The whole source, for another machine, or for the struct in another place.
  var source: String?

  private var assembly: String {
    source ?? """
      .section .head, "awx", %progbits
      .global purgatory_start, purgatory_info
      purgatory_start: .inst 0x140000f4  // b purgatory_start + 0x3d0, without a relocation
      .org 0x10
      .quad \(memorySize ?? memory), 0xa
      .org 0x38
      .ascii "ARM\\x64"
      .org 0x40
      .type purgatory_info, \(infoType)
      .size purgatory_info, \(infoSize)
      purgatory_info: .ascii "PURGINFO"
      .long \(version), 0x390
      .org 0x78
      .quad \(memorySize ?? memory)
      .org 0x3d0
      .text
      .global code
      code: nop
      \(more)

      """
  }

  private var script: String {
    """
    PHDRS { \(programHeaders) }
    SECTIONS
    {
      . = \(base);
      .head : { *(.head) } :load
      .text : { *(.text) } \(text)
      \(sections)
      .scratch (NOLOAD) : { *(.scratch) . = . + MAX(ABSOLUTE(.), \(base) + \(memory)) - ABSOLUTE(.); } :load
      /DISCARD/ : { \(discarded) }
    }
    ENTRY(\(entry))

    """
  }

  func make(in folder: Folder) async throws -> [UInt8] {
    try folder.write(assembly, to: "tmp/x.S")
    try folder.write(script, to: "tmp/x.lds")
    let work = "\(folder.path)/tmp"
    try await Command.tool("clang", ["--target=\(target)", "-c", "x.S", "-o", "x.o"], in: work)
    if isLinked {
      try await Command.tool("ld.lld", options + ["-T", "x.lds", "x.o", "-o", "x.elf"], in: work)
    }
    return try folder.read(isLinked ? "tmp/x.elf" : "tmp/x.o")
  }
}
