// Instructions.swift — AArch64 instructions in bytes
// SPDX-License-Identifier: MIT

extension [UInt8] {
  public init(instructions: [UInt32]) {
    self = instructions.flatMap { word in Swift.withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }

  public func instruction(at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(self[offset + $1]) << UInt32(clamping: 8 * $1) }
  }

  public mutating func setInstruction(at offset: Int, to instruction: UInt32) {
    replaceSubrange(offset..<offset + 4, with: [UInt8](instructions: [instruction]))
  }

  /// Replaces each instruction from an offset on for which `replacement` has another, given it and its offset.
  ///
  /// - Returns: how many.
  @discardableResult public mutating func replaceInstructions(
    from start: Int = 0, _ replacement: (UInt32, Int) -> UInt32?
  ) -> Int {
    var replaced = 0
    for offset in stride(from: start, to: count & ~3, by: 4) {
      guard let other = replacement(instruction(at: offset), offset) else { continue }
      setInstruction(at: offset, to: other)
      replaced += 1
    }
    return replaced
  }
}
