// RuleRows+Contents.swift — the rules about what the struct is filled in with
// SPDX-License-Identifier: MIT

extension RuleRow {
  private static let kernelEntry = 0x10
  private static let dtbAddress = 0x18
  private static let flags = 0x20

  /// Regions as quads of the struct.
  private static func regions(_ regions: (base: UInt64, size: UInt64)...) -> [Int: UInt64] {
    regions.enumerated().reduce(into: [:]) { fields, region in
      fields[0x40 + 16 * region.offset] = region.element.base
      fields[0x48 + 16 * region.offset] = region.element.size
    }
  }

  static let contentsRows = [
    RuleRow(
      .overlap, "a shared byte", alsoFlat: true,
      bad: { $0.fields = regions((0x4000_0000, 0x1001), (0x4000_1000, 0x1000)) },
      findings: [
        "overlap: region 0: 0x40000000-0x40001001 overlaps region 1 at 0x40001000-0x40002000, "
          + "expected memory of its own"
      ],
      good: { $0.fields = regions((0x4000_0000, 0x1000), (0x4000_1000, 0x1000)) }),
    RuleRow(
      .overlap, "the purgatory's own memory", alsoFlat: true,
      bad: { $0.fields = regions((0xff0, 0x1000)).merging([flags: 4]) { $1 } },
      findings: [
        "overlap: region 0: 0xff0-0x1ff0 overlaps the purgatory at 0x0-0x1000, expected memory of its own"
      ],
      good: { $0.fields = regions((0x1000, 0x1000)).merging([flags: 4]) { $1 } }),
    RuleRow(
      .overlap, "from below, modulo 2^64", alsoFlat: true,
      bad: { $0.fields = regions((0xffff_ffff_ffff_f000, 0x1001)).merging([flags: 4]) { $1 } },
      findings: [
        "overlap: region 0: 0xfffffffffffff000-0x1 overlaps the purgatory at 0x0-0x1000, "
          + "expected memory of its own"
      ],
      good: { $0.fields = regions((0xffff_ffff_ffff_f000, 0x1000)).merging([flags: 4]) { $1 } }),
    RuleRow(
      .entryOutsideRegions, "the first byte behind", alsoFlat: true,
      bad: { $0.fields = regions((0x4000_0000, 0x1000)).merging([kernelEntry: 0x4000_1000]) { $1 } },
      findings: ["entry-outside-regions: kernel_entry: 0x40001000, expected an address in a region"],
      good: { $0.fields = regions((0x4000_0000, 0x1000)).merging([kernelEntry: 0x4000_0ffc]) { $1 } }),
    RuleRow(
      .dtb, "off its alignment", alsoFlat: true, bad: { $0.fields[dtbAddress] = 0x4000_0004 },
      findings: ["dtb: dtb_addr: 0x40000004, expected a multiple of 8"],
      good: { $0.fields[dtbAddress] = 0x4000_0008 }),
    RuleRow(
      .dtb, "a byte too large", alsoFlat: true,
      bad: { $0.fields = regions((0x4000_0000, 0x20_0001)).merging([dtbAddress: 0x4000_0000]) { $1 } },
      findings: ["dtb: region 0: a device tree of 2097153 bytes, expected at most 2 MiB"],
      good: { $0.fields = regions((0x4000_0000, 0x20_0000)).merging([dtbAddress: 0x4000_0000]) { $1 } }),
  ]
}
