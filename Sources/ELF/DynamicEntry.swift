// DynamicEntry.swift — the dynamic table: what the file asks of a dynamic loader
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// An entry of the dynamic table (gABI, "Dynamic Section").
package struct DynamicEntry: Equatable, Sendable {
  /// `d_tag`, a `DT_*` value.
  package let tag: Int64
  /// `d_un`: a number or a virtual address, as `tag` says.
  package let value: UInt64
}

extension ELFFile {
  /// The entries before `DT_NULL` of the `PT_DYNAMIC` segment, of the `SHT_DYNAMIC` section when there is none.
  /// Empty without either.
  ///
  /// A loader goes by the segment's address, most other programs by its file offset, so they have to agree.
  ///
  /// Throws an ``ELFError`` for a second `PT_DYNAMIC`, for one whose address means other bytes of the file than
  /// its offset, and for a table that is not of whole entries or has no `DT_NULL`.
  package func dynamicEntries() throws(ELFError) -> [DynamicEntry] {
    guard let (range, place) = try dynamicTableRange() else { return [] }
    let entries = try libelf.entries(
      ELF_T_DYN, in: range, place: place, widen: GElf_Dyn.init)
    let end = entries.firstIndex { $0.d_tag == DT_NULL }
    try check(
      end != nil, place, found: "a dynamic table without DT_NULL", expected: "DT_NULL as its last entry")
    return entries[..<(end ?? 0)].map { DynamicEntry(tag: $0.d_tag, value: $0.d_un.d_val) }
  }

  private func dynamicTableRange() throws(ELFError) -> (Range<Int>, place: String)? {
    let dynamic = segments.indices.filter { segments[$0].type == .dynamic }
    try check(
      dynamic.count <= 1, "program header \(dynamic[1])", found: "a second PT_DYNAMIC",
      expected: "at most one")
    guard let index = dynamic.first else {
      guard let section = sections.first(where: { $0.type == .dynamic }) else { return nil }
      return (section.fileRange, section.place)
    }
    let segment = segments[index]
    let place = "program header \(index)"
    let loaded = fileRange(ofVirtualAddress: segment.virtualAddress, size: max(1, segment.fileSize))
    // A file of debug information has the program headers of the program, but not its bytes.
    if segment.fileSize == 0, loaded == nil { return nil }
    try check(
      segment.fileSize == 0 || loaded == segment.fileRange, place,
      found: "PT_DYNAMIC at address \(hex(segment.virtualAddress)) and offset \(hex(segment.fileOffset))",
      expected: "the same bytes by a PT_LOAD")
    return (segment.fileRange, place)
  }
}
