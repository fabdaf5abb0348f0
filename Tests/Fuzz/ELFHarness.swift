// ELFHarness.swift — whole ELF files through libelf; relocation tables alone, beside decoders of the harness's own
// SPDX-License-Identifier: MIT

import ELF

/// Everything that is read of an ELF file.
func fuzzELF(_ bytes: [UInt8]) {
  guard let elf = try? ELFFile(bytes) else { return }
  require(elf.extent <= bytes.count, "an extent of \(elf.extent) in \(bytes.count) bytes")
  for section in elf.sections { require(section.fileRange.upperBound <= bytes.count, "a section outside") }
  for segment in elf.segments { require(segment.fileRange.upperBound <= bytes.count, "a segment outside") }
  _ = try? elf.dynamicEntries()
  _ = try? elf.symbols()
  _ = try? elf.dynamicSymbols()
  guard let relocations = try? elf.relocations() else { return }
  for relocation in relocations {
    _ = relocation.classification(for: elf.header.machine)
    _ = relocation.typeName(for: elf.header.machine)
    if let range = elf.fileRange(ofVirtualAddress: relocation.offset, size: 8) {
      require(range.upperBound <= bytes.count, "a place outside")
    }
  }
}

/// The input is a byte that says what the table is, one that says of which machine, and its bytes.
func fuzzTables(_ input: [UInt8]) {
  guard input.count > 2 else { return }
  let format = TableFormat.allCases[Int(input[0] & 7) % TableFormat.allCases.count]
  var file = TableFile(
    format, Array(input.dropFirst(2)), isWide: input[0] & 8 == 0, isLittle: input[0] & 16 == 0)
  file.isAllocated = input[0] & 32 != 0
  file.machine = TableFile.machines[Int(input[1]) % TableFile.machines.count]
  let bytes = file.bytes(isDynamic: input[0] & 64 != 0)
  let expected = file.entries.flatMap { entries in
    // Each changes a word of its own; and each has a symbol that there is.
    entries.count <= bytes.count / 4
      && (input[0] & 64 != 0 || entries.allSatisfy { $0.symbol < TableFile.symbolCount }) ? entries : nil
  }
  guard let elf = try? ELFFile(bytes) else { return require(false, "the file that holds the table is none") }
  var found: [TableEntry] = []
  let isRead: Bool
  do {
    try elf.forEachRelocation { entry, _, isDynamic in
      require(isDynamic == (input[0] & 96 != 0), "dynamic: \(isDynamic)")
      found.append(
        TableEntry(offset: entry.offset, type: entry.type, symbol: entry.symbol, addend: entry.addend))
    }
    isRead = true
  } catch {
    isRead = false
  }
  require(
    isRead == (expected != nil), "\(format): read: \(isRead), by the harness: \(file.entries?.count ?? -1)")
  if let expected, let (one, other) = zip(found, expected).first(where: { $0 != $1 }) {
    require(false, "\(format): \(one), by the harness \(other)")
  }
  require(found.count == expected?.count ?? found.count, "\(format): \(found.count) entries")
  _ = try? elf.relocations()
  _ = try? elf.dynamicSymbols()
}
