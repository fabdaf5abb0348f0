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
  /// The addresses of each segment, from the first to the one behind the last.
  private let segments: [ClosedRange<UInt64>]
  private var symbols: SymbolTable?
  /// Symbols that name code or data, by address: made at the second look-up.
  private var labels: [(address: UInt64, index: Int)]?
  private var lookups = 0
  private var functions: [(address: UInt64, index: Int)]?

  init(_ elf: borrowing ELFFile) throws(ELFError) {
    sections = elf.sections.filter { $0.flags.contains(.allocate) && $0.size > 0 }
      .sorted { $0.address < $1.address }
    segments = elf.segments.filter { $0.type == .load && $0.memorySize > 0 }.map {
      ClosedRange(uncheckedBounds: ($0.virtualAddress, $0.virtualAddress &+ $0.memorySize))
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
    value >= Self.lowestAddress && isLoaded(value)
      && segments.allSatisfy { $0.lowerBound >= Self.lowestAddress }
  }

  /// Whether the file's memory has `address`, or ends there.
  func isLoaded(_ address: UInt64) -> Bool { segments.contains { $0.contains(address) } }

  /// The loaded section that has `address`.
  mutating func section(of address: UInt64) -> Section? {
    if let last, address &- last.address < last.size { return last }
    var range = sections.startIndex..<sections.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = sections[middle].address <= address ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    guard range.lowerBound > 0 else { return nil }
    let section = sections[range.lowerBound - 1]
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
    let labels = labels ?? []
    var low = 0
    var high = labels.count
    while low < high {
      let middle = (low + high) / 2
      if labels[middle].address < address { low = middle + 1 } else { high = middle }
    }
    return name(best(of: labels[low...].prefix { $0.address == address }.map(\.index)))
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
      functions = table.indices.filter { table[$0].type == .function && table[$0].size > 0 }
        .map { (table[$0].value, $0) }.sorted { $0 < $1 }
    }
    let functions = functions ?? []
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].address <= address { low = middle + 1 } else { high = middle }
    }
    // In a relocatable file others start at the same offset, of other sections.
    let index = functions[..<low].suffix(64).last {
      address &- $0.address < table[$0.index].size
        && (section == nil || table[$0.index].definition == section.map(Symbol.Definition.section))
    }?.index
    guard let index, let function = name(index) else { return nil }
    let file = table[index].binding == .local ? table.indices[..<index].last { table[$0].type == .file } : nil
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

extension Symbol {
  /// As in `Landmarks`.
  var isLabel: Bool {
    guard case .section = definition else { return false }
    return type != .section && !name.isEmpty && !name.hasPrefix("$")
  }
}
