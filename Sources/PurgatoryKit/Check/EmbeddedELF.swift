// EmbeddedELF.swift — purgatories that host programs carry with them
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// An ELF file within another, as kexec carries its purgatory.
package struct EmbeddedELF: Sendable {
  /// Its bytes, within the host's.
  package let range: Range<Int>

  /// A loader looks one of these up in its purgatory. That of RISC-V only refers to one.
  private static let symbols: Set<String> = ["purgatory_start", PurgatoryRules.infoSymbol]

  /// How many bytes may be looked at as ELF files and the names in them: so many, or so many times the host's. Hosts carry a
  /// few, a hostile one a header every 64 bytes, or names that share their strings.
  private static let budget = (bytes: 16 << 20, times: 64)
  /// A purgatory has a few thousand bytes; what debug information can make of that is far below this.
  private static let maximumSize = 64 << 20

  /// Every whole ELF file beyond the first byte that has a purgatory's symbols; none in a host with too many to look at.
  package static func all(in host: [UInt8]) -> [EmbeddedELF] {
    (try? search(host)) ?? []
  }

  /// As `all`.
  ///
  /// - Throws: for a host with more ELF headers in it than can be looked at.
  static func search(_ host: [UInt8]) throws(ELFError) -> [EmbeddedELF] {
    var found: [EmbeddedELF] = []
    var start = min(1, host.count)
    var budget = max(budget.bytes, budget.times.times(host.count) ?? .max)
    while let magic = host[start...].firstIndex(of: 0x7f) {
      start = magic + 1
      // The magic alone is also in what reads and writes ELF files.
      guard isIdentification(host[magic...].prefix(24)) else { continue }
      let candidate = Array(host[magic...].prefix(maximumSize))
      budget -= candidate.count
      let size = budget < 0 ? nil : purgatorySize(candidate, &budget)
      guard budget >= 0 else {
        throw ELFError(
          place: "offset \(String(hex: UInt64(magic)))",
          found: "one of very many ELF headers inside the file",
          expected: "few enough to look at each")
      }
      guard let size else { continue }
      found.append(EmbeddedELF(range: magic..<magic + size))
      start = magic + size
    }
    return found
  }

  /// Whether an ELF header's first fields are ones that there are: class, byte order, version, type, version again.
  private static func isIdentification(_ bytes: ArraySlice<UInt8>) -> Bool {
    let header = Array(bytes)
    guard header.count == 24, ELFFile.looksLikeELF(header), (1...2).contains(header[4]),
      (1...2).contains(header[5])
    else { return false }
    let isLittle = header[5] == 1
    return header[6] == 1 && (1...4).contains(header[isLittle ? 16 : 17]) && header[isLittle ? 20 : 23] == 1
  }

  /// The bytes of the purgatory at the start of `bytes`; nil: there is none.
  ///
  /// - Parameter budget: how many bytes of names may be looked at.
  private static func purgatorySize(_ bytes: [UInt8], _ budget: inout Int) -> Int? {
    guard let elf = try? ELFFile(bytes), var table = try? elf.symbolTable() else { return nil }
    var isPurgatory = false
    for index in table.indices {
      guard budget >= 0, let name = try? table.nameBytes(index) else { return nil }
      budget -= name.count
      isPurgatory = isPurgatory || symbols.contains { name.elementsEqual($0.utf8) }
    }
    return isPurgatory ? elf.extent : nil
  }
}
