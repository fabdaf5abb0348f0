// RuleRows+Info.swift — the rule about struct purgatory_info
// SPDX-License-Identifier: MIT

extension RuleRow {
  static let infoRows = [
    RuleRow(
      .infoSymbol, "memory that nobody has given it",
      bad: { $0.edit = { $0[$0.symbol("purgatory_info") + 6, UInt16.self] = 0xfff2 } },
      findings: ["info-symbol: symbol table: no purgatory_info, expected exactly one"]),
    RuleRow(
      .infoSymbol, "none", bad: { $0.options.append("--strip-all") },
      findings: ["info-symbol: symbol table: no purgatory_info, expected exactly one"],
      good: { $0.options.append("--strip-debug") }),
    RuleRow(
      .infoSymbol, "two",
      bad: {
        $0.more = ".global purgatory_inf0\npurgatory_inf0: nop"
        $0.edit = { image in
          let name = Array("purgatory_inf0\0".utf8)
          guard let start = image.bytes.firstRange(of: name)?.lowerBound else { return }
          image.bytes[start + name.count - 2] = UInt8(ascii: "o")
        }
      },
      findings: ["info-symbol: symbol table: 2 purgatory_info, expected exactly one"],
      good: { $0.more = ".global purgatory_inf0\npurgatory_inf0: nop" }),
    RuleRow(
      .infoSymbol, "a function", bad: { $0.infoType = "%function" },
      findings: ["info-symbol: purgatory_info: a symbol of type 2, expected STT_OBJECT (1)"],
      good: { $0.infoType = "STT_OBJECT" }),
    RuleRow(
      .infoSymbol, "a byte too small", bad: { $0.infoSize = "0x38f" },
      findings: ["info-symbol: purgatory_info: 911 bytes, expected 912 bytes"], good: { $0.infoSize = "912" }),
    RuleRow(
      .infoSymbol, "off its alignment",
      bad: { $0.edit = { $0[$0.symbol("purgatory_info") + 8, UInt64.self] = 0x44 } },
      findings: [
        "info-symbol: purgatory_info: address 0x44, expected a multiple of 8",
        "info-symbol: purgatory_info: offset 0x44 of the loadable bytes, expected 0x40, behind the Image header",
      ]),
    RuleRow(
      .infoSymbol, "at another offset",
      bad: { $0.edit = { $0[$0.symbol("purgatory_info") + 8, UInt64.self] = 0x48 } },
      findings: [
        "info-symbol: purgatory_info: offset 0x48 of the loadable bytes, expected 0x40, behind the Image header"
      ],
      good: { $0.edit = { $0[$0.symbol("purgatory_info") + 8, UInt64.self] = 0x40 } }),
    RuleRow(
      .infoSymbol, "outside the file",
      bad: { $0.edit = { $0[$0.symbol("purgatory_info") + 8, UInt64.self] = 0x78 } },
      findings: [
        "info-symbol: purgatory_info: address 0x78, expected 912 bytes wholly in the file bytes of the PT_LOAD"
      ]),
    RuleRow(
      .infoSymbol, "a newer version", bad: { $0.version = 3 },
      findings: ["info-symbol: purgatory_info.version: 3, expected 2"],
      good: { $0.version = 2 }),
    RuleRow(
      .infoSymbol, "an entry between instructions", alsoFlat: true, bad: { $0.fields[0x10] = 0x4000_0002 },
      findings: ["info-symbol: kernel_entry: 0x40000002, expected a multiple of 4"],
      good: { $0.fields[0x10] = 0x4000_0004 }),
    RuleRow(
      .infoSymbol, "a result_addr off its alignment", alsoFlat: true, bad: { $0.fields[0x378] = 0x4000_0004 },
      findings: ["info-symbol: result_addr: 0x40000004, expected a multiple of 8"],
      good: { $0.fields[0x378] = 0x4000_0008 }),
    RuleRow(
      .infoSymbol, "a UART that no byte would leave by", alsoFlat: true,
      bad: { $0.fields = [0x28: 0x900_0000, 0x30: 4, 0x388: 0x10_0000_0008] },
      findings: ["info-symbol: console: ready 0x10, expected bits of mask, 0x8"],
      good: { $0.fields = [0x28: 0x900_0000, 0x30: 4, 0x388: 0x8_0000_0008] }),
    RuleRow(
      .infoSymbol, "a region off its alignment", alsoFlat: true,
      bad: { $0.fields = [0x40: 0x4000_0008, 0x48: 0x1000] },
      findings: ["info-symbol: region 0: base 0x40000008, expected a multiple of 16"],
      good: { $0.fields = [0x40: 0x4000_0010, 0x48: 0x1001] }),
    RuleRow(
      .infoSymbol, "a region that wraps", alsoFlat: true,
      bad: { $0.fields = [0x50: 0xffff_ffff_ffff_f000, 0x58: 0x1001] },
      findings: ["info-symbol: region 1: 0xfffffffffffff000 + 0x1001 bytes, expected an end below 2^64"],
      good: { $0.fields = [0x50: 0xffff_ffff_ffff_f000, 0x58: 0xfff] }),
    RuleRow(
      .infoSymbol, "less memory than bytes", bad: { $0.fields[0x38] = 0x3ff },
      findings: [
        "info-symbol: purgatory_info.memory_size: 0x3ff, expected from the 1024 loadable bytes to 0x40000"
      ],
      good: { $0.memory = 0x400 }),
    RuleRow(
      .infoSymbol, "another memory size than the segment's", bad: { $0.fields[0x38] = 0x1001 },
      findings: [
        "info-symbol: purgatory_info.memory_size: 0x1001, expected 0x1000, what the file takes in memory"
      ],
      good: { $0.memory = 0x1001 }),
    RuleRow(
      .infoSymbol, "a console's access that nobody knows", alsoFlat: true,
      bad: { $0.fields = [0x28: 0x900_0000, 0x30: 2] },
      findings: ["info-symbol: console: access 2, expected 1 or 4 bytes"],
      good: { $0.fields = [0x28: 0, 0x30: 2] }),
    RuleRow(
      .infoSymbol, "a console that wraps", alsoFlat: true,
      bad: { $0.fields = [0x28: 0xffff_ffff_ffff_fffc, 0x30: 4, 0x380: 4] },
      findings: [
        "info-symbol: console: described at 0xfffffffffffffffc with data at 0x4, expected an end below 2^64"
      ],
      good: { $0.fields = [0x28: 0xffff_ffff_ffff_fff0, 0x30: 4, 0x380: 8] }),
    RuleRow(
      .infoSymbol, "a console between registers", alsoFlat: true,
      bad: { $0.fields = [0x28: 0x900_0002, 0x30: 4, 0x380: 0x18_0000_0000, 0x388: 8] },
      findings: ["info-symbol: console: pl011 at 0x9000002, expected a multiple of 4"],
      good: { $0.fields = [0x28: 0x900_0002, 0x30: 1, 0x380: 0x18_0000_0000, 0x388: 8] }),
  ]
}
