// BakedAddresses.swift — words of a linked file that are addresses of it by all appearances
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// A linker leaves no trace of what it has applied, nor of what its script says; but an address is still there to see
/// where the file was linked far from 0, and words have 64 bits.
enum BakedAddresses {
  /// One finding for each section with such words.
  ///
  /// - Parameter filledIn: bytes of the file that are not its own, but a loader's.
  static func find(
    in elf: borrowing ELFFile, except filledIn: Range<Int>?, into list: inout FindingList
  ) throws(ELFError) {
    // One cause, one finding: where relocations tell of addresses, their bytes need not.
    guard elf.header.type != .relocatable, elf.header.elfClass == .elf64,
      list.broken.isDisjoint(with: [.absoluteAddress, .dynamicRelocation, .gotOrPLT])
    else { return }
    var landmarks = try Landmarks(elf)
    let pieces =
      elf.sections.isEmpty
      ? []
      : elf.sections.filter { $0.isLoaded && $0.type != .noBits && !$0.isTable }
    let isLittle = elf.header.byteOrder == .littleEndian
    for section in pieces {
      let range = section.fileRange
      let skipped = Int(clamping: (8 &- section.address & 7) & 7)
      for offset in stride(from: range.lowerBound + skipped, through: range.upperBound - 8, by: 8) {
        // Most words are no addresses of anything: their high bytes tell.
        guard elf.bytes[isLittle ? offset + 7 : offset] == 0, !(filledIn?.contains(offset) ?? false) else {
          continue
        }
        let bytes = elf.bytes[offset..<offset + 8]
        let word = (isLittle ? bytes.reversed() : Array(bytes)).reduce(0) { $0 << 8 | UInt64($1) }
        guard landmarks.isAddress(word) else { continue }
        let address = section.address &+ UInt64(offset - range.lowerBound)
        list.add(FindingList.Kind(rule: .absoluteAddress, section: section.index, effect: .max)) {
          Finding(
            .absoluteAddress, landmarks.place(of: address) ?? String(hex: address),
            found: "\(String(hex: word)), the address of "
              + (landmarks.label(at: word) ?? landmarks.place(of: word) ?? "the end of the file's memory"),
            expected: "no absolute address", help: Rule.absoluteAddress.help(for: elf.header.machine),
            subjects: [section.name])
        }
      }
    }
  }
}

extension Section {
  /// Whether it is for a dynamic loader, and full of addresses that other rules speak of.
  fileprivate var isTable: Bool {
    [.dynamic, .dynamicSymbols, .hash, .gnuHash, .rela, .rel, .relr].contains(type) || name.hasPrefix(".got")
  }
}
