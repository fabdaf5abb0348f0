// DynamicTable.swift — where in the file the dynamic table's addresses point
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// A `DT_*` value that this module reads.
struct DynamicTag {
  let value: Int64
  let name: String

  init(_ value: Int32, _ name: String) {
    self.value = Int64(value)
    self.name = name
  }

  static let hash = Self(DT_HASH, "DT_HASH")
  static let gnuHash = Self(DT_GNU_HASH, "DT_GNU_HASH")
  static let strings = Self(DT_STRTAB, "DT_STRTAB")
  static let stringsSize = Self(DT_STRSZ, "DT_STRSZ")
  static let symbols = Self(DT_SYMTAB, "DT_SYMTAB")
  static let symbolSize = Self(DT_SYMENT, "DT_SYMENT")
}

/// The dynamic table, as far as its tags may appear only once.
struct DynamicTable {
  let entries: [DynamicEntry]

  /// The value of `tag`; nil when the table does not have it.
  subscript(tag: DynamicTag) -> UInt64? {
    get throws(ELFError) {
      let values = entries.filter { $0.tag == tag.value }
      try check(values.count <= 1, tag.name, found: "a second \(tag.name)", expected: "at most one")
      return values.first?.value
    }
  }
}

extension ELFFile {
  /// The bytes of the table at the address that `tag` gives, whose size in bytes `size` gives; nil when there is
  /// no such table, or nothing in it.
  func range(
    of tag: DynamicTag, size: DynamicTag, in dynamic: DynamicTable
  ) throws(ELFError) -> Range<Int>? {
    let byteCount = try dynamic[size]
    guard let address = try dynamic[tag] else {
      try check(
        byteCount ?? 0 == 0, size.name, found: "\(hex(byteCount ?? 0)) bytes", expected: "\(tag.name) too")
      return nil
    }
    guard let byteCount else {
      throw ELFError(place: tag.name, found: "address \(hex(address))", expected: "\(size.name) too")
    }
    guard byteCount > 0 else { return nil }
    guard let range = fileRange(ofVirtualAddress: address, size: byteCount) else {
      throw ELFError(
        place: tag.name, found: "\(hex(byteCount)) bytes at address \(hex(address))",
        expected: "bytes of the file that one PT_LOAD loads")
    }
    return range
  }

  /// The bytes from the address that `tag` gives to the end of its segment, for a table that tells its own size;
  /// nil when there is no such table.
  func rest(from tag: DynamicTag, in dynamic: DynamicTable) throws(ELFError) -> Range<Int>? {
    guard let address = try dynamic[tag] else { return nil }
    let segment = segments.first { segment in
      segment.type == .load && address >= segment.virtualAddress
        && address &- segment.virtualAddress < segment.fileSize
    }
    guard let segment, let start = fileRange(ofVirtualAddress: address, size: 1)?.lowerBound else {
      throw ELFError(
        place: tag.name, found: "address \(hex(address))",
        expected: "bytes of the file that one PT_LOAD loads")
    }
    return start..<segment.fileRange.upperBound
  }
}
