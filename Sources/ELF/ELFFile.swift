// ELFFile.swift — one ELF file, checked as it is opened
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

/// An ELF file, 32- or 64-bit, of either byte order (source: the ELF gABI).
///
/// Opening it checks everything that reading it depends on; what `init` accepts has its header tables, sections
/// and segments inside the file. Bad input is an ``ELFError``, never a crash.
package struct ELFFile: ~Copyable {
  /// The whole file.
  package let bytes: [UInt8]
  /// The ELF header.
  package let header: ELFHeader
  /// The section header table; `sections[i].index == i`, and number 0 is the reserved one. Empty when the file
  /// has no section headers.
  package let sections: [Section]
  /// The program header table, in file order.
  package let segments: [Segment]
  /// How many bytes of ``bytes`` the file takes: up to the last of its headers, sections and segments.
  package let extent: Int

  private let loads: LoadMap
  let libelf: LibELF

  /// Opens `bytes`, a whole file.
  ///
  /// Throws an ``ELFError`` unless the ELF header is valid, the header tables and all bytes of each section
  /// and segment lie in the file, no two sections share a byte, and every section name is a string.
  package init(_ bytes: [UInt8]) throws(ELFError) {
    try ELFHeader.checkIdentification(bytes)
    let libelf = try LibELF(bytes)
    let raw = try libelf.header()
    let header = try ELFHeader(raw, libelf: libelf)
    let sections = try Section.all(raw, libelf: libelf, bytes: bytes)
    let segments = try Segment.all(
      raw, extendedCount: sections.first?.info, libelf: libelf, bytes: bytes)
    self.bytes = bytes
    self.header = header
    self.sections = sections
    self.segments = segments
    self.libelf = libelf
    loads = LoadMap(segments)
    extent = max(
      Int(raw.e_ehsize),
      sections.isEmpty ? 0 : Int(clamping: raw.e_shoff) + sections.count * Int(raw.e_shentsize),
      segments.isEmpty ? 0 : Int(clamping: raw.e_phoff) + segments.count * Int(raw.e_phentsize),
      sections.map(\.fileRange.upperBound).max() ?? 0,
      segments.map(\.fileRange.upperBound).max() ?? 0)
  }

  /// Whether `bytes` begin as an ELF file does; the rest may still be malformed.
  package static func looksLikeELF(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46])
  }

  /// Where in the file the `size` bytes, at least one, at virtual address `address` come from.
  ///
  /// - Returns: nil unless one `PT_LOAD` segment has all of them in the file, and no other one is at the same
  ///   addresses: which of the two is then in memory is up to the loader.
  package func fileRange(ofVirtualAddress address: UInt64, size: UInt64) -> Range<Int>? {
    guard let addresses = Range(base: address, size: size), let index = loads.segment(of: addresses) else {
      return nil
    }
    let segment = segments[index]
    let start = address &- segment.virtualAddress
    guard start.plus(size).map({ $0 <= segment.fileSize }) ?? false else { return nil }
    let offset = segment.fileRange.lowerBound + Int(clamping: start)
    return Range(uncheckedBounds: (offset, offset + Int(clamping: size)))
  }
}
