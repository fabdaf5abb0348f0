// EmbeddedELF.swift — purgatories that host programs carry with them
// SPDX-License-Identifier: MIT

import ELF

/// An ELF file within another, as kexec carries its purgatory.
public struct EmbeddedELF: Sendable {
  /// Its bytes, within the host's.
  public let range: Range<Int>

  /// A loader looks one of these up in its purgatory.
  private static let symbols: Set<String> = ["purgatory_start", PurgatoryRules.infoSymbol]

  /// How many bytes may be looked at as ELF files: hosts carry a few, a hostile one a header every 64 bytes.
  private static let budget = 1 << 30

  /// Every whole ELF file beyond the first byte that has a purgatory's symbols; none in a host with too many to look at.
  public static func all(in host: [UInt8]) -> [EmbeddedELF] {
    (try? search(host)) ?? []
  }

  /// As `all`.
  ///
  /// - Throws: for a host with more ELF headers in it than can be looked at.
  static func search(_ host: [UInt8]) throws(ELFError) -> [EmbeddedELF] {
    var found: [EmbeddedELF] = []
    var start = 1
    var budget = budget
    while let magic = host[start...].firstIndex(of: 0x7f) {
      start = magic + 1
      guard ELFFile.looksLikeELF(Array(host[magic...].prefix(4))) else { continue }
      budget -= host.count - magic
      guard budget >= 0 else {
        throw ELFError(
          place: "offset \(String(hex: UInt64(magic)))",
          found: "one of very many ELF headers inside the file",
          expected: "few enough to look at each")
      }
      guard let size = purgatorySize(Array(host[magic...])) else { continue }
      found.append(EmbeddedELF(range: magic..<magic + size))
      start = magic + size
    }
    return found
  }

  /// The bytes of the purgatory at the start of `bytes`; nil: there is none.
  private static func purgatorySize(_ bytes: [UInt8]) -> Int? {
    guard let elf = try? ELFFile(bytes), let names = try? elf.symbols().map(\.name),
      !symbols.isDisjoint(with: names)
    else { return nil }
    return elf.extent
  }
}
