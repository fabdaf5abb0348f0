// RuleRows+Header.swift — the rule about the Image header in front of the struct
// SPDX-License-Identifier: MIT

extension RuleRow {
  /// A value of a field of the header, what is found of it, and one that is right.
  private static func row(
    _ field: String, _ offset: Int, _ value: UInt64, found: String, good: UInt64
  ) -> RuleRow {
    func write(_ value: UInt64) -> @Sendable (inout Image) -> Void {
      { image in
        let start = image.content(".head") + offset
        if offset == 0 || offset == 0x3c {
          image[start, UInt32.self] = UInt32(truncatingIfNeeded: value)
        } else {
          image[start, UInt64.self] = value
        }
      }
    }
    return RuleRow(
      .malformedELF, "header.\(field) \(String(value, radix: 16))", alsoFlat: true,
      bad: { $0.edit = write(value) }, findings: ["malformed-elf: header.\(field): \(found)"],
      good: { $0.edit = write(good) })
  }

  private static let branch = "expected a branch to the code behind the struct"

  /// booting.rst, "Call the kernel image".
  static let headerRows = [
    row("code0", 0, 0xd503_201f, found: "0xd503201f, \(branch)", good: 0x1400_00f4),
    row("code0", 0, 0x1400_00f3, found: "0x140000f3, \(branch)", good: 0x1400_00f5),
    row("code0", 0, 0x1400_00f8, found: "0x140000f8, \(branch)", good: 0x1400_00f5),
    row("text_offset", 0x08, 0x8_0000, found: "0x80000, expected 0x0", good: 0),
    row(
      "image_size", 0x10, 0xfff, found: "0xfff, expected 0x1000, as memory_size has it", good: 0x1000),
    row(
      "image_size", 0x10, 0x1001, found: "0x1001, expected 0x1000, as memory_size has it", good: 0x1000),
    row("flags", 0x18, 0x0b, found: "0xb, expected 0x8 and a page size", good: 0x0e),
    row("flags", 0x18, 0x02, found: "0x2, expected 0x8 and a page size", good: 0x08),
    row("flags", 0x18, 0x1a, found: "0x1a, expected 0x8 and a page size", good: 0x0c),
    row("res2", 0x20, 1, found: "0x1, expected 0x0", good: 0),
    row("res3", 0x28, 1, found: "0x1, expected 0x0", good: 0),
    row("res4", 0x30, 1 << 63, found: "0x8000000000000000, expected 0x0", good: 0),
    row("res5", 0x3c, 0x40, found: "0x40, expected 0x0", good: 0),
  ]
}
