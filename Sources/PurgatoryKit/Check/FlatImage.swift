// FlatImage.swift — the flat file that an ELF file is copied to, and whether a given one is it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// The bytes of a flat file, which `objcopy -O binary` makes: those of the file, at the distances of their load addresses.
struct FlatImage: Sendable {
  /// By offset in the flat file.
  let pieces: [(offset: UInt64, name: String, bytes: [UInt8])]

  /// Whether there is memory that starts as zeros.
  private let hasZeros: Bool

  init(_ elf: borrowing ELFFile) {
    hasZeros = elf.segments.contains { $0.type == .load && $0.memorySize > $0.fileSize }
    let all = FlatLayout(elf).pieces
    let base = all.first?.loadAddress ?? 0
    pieces = all.map { ($0.loadAddress &- base, $0.name, Array(elf.bytes[$0.range])) }
  }

  var size: UInt64 { pieces.last.map { $0.offset &+ UInt64($0.bytes.count) } ?? 0 }

  /// - Parameter filledIn: bytes that may differ: a loader's.
  func isSame(as other: FlatImage, filledIn: Range<Int>? = nil) -> Bool {
    func own(_ piece: (offset: UInt64, name: String, bytes: [UInt8])) -> [UInt8] {
      guard let filledIn else { return piece.bytes }
      let start = Int(clamping: piece.offset)
      let skipped = filledIn.clamped(to: start..<start + piece.bytes.count)
      return Array(
        piece.bytes[..<(skipped.lowerBound - start)] + piece.bytes[(skipped.upperBound - start)...])
    }
    return pieces.elementsEqual(other.pieces) {
      $0.offset == $1.offset && $0.bytes.count == $1.bytes.count && own($0) == own($1)
    }
  }

  /// What keeps `flat` from being these bytes, complete and in order.
  ///
  /// - Parameter filledIn: bytes that may differ: a loader's.
  func differences(from flat: [UInt8], filledIn: Range<Int>?) -> [Finding] {
    func report(_ place: String, found: String, expected: String) -> [Finding] {
      [
        Finding(
          .flatLayout, place, found: found, expected: expected, help: "copy it again: objcopy -O binary")
      ]
    }
    guard !pieces.isEmpty else {
      return report("file", found: "an ELF file without loaded bytes", expected: "something to copy")
    }
    guard size <= UInt64(flat.count) else {
      return report("file", found: "\(flat.count) bytes", expected: "the \(size) that the ELF file loads")
    }
    var end = 0
    // What lies between is filled, and what lies behind padded, all alike.
    var fill: UInt8? = hasZeros ? 0 : nil
    func stranger(in gap: Range<Int>) -> Int? {
      gap.first { index in
        let isAlike = fill.map { $0 == flat[index] } ?? (flat[index] == 0 || flat[index] == 0xff)
        if isAlike { fill = flat[index] }
        return !isAlike
      }
    }
    for piece in pieces {
      let start = Int(clamping: piece.offset)
      guard start >= end else {
        return report(piece.name, found: "bytes of two sections", expected: "load addresses of its own")
      }
      if let index = stranger(in: end..<start) {
        return report(
          "offset \(String(hex: UInt64(index)))", found: "bytes that are not the ELF file's",
          expected: "nothing between its sections")
      }
      for (index, byte) in piece.bytes.enumerated()
      where flat[start + index] != byte && !(filledIn?.contains(start + index) ?? false) {
        return report(
          "offset \(String(hex: UInt64(start + index)))",
          found: "other bytes than \(piece.name)+\(String(hex: UInt64(index)))", expected: "the ELF file's")
      }
      end = start + piece.bytes.count
    }
    if let index = stranger(in: end..<flat.count) {
      return report(
        "offset \(String(hex: UInt64(index)))", found: "bytes behind the ELF file's",
        expected: "nothing, or padding")
    }
    return []
  }
}
