// DynamicRelocationTags.swift — the dynamic table's entries about relocations
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// The entries of the dynamic table that together describe one table of relocations.
struct DynamicRelocationTags {
  let table: DynamicTag
  /// nil when the table tells its own size.
  var size: DynamicTag?
  /// nil when the format says it all.
  var entrySize: DynamicTag?
  let format: RelocationTable.Format
  var relativeType: UInt32?

  /// Those of the gABI, of Android (bionic's linker) and of LLVM (experimental: the number is to change).
  static let all = [
    Self(
      table: DynamicTag(DT_RELA, "DT_RELA"), size: DynamicTag(DT_RELASZ, "DT_RELASZ"),
      entrySize: DynamicTag(DT_RELAENT, "DT_RELAENT"), format: .rela),
    Self(
      table: DynamicTag(DT_REL, "DT_REL"), size: DynamicTag(DT_RELSZ, "DT_RELSZ"),
      entrySize: DynamicTag(DT_RELENT, "DT_RELENT"), format: .rel),
    Self(
      table: DynamicTag(DT_RELR, "DT_RELR"), size: DynamicTag(DT_RELRSZ, "DT_RELRSZ"),
      entrySize: DynamicTag(DT_RELRENT, "DT_RELRENT"), format: .relr),
    Self(
      table: DynamicTag(0x6000_000f, "DT_ANDROID_REL"), size: DynamicTag(0x6000_0010, "DT_ANDROID_RELSZ"),
      format: .androidRel),
    Self(
      table: DynamicTag(0x6000_0011, "DT_ANDROID_RELA"), size: DynamicTag(0x6000_0012, "DT_ANDROID_RELASZ"),
      format: .androidRela),
    Self(
      table: DynamicTag(0x6fff_e000, "DT_ANDROID_RELR"), size: DynamicTag(0x6fff_e001, "DT_ANDROID_RELRSZ"),
      entrySize: DynamicTag(0x6fff_e003, "DT_ANDROID_RELRENT"), format: .relr),
    Self(table: DynamicTag(0x4000_0026, "DT_CREL"), format: .crel),
  ]

  /// Of AArch64 only (PAuth ABI).
  static let authenticated = Self(
    table: DynamicTag(0x7000_0012, "DT_AARCH64_AUTH_RELR"),
    size: DynamicTag(0x7000_0011, "DT_AARCH64_AUTH_RELRSZ"),
    entrySize: DynamicTag(0x7000_0013, "DT_AARCH64_AUTH_RELRENT"), format: .relr,
    relativeType: RelocationTypes.authenticatedRelative)

  /// Those of the procedure linkage table, which are in the format that `DT_PLTREL` says.
  static func plt(_ format: RelocationTable.Format) -> Self {
    Self(table: .pltRelocations, size: .pltRelocationsSize, format: format)
  }
}

extension DynamicTag {
  static let pltRelocations = Self(DT_JMPREL, "DT_JMPREL")
  static let pltRelocationsSize = Self(DT_PLTRELSZ, "DT_PLTRELSZ")
  static let pltRelocationsKind = Self(DT_PLTREL, "DT_PLTREL")
}
