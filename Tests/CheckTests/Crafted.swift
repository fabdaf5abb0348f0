// Crafted.swift — a purgatory without code, right in everything; tests spoil one thing of it
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryKit
import TestSupport
import Testing

struct Crafted: Sendable {
  /// Quads of the struct, by offset (docs/abi.md); `memory_size` is that of the segment, unless it is here.
  var fields: [Int: UInt64] = [:]
  /// Bytes of memory, of the segment.
  var memory: UInt64 = 0x1000
  var version = 2
  var infoType = "%object"
  var infoSize = "0x390"
  /// More assembly, in .text.
  var more = ""
  var programHeaders = "load PT_LOAD FLAGS(7);"
  var base = "0"
  var entry = "purgatory_start"
  /// The segment of the code.
  var text = ":load"
  /// The segment of the scratch.
  var scratch = ":load"
  /// More output sections.
  var sections = ""
  /// Those that are not loaded.
  var unloaded = ""
  var discarded = Crafted.dynamicTables
  /// More of the script, outside of SECTIONS.
  var symbols = ""
  var options = ["-pie", "--no-dynamic-linker"]
  var target = "aarch64-none-elf"
  var isLinked = true
  /// The whole source, for what cannot be had by a change of it.
  var source: String?
  /// Whether it has the seal of a build.
  var isSealed = false
  /// What no linker makes.
  var edit: @Sendable (inout Image) -> Void = { _ in }

  static let dynamicTables = "*(.dynamic .dynsym .dynstr .hash .gnu.hash .gnu.version* .interp)"

  init(_ spoil: (inout Crafted) -> Void = { _ in }) { spoil(&self) }

  private var memorySize: UInt64 { fields[0x38] ?? memory }

  private var assembly: String {
    source ?? """
      .section .head, "awx", %progbits
      .global purgatory_start, purgatory_info
      purgatory_start: .inst 0x140000f4  // b purgatory_start + 0x3d0, without a relocation
      .org 0x10
      .quad \(memorySize), 0xa
      .org 0x38
      .ascii "ARM\\x64"
      .org 0x40
      .type purgatory_info, \(infoType)
      .size purgatory_info, \(infoSize)
      purgatory_info: .ascii "PURGINFO"
      .long \(version), 0x390
      \(fields.merging([0x38: memorySize]) { given, _ in given }.sorted { $0.key < $1.key }
        .map { ".org \(0x40 + $0.key)\n.quad \($0.value)" }.joined(separator: "\n"))
      .org 0x3d0
      .text
      .global code
      .type code, %function
      code: nop
      \(more)
      .section .end, "a", %progbits
      .balign 8
      .zero 32
      .ascii "PURGEND."
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
      .end : { *(.end) } :load
      \(sections)
      .scratch (NOLOAD) : { *(.scratch) . = . + MAX(ABSOLUTE(.), \(base) + \(memory)) - ABSOLUTE(.); } \(scratch)
      \(unloaded)
      .got 0 (INFO) : { *(.got .got.plt .igot .igot.plt) }
      /DISCARD/ : { \(discarded) }
    }
    ENTRY(\(entry))
    \(symbols)

    """
  }

  /// Makes the file `name` in `folder`; its bytes.
  @discardableResult
  func make(_ tools: Toolchain.Kind = .llvm, in folder: Folder, as name: String) async throws -> [UInt8] {
    let recipe = Recipe(
      source: assembly, script: script, options: options, target: target, isLinked: isLinked)
    var image = Image(bytes: try await recipe.make(tools, in: folder, as: name))
    edit(&image)
    if isSealed, let load = try ELFFile(image.bytes).segments.first(where: { $0.type == .load }) {
      let range = load.fileRange
      Seal.set(in: &image.bytes, at: range)
    }
    try folder.write(image.bytes, to: name)
    return image.bytes
  }

  /// Makes the flat file `name`: what `objcopy -O binary` would.
  func makeFlat(_ tools: Toolchain.Kind = .llvm, in folder: Folder, as name: String) async throws {
    let elf = try ELFFile(try await make(tools, in: folder, as: "\(name).elf"))
    let load = try #require(elf.segments.first { $0.type == .load })
    try folder.write(Array(elf.bytes[load.fileRange]), to: name)
  }
}
