// EmbeddedELF.swift — purgatories that host programs carry with them
// SPDX-License-Identifier: MIT

import ELF

/// An ELF file within another, as kexec carries its purgatory.
public struct EmbeddedELF: Sendable {
  /// Its bytes, within the host's.
  public let range: Range<Int>

  /// A loader looks one of these up in its purgatory.
  private static let symbols: Set<String> = ["purgatory_start", PurgatoryRules.infoSymbol]

  /// Every whole ELF file beyond the first byte that has a purgatory's symbols.
  public static func all(in host: [UInt8]) -> [EmbeddedELF] {
    var found: [EmbeddedELF] = []
    var start = 1
    while let magic = host[start...].firstIndex(of: 0x7f) {
      start = magic + 1
      guard ELFFile.looksLikeELF(Array(host[magic...].prefix(4))),
        let size = purgatorySize(Array(host[magic...]))
      else {
        continue
      }
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
