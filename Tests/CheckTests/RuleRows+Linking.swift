// RuleRows+Linking.swift — the rules about segments, the entry, the machine and the file's form
// SPDX-License-Identifier: MIT

extension RuleRow {
  static let linkingRows = [
    RuleRow(
      .loadSegment, "two",
      bad: {
        $0.programHeaders += " more PT_LOAD FLAGS(5);"
        $0.text = ":more"
      },
      findings: ["load-segment: program headers: 2 PT_LOAD segments, expected exactly one"],
      good: {
        $0.programHeaders += " more PT_NOTE FLAGS(5);"
      }),
    RuleRow(
      .loadSegment, "a base off the page", tools: [.llvm], bad: { $0.base = "0x800" },
      findings: ["load-segment: PT_LOAD: base 0x800, expected a multiple of 4 KiB"],
      good: { $0.base = "0x3000" }),
    RuleRow(
      .loadSegment, "a byte over budget",
      bad: {
        $0.more = ".skip 8192 - 0x3d0 - 4 - 40 + 1"
        $0.memory = 0x4000
      },
      findings: ["load-segment: PT_LOAD: 8200 loadable bytes, expected at most 8192"],
      good: {
        $0.more = ".skip 8192 - 0x3d0 - 4 - 40"
        $0.memory = 0x4000
      }),
    RuleRow(
      .loadSegment, "memory over budget",
      bad: { $0.memory = 0x40001 },
      findings: [
        "load-segment: PT_LOAD: 0x40001 bytes of memory, expected at most 0x40000",
        "info-symbol: purgatory_info.memory_size: 0x40001, expected from the 1024 loadable bytes to 0x40000",
      ],
      good: { $0.memory = 0x40000 }),
    RuleRow(
      .loadSegment, "an object", bad: { $0.isLinked = false },
      findings: ["load-segment: ELF header: a relocatable object, expected a linked file with one PT_LOAD"]),
    RuleRow(
      .loadSegment, "bytes that no segment loads",
      bad: { $0.edit = { $0[$0.segment(0) + 0x20, UInt64.self] -= 8 } },
      findings: [
        "load-segment: .end: allocated bytes outside the PT_LOAD, expected all of them in its file bytes"
      ]),
    RuleRow(
      .loadSegment, "a file of another kind", bad: { $0.edit = { $0[0x10, UInt16.self] = 4 } },
      findings: ["load-segment: ELF header: a file of ET_CORE, expected a linked file, ET_DYN or ET_EXEC"]),
    RuleRow(
      .loadSegment, "bytes of no section",
      bad: { $0.edit = { $0[$0.section(".end") + 8, UInt64.self] = 0 } },
      findings: [
        "load-segment: PT_LOAD+0x3f8: bytes that are of no section, which objcopy leaves out, "
          + "expected all of them in sections"
      ]),
    RuleRow(
      .loadSegment, "bytes where a section has none",
      bad: { $0.edit = { $0[$0.section(".end") + 4, UInt32.self] = 8 } },
      findings: [
        "load-segment: PT_LOAD+0x3f8: bytes that are of no section, which objcopy leaves out, "
          + "expected all of them in sections"
      ]),
    RuleRow(
      .entry, "another symbol", tools: [.llvm], bad: { $0.entry = "code" },
      findings: ["entry: ELF header: entry point 0x3d0, expected the first byte, 0x0"],
      good: { $0.base = "0x1000" }),
    RuleRow(
      .entry, "no permission", bad: { $0.programHeaders = "load PT_LOAD FLAGS(6);" },
      findings: ["entry: PT_LOAD: a segment that is not executable, expected PF_X"],
      good: { $0.programHeaders = "load PT_LOAD FLAGS(1);" }),
    RuleRow(
      .wrongMachine, "the other byte order", tools: [.llvm],
      bad: {
        $0.target = "aarch64_be-none-elf"
        $0.source = ".global purgatory_start\npurgatory_start: nop\n"
      },
      findings: [
        "wrong-machine: ELF header: 64-bit big-endian AArch64, expected 64-bit little-endian AArch64"
      ]),
    RuleRow(
      .wrongMachine, "another machine", bad: { $0.edit = { $0[0x12, UInt16.self] = 62 } },
      findings: [
        "wrong-machine: ELF header: 64-bit little-endian x86-64, expected 64-bit little-endian AArch64"
      ],
      good: { $0.edit = { $0[0x12, UInt16.self] = 183 } }),
    RuleRow(
      .malformedELF, "section headers without a size", bad: { $0.edit = { $0[0x3a, UInt16.self] = 0 } },
      findings: ["malformed-elf: section header table: entry size 0x0, expected 0x40"],
      good: { $0.edit = { $0[0x3a, UInt16.self] = 64 } }),
    RuleRow(
      .malformedELF, "more in the file than in memory",
      bad: { $0.edit = { $0[$0.segment(0) + 0x28, UInt64.self] = 0x3ff } },
      findings: [
        "malformed-elf: program header 0: 0x400 bytes in the file, expected no more than in memory, 0x3ff"
      ],
      good: {
        $0.memory = 0x400
        $0.edit = { $0[$0.segment(0) + 0x28, UInt64.self] = 0x400 }
      }),
  ]
}
