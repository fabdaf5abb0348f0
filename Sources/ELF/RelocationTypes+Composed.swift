// RelocationTypes+Composed.swift — the relocation types of 64-bit MIPS, up to three in one number
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

extension RelocationTypes {
  /// The types in the bytes of `number`, each of which has the result of the one before it as its addend: the name of
  /// what sets up the GOT's register, for instance, is `R_MIPS_GPREL16/R_MIPS_SUB/R_MIPS_HI16`.
  ///
  /// Only the first one has the relocation's symbol. Later ones that would be absolute have no address to add, so
  /// that the result depends on what the first one's depends on.
  ///
  /// nil if one of the types has no name, and if the second one has a symbol of its own: the fourth byte.
  func composition(_ number: UInt32) -> (name: Substring, classification: RelocationClass)? {
    guard prefix == Self.mips.prefix, number > 0xff, number <= 0xff_ffff else { return nil }
    var numbers = [number & 0xff, number >> 8 & 0xff, number >> 16]
    if numbers.last == 0 { numbers.removeLast() }
    let parts = numbers.compactMap { type($0) }
    guard parts.count == numbers.count else { return nil }
    let first = parts[0].classification
    let isFirst =
      first != .none
      && parts.dropFirst().allSatisfy { $0.classification == .none || $0.classification == .absolute }
    return (Substring(parts.map(\.name).joined(separator: "/" + prefix)), isFirst ? first : .unknown)
  }
}
