// DynamicEntry.swift — the dynamic section: what the file asks of a dynamic loader
// SPDX-License-Identifier: MIT

internal import CLibELF

/// An entry of the dynamic section (gABI, "Dynamic Section").
public struct DynamicEntry: Equatable, Sendable {
  /// `d_tag`, a `DT_*` value.
  public let tag: Int64
  /// `d_un`: a number or a virtual address, as `tag` says.
  public let value: UInt64
}

extension ELFFile {
  /// The entries up to `DT_NULL` of the `PT_DYNAMIC` segment, of the `SHT_DYNAMIC` section when there is none.
  /// Empty without either.
  ///
  /// Throws an ``ELFError`` for a second `PT_DYNAMIC` and for a table that is not of whole entries.
  public func dynamicEntries() throws(ELFError) -> [DynamicEntry] {
    let dynamic = segments.indices.filter { segments[$0].type == .dynamic }
    try check(
      dynamic.count <= 1, "program header \(dynamic[1])", found: "a second PT_DYNAMIC",
      expected: "at most one")
    let table: (range: Range<Int>, place: String)
    if let index = dynamic.first {
      table = (segments[index].fileRange, "program header \(index)")
    } else if let section = sections.first(where: { $0.type == .dynamic }) {
      table = (section.fileRange, section.place)
    } else {
      return []
    }
    return try libelf.entries(
      ELF_T_DYN, in: table.range, place: table.place, blank: GElf_Dyn(), read: gelf_getdyn
    )
    .prefix { $0.d_tag != DT_NULL }
    .map { DynamicEntry(tag: $0.d_tag, value: $0.d_un.d_val) }
  }
}
