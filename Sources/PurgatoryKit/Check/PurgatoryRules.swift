// PurgatoryRules.swift — the rules beyond position independence that make an ELF file a purgatory
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// One pass over an ELF file: where its loadable bytes and its `struct purgatory_info` are, or why it has none.
struct PurgatoryRules {
  /// The name by which every loader finds the struct.
  static let infoSymbol = "purgatory_info"
  /// The name by which loaders of objects find the entry.
  static let entrySymbol = "purgatory_start"

  static let tooLarge = "make it smaller, or let it be larger with --max-size"

  private(set) var findings: [Finding] = []
  /// The loadable bytes, within the file.
  private(set) var loadRange: Range<Int>?
  /// Where the struct lies in the loadable bytes.
  private(set) var infoOffset: Int?
  /// Where the struct is in the file.
  var infoRange: Range<Int>? {
    guard let start = loadRange?.lowerBound, let infoOffset else { return nil }
    return start + infoOffset..<start + infoOffset + PurgatoryInfo.size
  }
  /// What the struct says.
  private(set) var info: PurgatoryInfo?
  /// Bytes of memory that the program headers say are needed; nil: an object, which has none.
  private var memorySize: UInt64?
  /// Bytes of memory that loaders of an object give it: they put its NOBITS sections behind the others.
  private var objectMemorySize: UInt64?

  /// - Parameter maximumSize: the budget for loadable bytes.
  init(_ elf: borrowing ELFFile, maximumSize: Int) throws(ELFError) {
    let header = elf.header
    guard header.machine == .aarch64, header.elfClass == .elf64, header.byteOrder == .littleEndian else {
      let bits = header.elfClass == .elf64 ? "64-bit" : "32-bit"
      let order = header.byteOrder == .littleEndian ? "little-endian" : "big-endian"
      report(
        .wrongMachine, "ELF header", found: "\(bits) \(order) \(header.machine.name)",
        expected: "64-bit little-endian AArch64")
      return
    }
    if ![.relocatable, .executable, .sharedObject].contains(header.type) {
      report(
        .loadSegment, "ELF header", found: "a file of \(header.type.name)",
        expected: "a linked file, ET_DYN or ET_EXEC")
    }
    if header.type == .relocatable {
      guard try findLoadSection(elf, maximumSize: maximumSize) else { return }
    } else {
      try findLoadSegment(elf, maximumSize: maximumSize)
    }
    try findInfo(elf)
  }

  private mutating func report(
    _ rule: Rule, _ location: String, found: String, expected: String, help: String? = nil
  ) {
    findings.append(Finding(rule, location, found: found, expected: expected, help: help))
  }

  private mutating func findLoadSegment(_ elf: borrowing ELFFile, maximumSize: Int) throws(ELFError) {
    let loads = elf.segments.filter { $0.type == .load }
    guard loads.count == 1, let load = loads.first else {
      return report(
        .loadSegment, "program headers", found: "\(loads.count) PT_LOAD segments", expected: "exactly one")
    }
    loadRange = load.fileRange
    memorySize = load.memorySize
    if !load.virtualAddress.isMultiple(of: PurgatoryInfo.loadAlignment) {
      report(
        .loadSegment, "PT_LOAD", found: "base \(String(hex: load.virtualAddress))",
        expected: "a multiple of 4 KiB")
    }
    if load.fileRange.count > maximumSize {
      report(
        .loadSegment, "PT_LOAD", found: "\(load.fileSize) loadable bytes", expected: "at most \(maximumSize)",
        help: Self.tooLarge)
    }
    if load.memorySize > UInt64(PURGATORY_MAX_MEMORY_SIZE) {
      report(
        .loadSegment, "PT_LOAD", found: "\(String(hex: load.memorySize)) bytes of memory",
        expected: "at most \(String(hex: UInt64(PURGATORY_MAX_MEMORY_SIZE)))")
    }
    for section in elf.sections
    where section.flags.contains(.allocate) && section.type != .noBits && section.size > 0
      && (section.fileRange.lowerBound < load.fileRange.lowerBound
        || section.fileRange.upperBound > load.fileRange.upperBound)
    {
      report(
        .loadSegment, section.name, found: "allocated bytes outside the PT_LOAD",
        expected: "all of them in its file bytes")
    }
    for section in elf.sections
    where section.isLoaded && section.type == .noBits && !section.flags.contains(.threadLocal) {
      let start = section.address &- load.virtualAddress
      if start > load.memorySize || section.size > load.memorySize &- start {
        report(
          .loadSegment, section.name, found: "memory outside that of the PT_LOAD",
          expected: "all of it in there")
      }
    }
    if let offset = Self.firstUnclaimed(elf.bytes[load.fileRange], by: elf.sections) {
      report(
        .loadSegment, "PT_LOAD+\(String(hex: UInt64(offset - load.fileRange.lowerBound)))",
        found: "bytes that are of no section, which objcopy leaves out", expected: "all of them in sections")
    }
    if elf.header.entry != load.virtualAddress {
      report(
        .entry, "ELF header", found: "entry point \(String(hex: elf.header.entry))",
        expected: "the first byte, \(String(hex: load.virtualAddress))")
    }
    if !load.flags.contains(.execute) {
      report(.entry, "PT_LOAD", found: "a segment that is not executable", expected: "PF_X")
    }
  }

  /// Where in the file a byte other than 0 is in no loaded section; nil: nowhere, or there are no sections.
  private static func firstUnclaimed(_ bytes: ArraySlice<UInt8>, by sections: [ELF.Section]) -> Int? {
    let ranges = sections.filter { $0.isLoaded && $0.type != .noBits }.map(\.fileRange)
      .sorted { $0.lowerBound < $1.lowerBound }
    guard !sections.isEmpty else { return nil }
    var start = bytes.startIndex
    for range in ranges + [bytes.endIndex..<bytes.endIndex] {
      let end = min(max(range.lowerBound, start), bytes.endIndex)
      if let found = bytes[start..<end].firstIndex(where: { $0 != 0 }) { return found }
      start = min(max(start, range.upperBound), bytes.endIndex)
    }
    return nil
  }

  /// An object that a loader can take as it is has one section with bytes, and the entry at its start.
  ///
  /// - Returns: whether it has.
  private mutating func findLoadSection(_ elf: borrowing ELFFile, maximumSize: Int) throws(ELFError) -> Bool {
    let loaded = elf.sections.filter { $0.flags.contains(.allocate) && $0.type != .noBits && $0.size > 0 }
    guard loaded.count == 1, let section = loaded.first else {
      report(
        .loadSegment, "ELF header", found: "a relocatable object", expected: "a linked file with one PT_LOAD")
      return false
    }
    loadRange = section.fileRange
    if section.fileRange.count > maximumSize {
      report(
        .loadSegment, section.name, found: "\(section.size) loadable bytes",
        expected: "at most \(maximumSize)", help: Self.tooLarge)
    }
    if section.alignment == 0 || !section.alignment.isMultiple(of: PurgatoryInfo.loadAlignment) {
      report(
        .loadSegment, section.name, found: "an alignment of \(section.alignment)",
        expected: "a multiple of 4 KiB: that is where its code runs")
    }
    let memorySize = elf.sections.filter { $0.isLoaded && $0.type == .noBits }
      .reduce(UInt64(section.fileRange.count)) { end, scratch in
        let start = end.roundedUp(to: max(scratch.alignment, 1))
        return start.flatMap { $0.plus(scratch.size) } ?? .max
      }
    objectMemorySize = memorySize
    if memorySize > UInt64(PURGATORY_MAX_MEMORY_SIZE) {
      report(
        .loadSegment, "sections", found: "\(String(hex: memorySize)) bytes of memory",
        expected: "at most \(String(hex: UInt64(PURGATORY_MAX_MEMORY_SIZE)))")
    }
    let entry = try elf.symbols().first {
      $0.name == Self.entrySymbol && $0.definition == .section(section.index)
    }
    if entry?.value != 0 {
      report(
        .entry, Self.entrySymbol,
        found: entry.map { "\(section.name)+\(String(hex: $0.value))" } ?? "no such symbol",
        expected: "\(section.name)+0x0")
    }
    if !section.flags.contains(.execute) {
      report(.entry, section.name, found: "a section that is not executable", expected: "SHF_EXECINSTR")
    }
    return true
  }

  /// Where the struct's bytes are in the file.
  private func fileRange(of info: Symbol, in elf: borrowing ELFFile) -> Range<Int>? {
    let size = UInt64(PurgatoryInfo.size)
    guard elf.header.type == .relocatable else {
      return elf.fileRange(ofVirtualAddress: info.value, size: size)
    }
    guard let loadRange, case .section(let index) = info.definition,
      elf.sections[index].fileRange == loadRange,
      let offset = Int(exactly: info.value), offset <= loadRange.count,
      PurgatoryInfo.size <= loadRange.count - offset
    else { return nil }
    let start = loadRange.lowerBound + offset
    return start..<start + PurgatoryInfo.size
  }

  private mutating func findInfo(_ elf: borrowing ELFFile) throws(ELFError) {
    let infos = try elf.symbols().filter(\.isPurgatoryInfo)
    guard infos.count == 1, let info = infos.first else {
      let count = infos.isEmpty ? "no" : "\(infos.count)"
      return report(
        .infoSymbol, "symbol table", found: "\(count) \(Self.infoSymbol)", expected: "exactly one")
    }
    if info.type != .object {
      report(
        .infoSymbol, Self.infoSymbol, found: "a symbol of type \(info.type.rawValue)",
        expected: "STT_OBJECT (1)")
    }
    if info.size != UInt64(PurgatoryInfo.size) {
      report(
        .infoSymbol, Self.infoSymbol, found: "\(info.size) bytes", expected: "\(PurgatoryInfo.size) bytes")
    }
    if !info.value.isMultiple(of: 8) {
      report(
        .infoSymbol, Self.infoSymbol, found: "address \(String(hex: info.value))", expected: "a multiple of 8"
      )
    }
    guard let loadRange else { return }
    guard let range = fileRange(of: info, in: elf) else {
      return report(
        .infoSymbol, Self.infoSymbol, found: "address \(String(hex: info.value))",
        expected: "\(PurgatoryInfo.size) bytes wholly in the file bytes of the PT_LOAD")
    }
    let infoOffset = range.lowerBound - loadRange.lowerBound
    self.infoOffset = infoOffset
    guard infoOffset == PurgatoryInfo.blobOffset else {
      return report(
        .infoSymbol, Self.infoSymbol,
        found: "offset \(String(hex: UInt64(infoOffset))) of the loadable bytes",
        expected: "\(String(hex: UInt64(PurgatoryInfo.blobOffset))), behind the Image header")
    }
    do {
      let decoded = try PurgatoryInfo(decoding: Array(elf.bytes[range]))
      try decoded.checkMemorySize(loadSize: loadRange.count)
      findings += decoded.headerFindings(elf.bytes[loadRange], memory: memorySize)
      if let memorySize, memorySize != decoded.memorySize {
        report(
          .infoSymbol, "\(Self.infoSymbol).memory_size", found: String(hex: decoded.memorySize),
          expected: "\(String(hex: memorySize)), what the file takes in memory")
      }
      if let objectMemorySize, objectMemorySize < decoded.memorySize {
        report(
          .infoSymbol, "\(Self.infoSymbol).memory_size", found: String(hex: decoded.memorySize),
          expected: "at most \(String(hex: objectMemorySize)), what loaders give the sections of the object")
      }
      self.info = decoded
    } catch {
      findings.append(error.finding)
    }
  }
}

extension Symbol {
  /// Whether it says where the struct is.
  var isPurgatoryInfo: Bool {
    name == PurgatoryRules.infoSymbol && ![.undefined, .common].contains(definition)
  }
}

extension PurgatoryInfo {
  func checkMemorySize(loadSize: Int) throws(DecodingError) {
    let maximum = UInt64(PURGATORY_MAX_MEMORY_SIZE)
    guard memorySize >= UInt64(loadSize), memorySize <= maximum else {
      throw DecodingError(
        field: "memory_size", found: String(hex: memorySize),
        expected: "from the \(loadSize) loadable bytes to \(String(hex: maximum))")
    }
  }
}

extension PurgatoryInfo.DecodingError {
  /// As a finding of the rule about the struct.
  var finding: Finding {
    Finding(
      .infoSymbol, "\(PurgatoryRules.infoSymbol).\(field)", found: found, expected: expected,
      help: field == "version" ? "use the purgatory command that this blob was built with" : nil)
  }
}
