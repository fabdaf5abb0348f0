// RuleRows+Position.swift — the rules that make a file run wherever its bytes are copied
// SPDX-License-Identifier: MIT

extension RuleRow {
  private static let relaDyn = ".rela.dyn : { *(.rela .rela.*) } :load"

  static let positionRows = [
    RuleRow(
      .dynamicRelocation, "an address in the text",
      bad: {
        $0.more = ".balign 8\npointer: .quad purgatory_info"
        $0.options += ["-z", "notext"]
        $0.sections = relaDyn
      },
      findings: [
        "dynamic-relocation: .rela.dyn: .text+0x8: R_AARCH64_RELATIVE to purgatory_info, expected none"
      ],
      good: {
        $0.more = ".balign 8\npointer: .quad purgatory_info - ."
        $0.options += ["-z", "notext"]
        $0.sections = relaDyn
      }),
    RuleRow(
      .dynamicRelocation, "a literal pool", tools: [.llvm],
      bad: {
        $0.more = "ldr x0, =code\n.ltorg"
        $0.options += ["-z", "notext"]
        $0.sections = relaDyn
      },
      findings: ["dynamic-relocation: .rela.dyn: .text+0x8: R_AARCH64_RELATIVE to code, expected none"],
      good: {
        $0.more = "ldr x0, =0x123456789\n.ltorg"
        $0.options += ["-z", "notext"]
        $0.sections = relaDyn
      }),
    RuleRow(
      .dynamicRelocation, "a packed one", tools: [.llvm],
      bad: {
        $0.more = ".balign 8\n.quad code, code"
        $0.options += ["-z", "notext", "-z", "pack-relative-relocs"]
        $0.sections = ".relr.dyn : { *(.relr.dyn) } :load"
      },
      findings: [
        "dynamic-relocation: .relr.dyn: .text+0x8: R_AARCH64_RELATIVE to code, expected none",
        "dynamic-relocation: .relr.dyn: .text+0x10: R_AARCH64_RELATIVE to code, expected none",
      ],
      good: { $0.options += ["-z", "pack-relative-relocs"] }),
    RuleRow(
      .dynamicSection, "PT_DYNAMIC", tools: [.llvm],
      bad: {
        $0.programHeaders += " dynamic PT_DYNAMIC FLAGS(4);"
        $0.discarded = "*(.interp)"
        $0.sections = """
          .dynsym : { *(.dynsym) } :load .dynstr : { *(.dynstr) } :load .gnu.hash : { *(.gnu.hash) } :load
          .hash : { *(.hash) } :load .dynamic : { *(.dynamic) } :load :dynamic
          """
      },
      findings: [
        "dynamic-section: program header 1: PT_DYNAMIC, expected nothing for a dynamic loader",
        "dynamic-section: .dynsym: 24 bytes at 0x400, expected nothing for a dynamic loader",
        "dynamic-section: .gnu.hash: 28 bytes at 0x420, expected nothing for a dynamic loader",
        "dynamic-section: .hash: 16 bytes at 0x43c, expected nothing for a dynamic loader",
        "dynamic-section: .dynamic: 144 bytes at 0x450, expected nothing for a dynamic loader",
      ],
      good: { $0.programHeaders += " note PT_NOTE FLAGS(4); stack PT_GNU_STACK FLAGS(6);" }),
    RuleRow(
      .dynamicSection, "PT_INTERP",
      bad: {
        $0.programHeaders += " asks PT_INTERP FLAGS(4);"
        $0.more = ".section .asks, \"a\"\n.asciz \"/lib/ld.so\""
        $0.sections = ".asks : { *(.asks) } :load :asks"
      },
      findings: ["dynamic-section: program header 1: PT_INTERP, expected nothing for a dynamic loader"],
      good: {
        $0.more = ".section .asks, \"a\"\n.asciz \"/lib/ld.so\""
        $0.sections = ".asks : { *(.asks) } :load"
      }),
    RuleRow(
      .gotOrPLT, "a loaded GOT", tools: [.llvm],
      bad: {
        $0.more = "adrp x0, :got:code\nldr x1, [x0, :got_lo12:code]"
        $0.options += ["--no-relax", "-z", "notext"]
        $0.sections = ".got : { *(.got) } :load \(relaDyn)"
      },
      findings: [
        "dynamic-relocation: .rela.dyn: .got+0x0: R_AARCH64_RELATIVE to code, expected none",
        "got-or-plt: .got: 8 bytes at 0x408, expected an empty one",
      ],
      good: {
        $0.more = "adrp x0, code\nadd x1, x0, :lo12:code"
        $0.sections = ".got : { *(.got) } :load \(relaDyn)"
      }),
    RuleRow(
      .gotOrPLT, "GNU ld's own GOT", tools: [.gnu],
      bad: { $0.sections = ".got : { *(.got .got.plt) } :load" },
      findings: ["got-or-plt: .got: 32 bytes at 0x400, expected an empty one"],
      good: { $0.unloaded = ".other 0 (INFO) : { *(.got .got.plt) }" }),
    RuleRow(
      .undefinedSymbol, "a weak one", tools: [.llvm], bad: { $0.more = ".weak missing\nbl missing" },
      findings: ["undefined-symbol: missing: undefined weak symbol, expected a definition in this file"],
      good: { $0.more = ".weak present\nbl present\npresent: nop" }),
    RuleRow(
      .undefinedSymbol, "one that is let through", tools: [.llvm],
      bad: {
        $0.more = "bl missing"
        $0.options += ["--unresolved-symbols=ignore-all"]
      },
      findings: ["undefined-symbol: missing: undefined symbol, expected a definition in this file"],
      good: {
        $0.more = "bl missing"
        $0.options += ["--defsym=missing=purgatory_start"]
      }),
    // GNU ld leaves undefined weak symbols out of what it links: its objects still have them.
    RuleRow(
      .undefinedSymbol, "of an object",
      bad: {
        $0.more = ".weak missing\nbl missing"
        $0.isLinked = false
      },
      findings: [
        "dynamic-relocation: .text+0x4: R_AARCH64_CALL26 against missing "
          + "(a link resolves it where the symbol is defined), expected none",
        "undefined-symbol: missing: undefined weak symbol, expected a definition in this file",
        "load-segment: ELF header: a relocatable object, expected a linked file with one PT_LOAD",
      ],
      good: { $0.more = ".weak present\nbl present\npresent: nop" }),
    RuleRow(
      .absoluteAddress, "one that a linker baked in", profile: .pie,
      bad: {
        $0.more = ".balign 8\npointer: .quad code"
        $0.options = ["--emit-relocs"]
      },
      findings: [
        "absolute-address: .text+0x8: R_AARCH64_ABS64 against code, baked in, expected no absolute address"
      ],
      good: {
        $0.more = ".balign 8\n.quad constant\nadr x0, code"
        $0.symbols = "constant = 0x12345678;"
        $0.options = ["--emit-relocs"]
      }),
    RuleRow(
      .absoluteAddress, "one that no relocation tells of", profile: .pie,
      bad: {
        $0.more = ".balign 8\npointer: .quad code"
        $0.options = []
        $0.base = "0x40080000"
      },
      findings: [
        "absolute-address: .text+0x8: 0x400803d0, the address of code, expected no absolute address"
      ],
      good: {
        $0.more = ".balign 8\npointer: .quad code - ."
        $0.options = []
        $0.base = "0x40080000"
      }),
    RuleRow(
      .threadLocal, "a variable", profile: .pie,
      bad: {
        $0.programHeaders += " local PT_TLS;"
        $0.more = ".section .tdata, \"awT\", %progbits\n.quad 1"
        $0.sections = ".tdata : { *(.tdata) } :load :local"
      },
      findings: ["thread-local: .tdata: 8 bytes at 0x400, expected nothing thread-local"],
      good: {
        $0.more = ".section .other, \"aw\", %progbits\n.quad 1"
        $0.sections = ".other : { *(.other) } :load"
      }),
    RuleRow(
      .threadLocal, "a segment of nothing that is", profile: .pie,
      bad: {
        $0.programHeaders += " local PT_NOTE;"
        $0.edit = { $0[$0.segment(1), UInt32.self] = 7 }
      },
      findings: ["thread-local: program header 1: PT_TLS, expected nothing thread-local"]),
    RuleRow(
      .flatLayout, "page-relative code off its page", profile: .pie,
      bad: {
        $0.more = "adrp x0, code\nldr x0, [x0, :lo12:code]"
        $0.base = "0x40"
      },
      findings: [
        "flat-layout: .head: the first byte at 0x40, and page-relative code at .text+0x4, "
          + "expected a multiple of 4 KiB"
      ],
      good: {
        $0.more = "adr x0, code"
        $0.base = "0x40"
      }),
    RuleRow(
      .flatLayout, "loaded elsewhere", profile: .pie,
      bad: {
        $0.programHeaders += " more PT_LOAD FLAGS(5);"
        $0.more = ".section .other, \"a\", %progbits\n.quad 1"
        $0.sections = ".other 0x20000 : AT(0x8000) { *(.other) } :more"
        $0.scratch = ":more"
        $0.memory = 0x21000
      },
      findings: [
        "flat-layout: program header 1: loaded at 0x8000 to run at 0x20000, "
          + "expected as far apart as the segment before it, 0x0 and 0x0"
      ],
      good: {
        $0.programHeaders += " more PT_LOAD FLAGS(5);"
        $0.more = ".section .other, \"a\", %progbits\n.quad 1"
        $0.sections = ".other 0x20000 : { *(.other) } :more"
        $0.scratch = ":more"
        $0.memory = 0x21000
      }),
  ]
}
