// PositionIndependence.swift — the rules that make any ELF file run wherever its bytes are copied
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// What a file has of what a loader or a linker would have to resolve.
package struct LinkCounts: Equatable, Sendable {
  /// Relocations for whoever loads the file.
  package var dynamicRelocations = 0
  /// Relocations for the linker: of an object, or retained by --emit-relocs.
  package var staticRelocations = 0
  package var undefinedSymbols = 0

  package static func + (left: LinkCounts, right: LinkCounts) -> LinkCounts {
    LinkCounts(
      dynamicRelocations: left.dynamicRelocations + right.dynamicRelocations,
      staticRelocations: left.staticRelocations + right.staticRelocations,
      undefinedSymbols: left.undefinedSymbols + right.undefinedSymbols)
  }
}

/// One pass over the relocations, symbols and tables of an ELF file: what they show, and the counts.
struct PositionIndependence {
  private(set) var counts = LinkCounts()
  /// The loaded sections, by number, whose applied relocations were retained.
  private(set) var retained: Set<Int> = []
  /// A place of code that goes by pages of 4 KiB.
  private(set) var pageRelative: String?

  private let profile: Profile
  private var landmarks: Landmarks
  private var symbols = RelocationSymbols()
  /// The places that a loader relocates, where a linked file also says what its linker did.
  private var relocatedByLoader: Set<UInt64> = []
  private let isObject: Bool
  private let hasGOT: Bool
  /// Whether retained relocations tell of a GOT, and how many of its loads the linker has left.
  private(set) var isGOTKnown = false
  private(set) var gotLoads = 0
  /// The first half of a difference, whose second half may be next.
  private var half: (entry: RelocationEntry, table: RelocationTable, isConstant: Bool)?
  private var lastTarget: Int?
  private var lastType: (type: UInt32?, kind: RelocationClass)?

  /// - Parameter profile: with `pie`, of an object only what no link can resolve is reported.
  init(_ elf: borrowing ELFFile, _ profile: Profile, into list: inout FindingList) throws(ELFError) {
    self.profile = profile
    landmarks = try Landmarks(elf)
    isObject = elf.header.type == .relocatable
    hasGOT = elf.sections.contains { $0.isLoaded && $0.isGOTOrPLT }
    if !isObject, elf.sections.contains(where: { $0.holdsRetainedRelocations(in: elf.sections) }) {
      try elf.forEachRelocation { entry, _, isDynamic in
        if isDynamic { relocatedByLoader.insert(entry.offset) }
      }
    }
    try elf.forEachRelocation { entry, table, isDynamic throws(ELFError) in
      if isDynamic {
        counts.dynamicRelocations += 1
        try judgeDynamic(entry, table, in: elf, &list)
      } else {
        counts.staticRelocations += 1
        try judgeStatic(entry, table, in: elf, &list)
      }
    }
    try settleHalf(nil, in: elf, &list)
    try findUndefined(in: elf, &list)
    findDynamicTables(in: elf, &list)
  }

  private mutating func judgeDynamic(
    _ entry: RelocationEntry, _ table: RelocationTable, in elf: borrowing ELFFile, _ list: inout FindingList
  ) throws(ELFError) {
    var expected = "none"
    if profile == .selfRelocating {
      guard let fault = fault(ofRelative: entry, in: elf) else { return }
      expected = fault
    }
    let kind = FindingList.Kind(
      rule: .dynamicRelocation, type: entry.type ?? .max,
      section: landmarks.section(of: entry.offset)?.index ?? 0, effect: expected == "none" ? 0 : 1)
    // A malformed table of symbols is one whether or not anybody is told of a name in it.
    _ = try symbols.symbol(of: entry, in: table, elf)
    try list.add(kind) { () throws(ELFError) in
      let text = try RelocationText(entry, table, isDynamic: true, in: elf, &landmarks, &symbols)
      return Finding(
        .dynamicRelocation, text.location, found: text.what, expected: expected,
        help: profile == .selfRelocating
          ? "let the code that relocates do without: position-independent code, no tables of addresses"
          : Rule.dynamicRelocation.help(for: elf.header.machine),
        subjects: text.subjects)
    }
  }

  /// What firmware that relocates itself cannot apply; nil: it can.
  private mutating func fault(ofRelative entry: RelocationEntry, in elf: borrowing ELFFile) -> String? {
    // Whoever applies them passes over those that ask for nothing.
    if RelocationClass(entry.type, for: elf.header.machine) == .none { return nil }
    guard RelocationClass.isRelative(entry.type, for: elf.header.machine), entry.symbol == 0 else {
      return "only relative ones"
    }
    guard let word = elf.address(at: entry.offset) else { return "a place in the bytes of the file" }
    let target = entry.addend.map { UInt64(bitPattern: $0) } ?? word
    guard landmarks.isLoaded(target) else { return "an address in the file" }
    // What applies them starts at the entry, and cannot wait for itself.
    guard let section = landmarks.section(of: entry.offset), section.flags.contains(.execute),
      elf.header.entry &- section.address < section.size
    else { return nil }
    return "none where the entry point is: that runs before"
  }

  private mutating func judgeStatic(
    _ entry: RelocationEntry, _ table: RelocationTable, in elf: borrowing ELFFile, _ list: inout FindingList
  ) throws(ELFError) {
    if let target = table.targetSection, target != lastTarget {
      // What is not loaded, such as debug information, is nobody's to relocate.
      guard elf.sections[target].flags.contains(.allocate) else { return }
      retained.insert(target)
      lastTarget = target
    }
    let kind: RelocationClass
    if let lastType, lastType.type == entry.type {
      kind = lastType.kind
    } else {
      kind = RelocationClass(entry.type, for: elf.header.machine)
      lastType = (entry.type, kind)
    }
    let named = try symbols.symbol(of: entry, in: table, elf)
    let symbol = isObject || [.absolute, .pcRelative, .plus, .minus].contains(kind) ? named : nil
    // Without a symbol it is about the addend, a number.
    var isAbsolute = symbol.map { $0.definition == .absolute && $0.type != .file } ?? (entry.symbol == 0)
    if isAbsolute, symbol != nil, let name = try symbols.name(of: entry, in: table, elf) {
      isAbsolute = !Landmarks.linkerNames.contains(name)
    }
    let isOfFile = isAbsolute && landmarks.isAddress(symbol?.value ?? UInt64(bitPattern: entry.addend ?? 0))
    var use = RelocationUse(kind, isConstant: isAbsolute && !isOfFile, isFixed: isAbsolute && !isOfFile)
    if use == .half {
      return try settleHalf(
        (entry, table, isAbsolute && !isOfFile), isSecond: kind == .minus, in: elf, &list)
    }
    if !isObject {
      if use == .gotOrPLT {
        isGOTKnown = true
        if elf.isRelaxed(entry) { use = .distance } else { gotLoads += 1 }
        // One cause, one finding: its section's.
        if hasGOT { use = .distance }
      }
      if kind == .gpRelative, elf.isFromZero(entry) { use = .fromZero }
      if relocatedByLoader.contains(entry.offset) { return }
    }
    if kind == .pageOffset || elf.isPageRelative(entry), pageRelative == nil {
      pageRelative = try RelocationText(entry, table, isDynamic: false, in: elf, &landmarks, &symbols)
        .location
    }
    try report(
      use, entry, table, symbolIsDefined: symbol.map { $0.definition != .undefined } ?? true, in: elf, &list)
  }

  private mutating func report(
    _ use: RelocationUse, _ entry: RelocationEntry, _ table: RelocationTable, symbolIsDefined: Bool = true,
    in elf: borrowing ELFFile, _ list: inout FindingList
  ) throws(ELFError) {
    let objectsMayLink = profile != .purgatory
    guard !use.isResolvedByLink || isObject && !objectsMayLink else { return }
    let rule = isObject && !objectsMayLink ? Rule.dynamicRelocation : use.rule
    let section = isObject ? table.targetSection : landmarks.section(of: entry.offset)?.index
    let kind = FindingList.Kind(
      rule: rule, type: entry.type ?? .max, section: section ?? 0,
      effect: use.rawValue &<< 1 | (symbolIsDefined ? 1 : 0))
    try list.add(kind) { () throws(ELFError) in
      let text = try RelocationText(entry, table, isDynamic: false, in: elf, &landmarks, &symbols)
      guard isObject else {
        return Finding(
          rule, text.location, found: "\(text.what), baked in", expected: use.expectedInstead,
          help: rule.help(for: elf.header.machine), subjects: text.subjects)
      }
      return Finding(
        rule, text.location, found: "\(text.what) \(use.prospect(symbolIsDefined: symbolIsDefined))",
        expected: objectsMayLink ? "position-independent code" : "none",
        help: use.isResolvedByLink
          ? "link the object with -pie instead of handing it to a loader"
          : rule.help(for: elf.header.machine),
        subjects: text.subjects)
    }
  }

  /// Takes up one half of a difference; nil: there are no more.
  private mutating func settleHalf(
    _ next: (entry: RelocationEntry, table: RelocationTable, isConstant: Bool)?, isSecond: Bool = false,
    in elf: borrowing ELFFile, _ list: inout FindingList
  ) throws(ELFError) {
    let first = half
    half = isSecond ? nil : next
    if let first {
      // The distance of two places, or of two numbers.
      if let next, isSecond, first.entry.offset == next.entry.offset, first.isConstant == next.isConstant {
        try report(.distance, first.entry, first.table, in: elf, &list)
        return try report(.distance, next.entry, next.table, in: elf, &list)
      }
      try report(.half, first.entry, first.table, in: elf, &list)
    }
    if let next, isSecond { try report(.half, next.entry, next.table, in: elf, &list) }
  }

  private mutating func findUndefined(in elf: borrowing ELFFile, _ list: inout FindingList) throws(ELFError) {
    // GNU ld writes the version behind a name in .symtab, but not in .dynsym.
    var names: Set<ArraySlice<UInt8>> = []
    var undefined: [(name: String, isWeak: Bool)] = []
    var tables = [try elf.symbolTable()]
    if elf.segments.contains(where: { $0.type == .dynamic })
      || elf.sections.contains(where: { $0.type == .dynamic })
    {
      tables.append(try elf.dynamicSymbolTable())
    }
    for case var table? in tables {
      for index in table.indices.dropFirst()
      where table[index].definition == .undefined && table[index].isNamed {
        let name = try table.nameBytes(index)
        guard names.insert(name.prefix { $0 != UInt8(ascii: "@") }).inserted else { continue }
        undefined.append((String(decoding: name, as: UTF8.self), table[index].binding == .weak))
      }
    }
    counts.undefinedSymbols = undefined.count
    // A link may define them.
    guard !isObject || profile == .purgatory else { return }
    for (name, isWeak) in undefined {
      list.add(FindingList.Kind(rule: .undefinedSymbol, effect: isWeak ? 1 : 0)) {
        Finding(
          .undefinedSymbol, name, found: isWeak ? "undefined weak symbol" : "undefined symbol",
          expected: "a definition in this file", help: Rule.undefinedSymbol.help(for: elf.header.machine))
      }
    }
  }

  private func findDynamicTables(in elf: borrowing ELFFile, _ list: inout FindingList) {
    let machine = elf.header.machine
    func report(_ rule: Rule, _ location: String, found: String, expected: String) {
      // All tables of a dynamic loader come of one link option.
      list.add(FindingList.Kind(rule: rule, section: rule == .dynamicSection ? 0 : location.hashValue)) {
        Finding(rule, location, found: found, expected: expected, help: rule.help(for: machine))
      }
    }
    for (index, segment) in elf.segments.enumerated() {
      let name: String? =
        switch segment.type {
        case .dynamic: "PT_DYNAMIC"
        case .interpreter: "PT_INTERP"
        default: nil
        }
      if let name {
        report(
          .dynamicSection, "program header \(index)", found: name, expected: "nothing for a dynamic loader")
      }
    }
    for section in elf.sections where section.isLoaded {
      let bytes = "\(section.size) bytes at \(String(hex: section.address))"
      if Self.dynamicTypes.contains(section.type) {
        report(.dynamicSection, section.name, found: bytes, expected: "nothing for a dynamic loader")
      } else if section.isGOTOrPLT {
        // One that nothing loads from any more holds addresses of no consequence; the one that GNU ld always makes none.
        if !isObject, isGOTKnown && gotLoads == 0 || elf.isReserved(section) { continue }
        report(.gotOrPLT, section.name, found: bytes, expected: "an empty one")
      } else if section.flags.contains(.threadLocal) {
        report(.threadLocal, section.name, found: bytes, expected: "nothing thread-local")
      }
    }
    // Of sections, it would say the same again.
    guard !elf.sections.contains(where: { $0.isLoaded && $0.flags.contains(.threadLocal) }) else { return }
    for (index, segment) in elf.segments.enumerated() where segment.type == .threadLocal {
      report(.threadLocal, "program header \(index)", found: "PT_TLS", expected: "nothing thread-local")
    }
  }

  private static let dynamicTypes: Set<Section.Kind> = [.dynamic, .dynamicSymbols, .hash, .gnuHash]
}

extension Section {
  /// Whether it takes memory.
  var isLoaded: Bool { flags.contains(.allocate) && size > 0 }

  fileprivate var isGOTOrPLT: Bool {
    [".got", ".plt", ".igot", ".iplt"].contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  /// Whether it says what a linker did to loaded bytes.
  fileprivate func holdsRetainedRelocations(in sections: [Section]) -> Bool {
    [.rela, .rel, .crel].contains(type) && !flags.contains(.allocate) && info > 0 && info < sections.count
      && sections[info].flags.contains(.allocate)
  }
}

extension ELFFile {
  /// Whether it is a GOT of the three words that a dynamic loader would fill in, and holds nothing.
  fileprivate func isReserved(_ section: Section) -> Bool {
    let words = section.fileRange.count / (header.elfClass == .elf64 ? 8 : 4)
    return section.name == ".got.plt" && words == 3 && bytes[section.fileRange].allSatisfy { $0 == 0 }
  }

  /// Whether the place goes by pages of 4 KiB: `adrp`.
  fileprivate func isPageRelative(_ entry: RelocationEntry) -> Bool {
    // ADR_PREL_PG_HI21, ADR_PREL_PG_HI21_NC, ADR_GOT_PAGE
    header.machine == .aarch64 && [275, 276, 311].contains(entry.type ?? 0)
  }
}
