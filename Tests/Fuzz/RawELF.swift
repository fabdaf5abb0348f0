// RawELF.swift — relocations and undefined symbols, counted by the bytes of section headers and dynamic table alone
// SPDX-License-Identifier: MIT

/// What `check` counts, counted without it: entries are kept as the places where they stand.
struct RawELF {
  struct Counts: Equatable {
    var dynamic = 0
    var `static` = 0
    var undefined = 0
  }

  private struct Section {
    let type, link: UInt32
    let flags: UInt64
    let offset, size: Int
  }

  /// Bytes that are relocations of one format.
  private struct Table {
    let format: TableFormat
    let offset, size: Int
    var isLoaded = false
  }

  /// Where an entry is, and what it is read as; a stream is where it begins.
  private struct Place: Hashable {
    let format: TableFormat
    let offset: Int
  }

  private let bytes: [UInt8]
  private let isWide, isLittle: Bool
  private let machine: UInt16
  private var sections: [Section] = []
  private var loads: [(address: UInt64, size: UInt64, offset: Int)] = []
  private var tags: [UInt64: UInt64] = [:]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    isWide = bytes.count > 5 && bytes[4] == 2
    isLittle = bytes.count > 5 && bytes[5] == 1
    machine = UInt16(truncatingIfNeeded: Self.number(bytes, 18, 2, isLittle))
    readSections()
    readSegments()
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int, _ isLittle: Bool) -> UInt64 {
    guard offset >= 0, offset <= bytes.count - size else { return 0 }
    let field = bytes[offset..<offset + size]
    return (isLittle ? Array(field.reversed()) : Array(field)).reduce(0) { $0 << 8 | UInt64($1) }
  }
  private func number(_ offset: Int, _ size: Int) -> UInt64 { Self.number(bytes, offset, size, isLittle) }
  private var word: Int { isWide ? 8 : 4 }
  private func native(_ offset: Int) -> UInt64 { number(offset, word) }
  private func int(_ value: UInt64) -> Int { Int(clamping: value) }

  private mutating func readSections() {
    let start = int(native(isWide ? 0x28 : 0x20))
    guard start > 0 else { return }
    let size = isWide ? 64 : 40
    var count = int(number(isWide ? 0x3c : 0x30, 2))
    if count == 0 { count = int(native(start + (isWide ? 0x20 : 0x14))) }
    for index in 0..<min(count, bytes.count / size) {
      let at = start + index * size
      sections.append(
        Section(
          type: UInt32(truncatingIfNeeded: number(at + 4, 4)),
          link: UInt32(truncatingIfNeeded: number(at + (isWide ? 0x28 : 0x18), 4)),
          flags: native(at + 8), offset: int(native(at + (isWide ? 0x18 : 0x10))),
          size: int(native(at + (isWide ? 0x20 : 0x14)))))
    }
  }

  private mutating func readSegments() {
    let start = int(native(isWide ? 0x20 : 0x1c))
    let size = isWide ? 56 : 32
    var count = int(number(isWide ? 0x38 : 0x2c, 2))
    // What does not fit is in section 0's sh_info.
    if count == 0xffff { count = int(number(int(native(isWide ? 0x28 : 0x20)) + (isWide ? 0x2c : 0x1c), 4)) }
    var dynamic: (offset: Int, size: Int)?
    for index in 0..<min(count, bytes.count / size) {
      let at = start + index * size
      let offset = int(native(at + (isWide ? 8 : 4)))
      let address = native(at + (isWide ? 0x10 : 8))
      let fileSize = native(at + (isWide ? 0x20 : 0x10))
      switch number(at, 4) {
      case 1 where fileSize > 0: loads.append((address, fileSize, offset))
      case 2: dynamic = (offset, int(fileSize))
      default: break
      }
    }
    if dynamic == nil, let section = sections.first(where: { $0.type == 6 }) {
      dynamic = (section.offset, section.size)
    }
    guard let dynamic else { return }
    for index in 0..<min(dynamic.size, bytes.count) / (2 * word) {
      let tag = native(dynamic.offset + index * 2 * word)
      if tag == 0 { break }
      tags[tag] = native(dynamic.offset + index * 2 * word + word)
    }
  }

  /// Where in the file an address is, and how many bytes of its segment follow.
  private func place(_ address: UInt64) -> (offset: Int, rest: Int)? {
    loads.first { address &- $0.address < $0.size }.map {
      ($0.offset + int(address &- $0.address), int($0.size - (address &- $0.address)))
    }
  }

  // MARK: - Relocations

  private var listed: [Table] {
    sections.compactMap { section in
      var format = TableFormat.allCases.first { $0.sectionType == section.type }
      if section.type == 0x6fff_ff00 || section.type == 0x7000_0004 && machine == 183 { format = .relr }
      return format.map {
        Table(format: $0, offset: section.offset, size: section.size, isLoaded: section.flags & 2 != 0)
      }
    }
  }

  private var named: [Table] {
    var all = TableFormat.allCases.map { (format: $0, table: $0.tags.table, size: $0.tags.size) }
    all.append((.relr, 0x6fff_e000, 0x6fff_e001))
    if machine == 183 { all.append((.relr, 0x7000_0012, 0x7000_0011)) }
    if let kind = tags[20] { all.append((kind == 7 ? .rela : .rel, 23, 2)) }
    return all.compactMap { format, table, size in
      guard let address = tags[table], let place = place(address) else { return nil }
      let size = size == 0 ? place.rest : int(tags[size] ?? 0)
      return size == 0 ? nil : Table(format: format, offset: place.offset, size: size)
    }
  }

  /// How many relocations stand where.
  private func entries(of table: Table) -> [Place: Int] {
    let end = min(bytes.count, table.offset + table.size)
    guard table.offset < end else { return [:] }
    guard let size = table.format.entrySize(isWide: isWide) else {
      let file = TableFile(
        table.format, Array(bytes[table.offset..<end]), isWide: isWide, isLittle: isLittle)
      return [Place(format: table.format, offset: table.offset): file.entries?.count ?? 0]
    }
    var entries: [Place: Int] = [:]
    for offset in stride(from: table.offset, to: end, by: size) {
      let value = native(offset)
      // A bitmap has its mark in bit 0.
      entries[Place(format: table.format, offset: offset)] =
        table.format == .relr && value & 1 == 1 ? value.nonzeroBitCount - 1 : 1
    }
    return entries
  }

  // MARK: - Symbols

  private typealias Names = Set<[UInt8]>

  private func name(_ offset: Int, in strings: Range<Int>) -> [UInt8] {
    let start = strings.lowerBound + offset
    guard offset < strings.count, start < bytes.count else { return [] }
    // GNU ld writes a version behind some.
    return Array(bytes[start..<min(strings.upperBound, bytes.count)].prefix { $0 != 0 && $0 != 0x40 })
  }

  private func addUndefined(
    at start: Int, count: Int, strings: Range<Int>?, to names: inout Names
  ) {
    let size = isWide ? 24 : 16
    for index in 1..<max(1, count) {
      let at = start + index * size
      let nameOffset = int(number(at, 4))
      guard nameOffset != 0, number(at + (isWide ? 6 : 14), 2) == 0 else { continue }
      names.insert(strings.map { name(nameOffset, in: $0) } ?? Array("symbol \(index)".utf8))
    }
  }

  private var lastSymbol: UInt32 {
    var last: UInt32 = 0
    for table in named where table.format != .relr {
      var file = TableFile(
        table.format, Array(bytes[table.offset..<min(bytes.count, table.offset + table.size)]),
        isWide: isWide,
        isLittle: isLittle)
      file.machine = machine
      last = max(last, file.entries?.map(\.symbol).max() ?? 0)
    }
    return last
  }

  /// As many as the hash tables have, and relocations refer to.
  private var dynamicSymbolCount: Int {
    var count = max(1, int(UInt64(lastSymbol)) + 1)
    if let hash = tags[4].flatMap(place)?.offset {
      let isWideHash = isWide && (machine == 22 || machine == 0x9026)
      count = max(count, int(isWideHash ? number(hash + 8, 8) : number(hash + 4, 4)))
    }
    guard let hash = tags[0x6fff_fef5].flatMap(place)?.offset else { return count }
    let (buckets, first, filters) =
      (int(number(hash, 4)), int(number(hash + 4, 4)), int(number(hash + 8, 4)))
    let start = hash + 16 + filters * word
    let last = (0..<min(buckets, bytes.count)).map { int(number(start + 4 * $0, 4)) }.max() ?? 0
    guard last >= first else { return max(count, first) }
    var index = last
    while start + 4 * (buckets + index - first) < bytes.count,
      number(start + 4 * (buckets + index - first), 4) & 1 == 0
    {
      index += 1
    }
    return max(count, index + 1)
  }

  var counts: Counts {
    var counts = Counts()
    let (listed, named) = (listed, named)
    var loaded: [Place: Int] = [:]
    for table in named { loaded.merge(entries(of: table)) { first, _ in first } }
    var others: [Place: Int] = [:]
    for table in listed {
      // What a loader reads as another table is that.
      let strangers = named.filter { other in
        guard let size = other.format.entrySize(isWide: isWide) else { return false }
        let isSame =
          other.format == table.format && (table.offset - other.offset).isMultiple(of: size)
        return !isSame
      }
      for (place, count) in entries(of: table)
      where !strangers.contains(where: { ($0.offset..<$0.offset + $0.size).contains(place.offset) }) {
        if table.isLoaded { loaded[place] = loaded[place] ?? count } else { others[place] = count }
      }
    }
    for (place, count) in others where loaded[place] == nil { counts.static += count }
    counts.dynamic = loaded.values.reduce(0, +)

    var names: Names = []
    if let table = sections.first(where: { $0.type == 2 }) ?? sections.first(where: { $0.type == 11 }) {
      // U-Boot's x86 build leaves the names of its dynamic symbols out.
      let isNameless = table.type == 11 && table.link == 0
      let strings = Int(table.link) < sections.count ? sections[Int(table.link)] : nil
      addUndefined(
        at: table.offset, count: table.size / (isWide ? 24 : 16),
        strings: isNameless ? nil : strings.map { $0.offset..<$0.offset + $0.size }, to: &names)
    }
    if let symbols = tags[6].flatMap(place)?.offset {
      let strings = tags[5].flatMap(place)?.offset ?? 0
      addUndefined(
        at: symbols, count: dynamicSymbolCount,
        strings: strings..<max(strings, strings &+ int(tags[10] ?? 0)), to: &names)
    }
    counts.undefined = names.count
    return counts
  }
}
