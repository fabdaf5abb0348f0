// Landmarks.swift — what the names and the addresses in an ELF file stand for
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// Look-ups for the many relocations of a file, each in little time.
struct Landmarks {
  /// Names of numbers, and of nothing else in the file.
  private let constants: Set<String>
  private let defined: Set<String>
  /// The loaded ones, by address.
  private let sections: [Section]
  private let labels: [UInt64: String]

  init(_ symbols: [Symbol], in elf: borrowing ELFFile) {
    let sectionNames = elf.sections.map(\.name)
    // A source file's name is an absolute symbol, too.
    let absolutes = symbols.filter { $0.definition == .absolute && $0.type != .file }
    // Of two symbols of one name, either may be meant.
    let others = symbols.filter { $0.definition != .absolute }.map(\.name)
    constants = Set(absolutes.map(\.name)).subtracting(others).subtracting(sectionNames)
      .subtracting(Self.linkerNames)
    defined = Set(symbols.filter { $0.definition != .undefined }.map(\.name)).union(sectionNames)

    sections = elf.sections.filter { $0.flags.contains(.allocate) && $0.size > 0 }
      .sorted { $0.address < $1.address }
    // A global name says more than a local one.
    labels = Dictionary(symbols.filter(\.isLabel).map { ($0.value, $0) }) { $0.binding == .local ? $1 : $0 }
      .mapValues(\.name)
  }

  /// Addresses, though GNU ld makes their symbols absolute.
  private static let linkerNames = ["_DYNAMIC", "_GLOBAL_OFFSET_TABLE_", "_PROCEDURE_LINKAGE_TABLE_"]

  /// A name of this length is in a hostile file, and looking it up for each relocation takes too long.
  private static let maximumLength = 1 << 12

  /// Whether `name` is a number's, and the same wherever the file is linked.
  func isConstant(_ name: String) -> Bool {
    name.utf8.count <= Self.maximumLength && constants.contains(name)
  }

  func isDefined(_ name: String) -> Bool {
    name.utf8.count <= Self.maximumLength && defined.contains(name)
  }

  /// The name of what is at `address`.
  func label(at address: UInt64) -> String? { labels[address] }

  /// `SECTION+OFFSET`, if a loaded section has `address`.
  func place(of address: UInt64) -> String? {
    var range = sections.startIndex..<sections.endIndex
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = sections[middle].address <= address ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    guard range.lowerBound > 0 else { return nil }
    let section = sections[range.lowerBound - 1]
    guard address &- section.address < section.size else { return nil }
    return "\(section.name.shortened)+\(String(hex: address &- section.address))"
  }
}

extension Symbol {
  /// Whether it names code or data; symbols of the toolchain's own, such as the mapping symbols `$x`, do not.
  var isLabel: Bool {
    guard case .section = definition else { return false }
    return type != .section && !name.isEmpty && !name.hasPrefix("$")
  }
}
