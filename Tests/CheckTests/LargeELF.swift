// LargeELF.swift — ELF files with very many of something, written without tools
// SPDX-License-Identifier: MIT

/// A little-endian 64-bit file for AArch64.
struct LargeELF {
  struct Section {
    var type: UInt32 = 1
    var flags: UInt64 = 0
    var address: UInt64 = 0
    var bytes: [UInt8] = []
    var link = 0
    var info = 0
    var entrySize = 0
  }

  /// ET_DYN; 1 is ET_REL.
  var type: UInt16 = 3
  /// Number 0 is there by itself.
  var sections: [Section] = []
  /// One PT_LOAD of so many bytes for each, of the file from its start on, one after the other.
  var segmentSizes: [Int] = []
  /// Sections are in the file in the opposite order.
  var isReversed = false

  static let base: UInt64 = 0x10_0000

  /// Adds a symbol table of `symbols`, and its strings; returns its number.
  mutating func add(symbols: [Symbol]) -> Int {
    var strings: [UInt8] = [0]
    var table = [UInt8](repeating: 0, count: 24)
    for symbol in symbols {
      table += little(UInt64(strings.count), 4)
      table += [symbol.info, 0] + little(UInt64(symbol.section), 2)
      table += little(symbol.value, 8) + little(symbol.size, 8)
      strings += Array(symbol.name.utf8) + [0]
    }
    sections.append(Section(type: 3, bytes: strings))
    sections.append(Section(type: 2, bytes: table, link: sections.count, entrySize: 24))
    return sections.count
  }

  struct Symbol {
    var name: String
    var value: UInt64 = 0
    var size: UInt64 = 0
    /// 0x12: a global function; 0x02 a local one; 0x04 a file.
    var info: UInt8 = 0x12
    var section = 0
  }

  static func rela(_ offset: UInt64, symbol: Int, type: UInt64, addend: UInt64 = 0) -> [UInt8] {
    little(offset, 8) + little(UInt64(symbol) << 32 | type, 8) + little(addend, 8)
  }

  var bytes: [UInt8] {
    let first = 64 + segmentSizes.count * 56
    var contents: [UInt8] = []
    var offsets = [Int](repeating: 0, count: sections.count)
    for index in isReversed ? Array(sections.indices.reversed()) : Array(sections.indices) {
      offsets[index] = first + contents.count
      contents += sections[index].bytes
      // What has a neighbour is not its own.
      contents += [UInt8](repeating: 0, count: 8)
    }
    let headers = first + contents.count
    let count = sections.count + 1
    let isLong = count >= 0xff00
    let manySegments = segmentSizes.count >= 0xffff
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    file += little(UInt64(type), 2) + little(183, 2) + little(1, 4) + little(0, 8)
    file += little(segmentSizes.isEmpty ? 0 : 64, 8) + little(UInt64(headers), 8) + little(0, 4)
    file += little(64, 2) + little(56, 2) + little(UInt64(manySegments ? 0xffff : segmentSizes.count), 2)
    file += little(64, 2) + little(UInt64(isLong ? 0 : count), 2) + little(0, 2)
    var offset = 0
    for size in segmentSizes {
      file += little(1, 4) + little(7, 4) + little(UInt64(offset), 8)
      file += little(Self.base + UInt64(offset), 8) + little(Self.base + UInt64(offset), 8)
      file += little(UInt64(size), 8) + little(UInt64(size), 8) + little(1, 8)
      offset += size
    }
    file += contents
    // Of section 0, size and info are the counts that do not fit.
    file += [UInt8](repeating: 0, count: 32) + little(isLong ? UInt64(count) : 0, 8)
    file += little(0, 4) + little(manySegments ? UInt64(segmentSizes.count) : 0, 4)
    file += [UInt8](repeating: 0, count: 16)
    for (section, offset) in zip(sections, offsets) {
      file += little(0, 4) + little(UInt64(section.type), 4) + little(section.flags, 8)
      file += little(section.flags & 2 != 0 ? Self.base + UInt64(offset) : 0, 8)
      file += little(UInt64(offset), 8) + little(UInt64(section.bytes.count), 8)
      file += little(UInt64(section.link), 4) + little(UInt64(section.info), 4) + little(1, 8)
      file += little(UInt64(section.entrySize), 8)
    }
    return file
  }

  /// Where the first section is, as an address.
  var firstAddress: UInt64 { Self.base + 64 + UInt64(segmentSizes.count) * 56 }
}

private func little(_ value: UInt64, _ size: Int) -> [UInt8] {
  (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
