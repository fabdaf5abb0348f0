// Seal.swift — the mark in a purgatory that its bytes were proven: linked at several bases, they were the same
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import PurgatoryABI

/// The SHA-256 of the first branch and the code, which `build` writes behind it once it has proven it. So whoever has the blob, flat or not,
/// filled in or not, can tell code that was proven from code that was linked by hand, or damaged since.
///
/// It protects from mistakes: whoever wants to deceive himself can compute it.
package enum Seal {
  /// Where in a flat blob the code ends and the seal begins; nil: the blob has no end, or no room for one.
  static func offset(in flat: ArraySlice<UInt8>) -> Int? {
    // Linkers may fill their last page up, and loaders their file.
    let end = flat.lastIndex { $0 != 0 }.map { $0 + 1 } ?? flat.startIndex
    let flat = flat[..<end]
    let offset = flat.count - Int(PURGATORY_END_SIZE)
    let hasEnd = Array(flat.suffix(8)).integer(at: 0) == UInt64(PURGATORY_END_MAGIC)
    return hasEnd && offset >= codeOffset ? offset : nil
  }

  private static let codeOffset = PurgatoryInfo.blobOffset + PurgatoryInfo.size

  /// What it says.
  static let description = "the seal of its build"

  /// Whether `flat`, the loadable bytes of a purgatory, have the seal of their code.
  package static func isIntact(_ flat: ArraySlice<UInt8>) -> Bool {
    guard let offset = offset(in: flat) else { return false }
    let digest = digest(of: flat, upTo: offset)
    return flat.dropFirst(offset).prefix(digest.bytes.count).elementsEqual(digest.bytes)
  }

  /// Of the branch at byte 0 and the word behind it, and of the code.
  private static func digest(of flat: ArraySlice<UInt8>, upTo offset: Int) -> Digest {
    Digest(of: flat.prefix(8) + flat.dropFirst(codeOffset).prefix(offset - codeOffset))
  }

  /// What is wrong with the seal of `flat`; nil: it is intact, or there is none.
  static func fault(in flat: ArraySlice<UInt8>) -> Finding? {
    guard let offset = offset(in: flat), !isIntact(flat) else { return nil }
    let seal = Digest(bytes: Array(flat.dropFirst(offset).prefix(Digest.zero.bytes.count)))
    guard seal != .zero else { return nil }
    return Finding(
      .malformedELF, "seal",
      found: "code with the SHA-256 \(digest(of: flat, upTo: offset))",
      expected: "\(seal), which was proven", help: "the code is damaged: build or copy the file again")
  }

  /// Seals the loadable bytes at `range` of `file`.
  package static func set(in file: inout [UInt8], at range: Range<Int>) {
    guard let offset = offset(in: file[range]) else { return }
    let start = range.lowerBound + offset
    let digest = digest(of: file[range], upTo: offset)
    file.replaceSubrange(start..<start + digest.bytes.count, with: digest.bytes)
  }
}
