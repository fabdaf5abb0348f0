// DynamicSymbols.swift — the symbols that the dynamic table leads to, without section headers
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

extension ELFFile {
  /// The symbols that a dynamic loader sees: of `DT_SYMTAB`, without the reserved first entry. Empty without one.
  ///
  /// No entry says how many there are: as many as the hash table has (gABI, "Hash Table"), but at least all that
  /// relocations refer to. (A hash table of the GNU kind has no undefined symbols. It says only where its own ones
  /// start, and where it has none, GNU ld does not even say that.)
  ///
  /// Throws an ``ELFError`` for tables outside the loaded bytes of the file, of a wrong entry size or without an
  /// end, for a symbol whose name does not exist, and for malformed dynamic relocation tables.
  package func dynamicSymbols() throws(ELFError) -> [Symbol] {
    guard var table = try dynamicSymbolTable() else { return [] }
    var symbols: [Symbol] = []
    symbols.reserveCapacity(table.count)
    for index in table.indices.dropFirst() { symbols.append(try table.symbol(index)) }
    return symbols
  }

  /// The table of them, the reserved first one too; nil without one.
  ///
  /// Throws an ``ELFError`` as ``dynamicSymbols()`` does, but for names that nothing asks for.
  package func dynamicSymbolTable() throws(ELFError) -> SymbolTable? {
    let dynamic = DynamicTable(entries: try dynamicEntries())
    guard try dynamic[.symbols] != nil else { return nil }
    let count = max(try hashedSymbolCount(dynamic), Int(try lastDynamicSymbol()) + 1)
    let raw = try rawSymbols(count: count, dynamic)
    guard raw.count == count else {
      throw ELFError(
        place: DynamicTag.symbols.name, found: "\(raw.count) symbols in the file", expected: "\(count)")
    }
    let isNamed = raw.dropFirst().contains { $0.st_name != 0 }
    return try SymbolTable(
      raw, names: isNamed ? try strings(dynamic) : nil, sectionCount: sections.count,
      place: DynamicTag.symbols.name)
  }

  /// The first `count` symbols of `DT_SYMTAB`, or as many as its segment has.
  fileprivate func rawSymbols(count: Int, _ dynamic: DynamicTable) throws(ELFError) -> [GElf_Sym] {
    let tag = DynamicTag.symbols
    let entrySize = libelf.entrySize(ELF_T_SYM)
    let claimed = try dynamic[.symbolSize]
    try check(
      claimed == nil || claimed == UInt64(entrySize), DynamicTag.symbolSize.name,
      found: "entry size \(hex(claimed ?? 0))", expected: hex(entrySize))
    guard let rest = try rest(from: tag, in: dynamic) else { return [] }
    let size = min(count, rest.count / entrySize) * entrySize
    return try libelf.entries(
      ELF_T_SYM, in: rest.prefix(size), place: tag.name, widen: GElf_Sym.init)
  }

  fileprivate func strings(_ dynamic: DynamicTable) throws(ELFError) -> StringTable {
    guard let range = try range(of: .strings, size: .stringsSize, in: dynamic) else {
      throw ELFError(
        place: DynamicTag.symbols.name, found: "symbols with names", expected: "strings in DT_STRTAB")
    }
    return try StringTable(range, place: DynamicTag.strings.name, bytes: bytes)
  }

  /// How many symbols `DT_HASH` or `DT_GNU_HASH` says there are, at least the reserved one.
  private func hashedSymbolCount(_ dynamic: DynamicTable) throws(ELFError) -> Int {
    var count = 1
    if let rest = try rest(from: .hash, in: dynamic) {
      // Two machines have words of 64 bits here: EM_S390 and EM_ALPHA, 64-bit.
      let isWide = header.elfClass == .elf64 && [.s390, .alpha].contains(header.machine)
      let place = DynamicTag.hash.name
      let start = rest.prefix(isWide ? 16 : 8)
      try check(
        start.count == (isWide ? 16 : 8), place, found: "\(hex(start.count)) bytes",
        expected: "two words of a hash table")
      let words: [UInt64] =
        isWide
        ? try libelf.nativeWords(in: start, place: place)
        : try libelf.words(in: start, place: place).map(UInt64.init)
      // One chain for each symbol, each a word.
      guard let chains = Int(exactly: words[1]), chains <= rest.count / 4 else {
        throw ELFError(
          place: place, found: "\(hex(words[1])) chains", expected: "a table inside its segment")
      }
      count = max(count, chains)
    }
    if let rest = try rest(from: .gnuHash, in: dynamic) { count = max(count, try gnuHashSymbolCount(rest)) }
    return count
  }

  /// The symbol behind the last one of the last chain of a GNU hash table: four words, a Bloom filter of words
  /// of the file's class, buckets, chains. (Source: the GNU linker; the gABI has no such table.)
  private func gnuHashSymbolCount(_ range: Range<Int>) throws(ELFError) -> Int {
    let place = DynamicTag.gnuHash.name
    let count = range.count / 4
    // The table may be small, and the segment that it is in is read no further.
    func words(_ indices: Range<Int>) throws(ELFError) -> [UInt32] {
      let start = range.lowerBound + indices.lowerBound * 4
      return try libelf.words(in: start..<start + indices.count * 4, place: place)
    }
    let expected = "a table inside its segment"
    try check(count >= 4, place, found: "\(hex(range.count)) bytes", expected: expected)
    let head = try words(0..<4)
    let (bucketCount, firstHashed, filterCount) = (Int(head[0]), Int(head[1]), Int(head[2]))
    let buckets = 4 + filterCount * (header.elfClass == .elf64 ? 2 : 1)
    let chains = buckets + bucketCount
    try check(
      chains <= count, place, found: "\(hex(bucketCount)) buckets and \(hex(filterCount)) filter words",
      expected: expected)
    let lastChain = try words(buckets..<chains).max().map(Int.init) ?? 0
    guard lastChain >= firstHashed else { return max(1, firstHashed) }
    // The last word of a chain is odd.
    var start = chains + lastChain - firstHashed
    while start < count {
      let end = min(count, start + 1024)
      if let index = try words(start..<end).firstIndex(where: { $0 & 1 == 1 }) {
        return firstHashed + start + index - chains + 1
      }
      start = end
    }
    throw ELFError(place: place, found: "a chain without an end", expected: expected)
  }
}

/// The names of the symbols that dynamic relocations refer to, as far as the file has them.
struct DynamicSymbolNames {
  /// Where in the string table the name of each symbol is.
  private var offsets: [UInt32] = []
  private var strings: StringTable?
  private var known: [UInt32: String?] = [:]

  init(_ file: borrowing ELFFile, count: Int) {
    guard let entries = try? file.dynamicEntries() else { return }
    let dynamic = DynamicTable(entries: entries)
    offsets = (try? file.rawSymbols(count: count, dynamic).map(\.st_name)) ?? []
    strings = try? file.strings(dynamic)
  }

  /// nil when the file has no such symbol, or not its name.
  subscript(symbol: UInt32) -> String? {
    mutating get {
      guard symbol < offsets.count else { return nil }
      if let name = known[symbol] { return name }
      let name = try? strings?.string(at: offsets[Int(symbol)], place: "")
      known[symbol] = .some(name)
      return name
    }
  }
}
