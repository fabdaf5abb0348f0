// TableFile.swift — an ELF file around the bytes of one relocation table; and what those say, decoded once more
// SPDX-License-Identifier: MIT

enum TableFormat: CaseIterable {
  case rel, rela, relr, androidRel, androidRela, crel

  var sectionType: UInt32 {
    switch self {
    case .rel: 9
    case .rela: 4
    case .relr: 19
    case .androidRel: 0x6000_0001
    case .androidRela: 0x6000_0002
    case .crel: 0x4000_0014
    }
  }

  /// Table, size, size of an entry; 0: there is no such tag.
  var tags: (table: UInt64, size: UInt64, entry: UInt64) {
    switch self {
    case .rel: (17, 18, 19)
    case .rela: (7, 8, 9)
    case .relr: (36, 35, 37)
    case .androidRel: (0x6000_000f, 0x6000_0010, 0)
    case .androidRela: (0x6000_0011, 0x6000_0012, 0)
    case .crel: (0x4000_0026, 0, 0)
    }
  }

  /// Bytes of an entry; nil: a stream.
  func entrySize(isWide: Bool) -> Int? {
    let word = isWide ? 8 : 4
    return switch self {
    case .rel: 2 * word
    case .rela: 3 * word
    case .relr: word
    case .androidRel, .androidRela, .crel: nil
    }
  }
}

struct TableEntry: Equatable {
  var offset: UInt64
  var type: UInt32?
  var symbol: UInt32
  var addend: Int64?
}

/// Numbers of a file's byte order, one after the other.
struct ELFBytes {
  let isWide: Bool
  let isLittle: Bool
  private(set) var bytes: [UInt8] = []

  init(isWide: Bool, isLittle: Bool) {
    self.isWide = isWide
    self.isLittle = isLittle
  }

  mutating func add(_ value: UInt64, size: Int) {
    let parts = (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    bytes += isLittle ? parts : parts.reversed()
  }
  mutating func half(_ value: UInt16) { add(UInt64(value), size: 2) }
  mutating func word(_ value: UInt32) { add(UInt64(value), size: 4) }
  /// As wide as an address.
  mutating func native(_ value: UInt64) { add(value, size: isWide ? 8 : 4) }
  mutating func raw(_ more: [UInt8]) { bytes += more }
}

struct TableFile {
  let format: TableFormat
  let table: [UInt8]
  let isWide: Bool
  let isLittle: Bool
  var isAllocated = false
  var machine: UInt16 = 183

  /// AArch64, MIPS, RISC-V, x86-64, S/390, i386.
  static let machines: [UInt16] = [183, 8, 243, 62, 22, 3]
  static let symbolCount = 8
  private static let base: UInt64 = 0x10000

  init(_ format: TableFormat, _ table: [UInt8], isWide: Bool, isLittle: Bool) {
    self.format = format
    self.table = table
    self.isWide = isWide
    self.isLittle = isLittle
  }

  /// - Parameter isDynamic: only the dynamic table leads to it; otherwise a section header does.
  func bytes(isDynamic: Bool) -> [UInt8] {
    let headerSize = isWide ? 64 : 52
    let programHeaderSize = isWide ? 56 : 32
    let sectionHeaderSize = isWide ? 64 : 40
    let symbols = [UInt8](repeating: 0, count: Self.symbolCount * (isWide ? 24 : 16))
    var dynamic = ELFBytes(isWide: isWide, isLittle: isLittle)
    // The table is behind the headers and a dynamic table of so many entries.
    let entryCount = 4
    let dynamicSize = entryCount * (isWide ? 16 : 8)
    let dynamicStart = headerSize + 2 * programHeaderSize
    let start = isDynamic ? dynamicStart + dynamicSize : headerSize
    let tags = format.tags
    var entries: [(UInt64, UInt64)] = [(tags.table, Self.base + UInt64(start))]
    if tags.size != 0 { entries.append((tags.size, UInt64(table.count))) }
    if let size = format.entrySize(isWide: isWide) { entries.append((tags.entry, UInt64(size))) }
    while entries.count < entryCount { entries.append((0, 0)) }
    for (tag, value) in entries {
      dynamic.native(tag)
      dynamic.native(value)
    }
    let symbolsStart = start + table.count
    let headers = symbolsStart + symbols.count + 1
    var file = ELFBytes(isWide: isWide, isLittle: isLittle)
    file.raw([0x7f, 0x45, 0x4c, 0x46, isWide ? 2 : 1, isLittle ? 1 : 2, 1] + [UInt8](repeating: 0, count: 9))
    file.half(3)
    file.half(machine)
    file.word(1)
    file.native(0)
    file.native(isDynamic ? UInt64(headerSize) : 0)
    file.native(isDynamic ? 0 : UInt64(headers))
    file.word(0)
    file.half(UInt16(headerSize))
    file.half(UInt16(programHeaderSize))
    file.half(isDynamic ? 2 : 0)
    file.half(UInt16(sectionHeaderSize))
    file.half(isDynamic ? 0 : 4)
    file.half(0)
    if isDynamic {
      addSegment(to: &file, type: 1, offset: 0, size: symbolsStart)
      addSegment(to: &file, type: 2, offset: dynamicStart, size: dynamicSize)
      file.raw(dynamic.bytes)
      file.raw(table)
      return file.bytes
    }
    file.raw(table)
    file.raw(symbols)
    file.raw([0])
    addSection(to: &file, type: 0, offset: 0, size: 0)
    addSection(
      to: &file, type: format.sectionType, flags: isAllocated ? 2 : 0, offset: start, size: table.count,
      link: 2, entrySize: format.entrySize(isWide: isWide) ?? 1)
    addSection(
      to: &file, type: 2, offset: symbolsStart, size: symbols.count, link: 3,
      entrySize: symbols.count / Self.symbolCount)
    addSection(to: &file, type: 3, offset: headers - 1, size: 1)
    return file.bytes
  }

  private func addSegment(to file: inout ELFBytes, type: UInt32, offset: Int, size: Int) {
    let address = Self.base + UInt64(offset)
    file.word(type)
    if isWide { file.word(7) }
    for value in [UInt64(offset), address, address, UInt64(size), UInt64(size)] { file.native(value) }
    if !isWide { file.word(7) }
    file.native(1)
  }

  private func addSection(
    to file: inout ELFBytes, type: UInt32, flags: UInt64 = 0, offset: Int, size: Int, link: UInt32 = 0,
    entrySize: Int = 0
  ) {
    file.word(0)
    file.word(type)
    for value in [flags, 0, UInt64(offset), UInt64(size)] { file.native(value) }
    file.word(link)
    file.word(0)
    file.native(1)
    file.native(UInt64(entrySize))
  }
}

// MARK: - What the bytes say

extension TableFile {
  /// nil: they are malformed.
  var entries: [TableEntry]? {
    var reader = TableReader(rest: table[...], isLittle: isLittle)
    var entries: [TableEntry]?
    switch format {
    case .rel, .rela: entries = fixed(&reader)
    case .relr: entries = packedAddresses(&reader)
    case .androidRel, .androidRela: entries = android(&reader)
    case .crel: entries = compact(&reader)
    }
    return entries.map { all in
      all.map { entry in
        var entry = entry
        if !isWide { entry.offset &= 0xffff_ffff }
        return entry
      }
    }
  }

  private var word: Int { isWide ? 8 : 4 }

  private func fixed(_ reader: inout TableReader) -> [TableEntry]? {
    guard table.count % (format.entrySize(isWide: isWide) ?? 1) == 0 else { return nil }
    var entries: [TableEntry] = []
    while !reader.rest.isEmpty {
      guard let offset = reader.number(word), let info = reader.number(word) else { return nil }
      var entry = TableEntry(offset: offset, type: 0, symbol: 0)
      if !isWide {
        (entry.symbol, entry.type) = (
          UInt32(truncatingIfNeeded: info >> 8), UInt32(truncatingIfNeeded: info & 0xff)
        )
      } else if machine == 8, isLittle {
        // A word, then bytes: the symbol; a special symbol, and three types, the last first.
        (entry.symbol, entry.type) = (
          UInt32(truncatingIfNeeded: info & 0xffff_ffff), UInt32(truncatingIfNeeded: info >> 32).byteSwapped
        )
      } else {
        (entry.symbol, entry.type) = (
          UInt32(truncatingIfNeeded: info >> 32), UInt32(truncatingIfNeeded: info & 0xffff_ffff)
        )
      }
      if format == .rela {
        guard let addend = reader.number(word) else { return nil }
        entry.addend =
          isWide ? Int64(bitPattern: addend) : Int64(Int32(bitPattern: UInt32(truncatingIfNeeded: addend)))
      }
      entries.append(entry)
    }
    return entries
  }

  private func packedAddresses(_ reader: inout TableReader) -> [TableEntry]? {
    guard table.count % word == 0 else { return nil }
    var entries: [TableEntry] = []
    var place: UInt64?
    let step = UInt64(word)
    while let value = reader.number(word) {
      if value % 2 == 0 {
        entries.append(TableEntry(offset: value, type: nil, symbol: 0))
        place = value &+ step
        continue
      }
      guard let first = place else { return nil }
      var bits = value >> 1
      var address = first
      while bits != 0 {
        if bits & 1 == 1 { entries.append(TableEntry(offset: address, type: nil, symbol: 0)) }
        bits >>= 1
        address &+= step
      }
      place = first &+ step &* (step &* 8 &- 1)
    }
    // An address in a file of 32 bits has no more of them.
    return entries
  }

  private func android(_ reader: inout TableReader) -> [TableEntry]? {
    if table.isEmpty { return [] }
    for byte in Array("APS2".utf8) where reader.byte() != byte { return nil }
    guard let count = reader.signed(), count >= 0, let first = reader.signed() else { return nil }
    var (left, offset, addend) = (count, UInt64(bitPattern: first), Int64(0))
    var entries: [TableEntry] = []
    while left > 0 {
      guard let size = reader.signed(), (0...left).contains(size), let flags = reader.signed() else {
        return nil
      }
      left -= size
      let (groupsInfo, groupsDelta, groupsAddend, hasAddend) =
        (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0)
      var (delta, info) = (Int64(0), Int64(0))
      if groupsDelta {
        guard let value = reader.signed() else { return nil }
        delta = value
      }
      if groupsInfo {
        guard let value = reader.signed() else { return nil }
        info = value
      }
      if !hasAddend { addend = 0 }
      if hasAddend, groupsAddend {
        guard let value = reader.signed() else { return nil }
        addend &+= value
      }
      for _ in 0..<size {
        // What takes no bytes could go on for ever; so many are more than the file has words.
        if entries.count > 1 << 12 { return nil }
        if !groupsDelta {
          guard let value = reader.signed() else { return nil }
          delta = value
        }
        offset &+= UInt64(bitPattern: delta)
        if !groupsInfo {
          guard let value = reader.signed() else { return nil }
          info = value
        }
        if hasAddend, !groupsAddend {
          guard let value = reader.signed() else { return nil }
          addend &+= value
        }
        let bits = UInt64(bitPattern: info)
        let (symbol, type) =
          isWide
          ? (UInt32(truncatingIfNeeded: bits >> 32), UInt32(truncatingIfNeeded: bits & 0xffff_ffff))
          : (UInt32(truncatingIfNeeded: (bits & 0xffff_ffff) >> 8), UInt32(truncatingIfNeeded: bits & 0xff))
        entries.append(
          TableEntry(
            offset: offset, type: type, symbol: symbol, addend: format == .androidRela ? addend : nil))
      }
    }
    return entries
  }

  private func compact(_ reader: inout TableReader) -> [TableEntry]? {
    if table.isEmpty { return [] }
    guard let head = reader.unsigned() else { return nil }
    let hasAddends = head & 4 != 0
    var last = TableEntry(offset: 0, type: 0, symbol: 0, addend: hasAddends ? 0 : nil)
    var offset: UInt64 = 0
    var entries: [TableEntry] = []
    for _ in 0..<head >> 3 {
      guard let first = reader.byte() else { return nil }
      let flagBits: UInt64 = hasAddends ? 3 : 2
      offset &+= UInt64(first & 0x7f) >> flagBits
      if first >= 0x80 {
        guard let more = reader.unsigned() else { return nil }
        offset &+= more << (7 - flagBits)
      }
      if first & 1 != 0 {
        guard let delta = reader.signed() else { return nil }
        last.symbol &+= UInt32(truncatingIfNeeded: delta)
      }
      if first & 2 != 0 {
        guard let delta = reader.signed() else { return nil }
        last.type = (last.type ?? 0) &+ UInt32(truncatingIfNeeded: delta)
      }
      if hasAddends, first & 4 != 0 {
        guard let delta = reader.signed() else { return nil }
        last.addend = (last.addend ?? 0) &+ delta
      }
      last.offset = offset << (head & 3)
      entries.append(last)
    }
    return entries
  }
}

/// Numbers out of bytes; nil: there are not as many.
private struct TableReader {
  var rest: ArraySlice<UInt8>
  let isLittle: Bool

  mutating func byte() -> UInt8? { rest.popFirst() }

  mutating func number(_ size: Int) -> UInt64? {
    guard rest.count >= size else { return nil }
    let bytes = rest.prefix(size)
    rest = rest.dropFirst(size)
    return (isLittle ? Array(bytes.reversed()) : Array(bytes)).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// LEB128: bits above 64 are none, and more than ten bytes are too many.
  private mutating func bits() -> (value: UInt64, last: UInt8, count: UInt64)? {
    var value: UInt64 = 0
    for count in UInt64(1)...10 {
      guard let byte = byte() else { return nil }
      value |= UInt64(byte & 0x7f) << (7 * (count - 1))
      if byte & 0x80 == 0 { return (value, byte, count) }
    }
    return nil
  }

  mutating func unsigned() -> UInt64? { bits()?.value }

  mutating func signed() -> Int64? {
    guard let (value, last, count) = bits() else { return nil }
    let isNegative = last & 0x40 != 0 && 7 * count < 64
    return Int64(bitPattern: isNegative ? value | ~0 << (7 * count) : value)
  }
}
