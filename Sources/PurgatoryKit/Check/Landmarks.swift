// Landmarks.swift — what the names and the addresses in an ELF file stand for
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// Look-ups by address for the relocations of a file.
struct Landmarks {
  /// The loaded ones, by address.
  private let sections: [Section]
  /// The one that was found last.
  private var last: Section?
  /// The addresses of the segments, each from its first to the one behind its last: in order, and apart.
  private let memory: [ClosedRange<UInt64>]
  private var symbols: SymbolTable?
  /// Symbols that name code or data, by address: made at the second look-up.
  private var labels: [(address: UInt64, index: Int)]?
  private var lookups = 0
  /// What is called after which of very many symbols of one address.
  private var known: [UInt64: String?] = [:]
  /// With the symbol of the source file that is named before each.
  private var functions: [(address: UInt64, index: Int, file: Int?)]?

  init(_ elf: borrowing ELFFile) throws(ELFError) {
    sections = elf.sections.filter { $0.flags.contains(.allocate) && $0.size > 0 }
      .sorted { $0.address < $1.address }
    memory = elf.segments.filter { $0.type == .load && $0.memorySize > 0 }
      .sorted { $0.virtualAddress < $1.virtualAddress }
      .reduce(into: []) { memory, segment in
        let end = segment.virtualAddress &+ segment.memorySize
        if let last = memory.last, segment.virtualAddress <= last.upperBound {
          memory[memory.count - 1] = ClosedRange(
            uncheckedBounds: (last.lowerBound, max(last.upperBound, end)))
        } else {
          memory.append(ClosedRange(uncheckedBounds: (segment.virtualAddress, end)))
        }
      }
    symbols = try elf.symbolTable()
  }

  /// What linkers define, GNU ld as absolute symbols, though they are places.
  static let linkerNames: Set<String> = [
    "_DYNAMIC", "_GLOBAL_OFFSET_TABLE_", "_PROCEDURE_LINKAGE_TABLE_",
  ]

  /// Below this, addresses are numbers like any other.
  private static let lowestAddress: UInt64 = 0x1_0000

  /// Whether `value` is an address of the file by all appearances.
  func isAddress(_ value: UInt64) -> Bool {
    value >= Self.lowestAddress && memory.first.map { $0.lowerBound >= Self.lowestAddress } ?? false
      && isLoaded(value)
  }

  /// Whether the file's memory has `address`, or ends there.
  func isLoaded(_ address: UInt64) -> Bool {
    let index = memory.count(upTo: address) { $0.lowerBound }
    return index > 0 && memory[index - 1].contains(address)
  }

  /// The loaded section that has `address`.
  mutating func section(of address: UInt64) -> Section? {
    if let last, address &- last.address < last.size { return last }
    let index = sections.count(upTo: address) { $0.address }
    guard index > 0 else { return nil }
    let section = sections[index - 1]
    guard address &- section.address < section.size else { return nil }
    last = section
    return section
  }

  /// `SECTION+OFFSET`, if a loaded section has `address`.
  mutating func place(of address: UInt64) -> String? {
    section(of: address).map { "\($0.name.shortened)+\(String(hex: address &- $0.address))" }
  }

  /// The name of what is at `address`.
  mutating func label(at address: UInt64) -> String? {
    guard symbols != nil else { return nil }
    lookups += 1
    if lookups == 1 {
      // Most files ask once or twice.
      return name(best(of: symbols?.indices.filter { isLabel($0) && symbols?[$0].value == address } ?? []))
    }
    if labels == nil { labels = sorted() }
    if let known = known[address] { return known }
    let labels = labels ?? []
    let first = address.minus(1).map { labels.count(upTo: $0) { $0.address } } ?? 0
    let name = name(best(of: labels[first...].prefix { $0.address == address }.map(\.index)))
    known[address] = .some(name)
    return name
  }

  private func sorted() -> [(address: UInt64, index: Int)] {
    guard let symbols else { return [] }
    return symbols.indices.filter(isLabel).map { (symbols[$0].value, $0) }.sorted { $0 < $1 }
  }

  /// The function that `address` is in, and the source file that it is of, where a local symbol tells. In a relocatable
  /// file, addresses are offsets in `section`.
  mutating func function(at address: UInt64, in section: Int? = nil) -> String? {
    guard let table = symbols else { return nil }
    if functions == nil {
      var (file, found): (Int?, [(address: UInt64, index: Int, file: Int?)]) = (nil, [])
      for index in table.indices {
        let symbol = table[index]
        if symbol.type == .file { file = index }
        if symbol.type == .function, symbol.size > 0 { found.append((symbol.value, index, file)) }
      }
      functions = found.sorted { ($0.address, $0.index) < ($1.address, $1.index) }
    }
    let functions = functions ?? []
    let end = functions.count(upTo: address) { $0.address }
    // In a relocatable file others start at the same offset, of other sections.
    let found = functions[..<end].suffix(64).last {
      address &- $0.address < table[$0.index].size
        && (section == nil || table[$0.index].definition == section.map(Symbol.Definition.section))
    }
    guard let found, let function = name(found.index) else { return nil }
    let file = table[found.index].binding == .local ? found.file : nil
    return name(file).map { "\(function) of \($0)" } ?? function
  }

  /// Whether it names code or data; symbols of the toolchain's own, such as the mapping symbols `$x`, do not.
  private func isLabel(_ index: Int) -> Bool {
    guard let symbol = symbols?[index], case .section = symbol.definition else { return false }
    return symbol.type != .section && symbol.isNamed
  }

  /// A global name says more than a local one.
  private mutating func best(of indices: [Int]) -> Int? {
    let named = indices.filter { name($0).map { !$0.hasPrefix("$") } ?? false }
    return named.first { symbols?[$0].binding != .local } ?? named.first
  }

  private mutating func name(_ index: Int?) -> String? {
    guard let index, let name = try? symbols?.name(index), !name.isEmpty else { return nil }
    return name.shortened
  }
}

extension Array {
  /// How many of these, which are in the order of their addresses, are at `address` or before it.
  func count(upTo address: UInt64, _ addressOf: (Element) -> UInt64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if addressOf(self[middle]) <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Symbol {
  /// As in `Landmarks`.
  var isLabel: Bool {
    guard case .section = definition else { return false }
    return type != .section && !name.isEmpty && !name.hasPrefix("$")
  }
}
