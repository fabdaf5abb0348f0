// PlacedBlob.swift — a purgatory at an address, filled in as a test likes
// SPDX-License-Identifier: MIT

import PurgatoryKit

public struct PlacedBlob: Sendable {
  public let base: UInt64
  public var info: PurgatoryInfo
  /// What the blob says that it needs, whatever a test makes of `info`.
  public let memorySize: UInt64
  /// Bytes at the end of the blob's memory that `load` leaves alone.
  public var reserved: UInt64 = 0
  /// Whether a test makes of `info` what the purgatory cannot believe `result_addr` of.
  public var resultIsIgnored = false
  /// The file, but for `info`.
  private var file: [UInt8]
  private let symbols: [String: Range<Int>]
  private var patches: [(offset: Int, bytes: [UInt8])] = []

  public init(at base: UInt64) async throws {
    self.base = base
    let binary = try await linkedBlob()
    file = binary.bytes
    symbols = binary.symbols
    info = try PurgatoryInfo(decoding: Array(file[Self.infoRange]))
    memorySize = info.memorySize
  }

  /// Where `struct purgatory_info` is in the blob.
  public static let infoRange = PurgatoryInfo.blobOffset..<PurgatoryInfo.blobOffset + PurgatoryInfo.size

  /// The address of `struct purgatory_info`.
  public var infoAddress: UInt64 { base + UInt64(PurgatoryInfo.blobOffset) }

  /// The address of the first byte behind the blob's memory.
  public var end: UInt64 { base + memorySize }

  /// Where the purgatory is to store its result; nil: nowhere.
  public var resultPlace: UInt64? {
    guard info.resultAddress != 0, !resultIsIgnored else { return nil }
    return info.resultAddress &+ (info.flags.contains(.relative) ? base : 0)
  }

  /// Writes `value` over the encoded `info` at an offset of purgatory_info.h: for what no `PurgatoryInfo` says.
  public mutating func patch<T: FixedWidthInteger>(_ offset: Int32, _ value: T) {
    patches.append((Int(offset), withUnsafeBytes(of: value.littleEndian) { Array($0) }))
  }

  public mutating func patch(_ offset: Int32, _ bytes: [UInt8]) {
    patches.append((Int(offset), bytes))
  }

  /// The bytes of `struct purgatory_info`.
  public var infoBytes: [UInt8] {
    guard var result = try? info.encoded() else { preconditionFailure("more regions than there is room for") }
    for (offset, bytes) in patches {
      result.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    return result
  }

  /// The bytes of the file.
  public var bytes: [UInt8] {
    var result = file
    result.replaceSubrange(Self.infoRange, with: infoBytes)
    return result
  }

  /// The file, and junk where its scratch will be, since no loader zeroes that.
  public var load: Machine.Load {
    let file = bytes
    let scratch = Int(clamping: memorySize - reserved) - file.count
    return Machine.Load(at: base, file + [UInt8](repeating: 0xa5, count: scratch))
  }
}

// MARK: - Other code than was built

extension PlacedBlob {
  public struct PatchError: Error, CustomStringConvertible {
    public let description: String
  }

  /// Where a symbol of the blob is, as offsets from its base.
  public func range(of symbol: String) throws(PatchError) -> Range<Int> {
    guard let range = symbols[symbol] else { throw PatchError(description: "the blob has no \(symbol)") }
    return range
  }

  /// The address of a symbol of the blob.
  public func address(of symbol: String) throws(PatchError) -> UInt64 {
    base + UInt64(try range(of: symbol).lowerBound)
  }

  /// Writes instructions over the first ones of a routine.
  public mutating func overwrite(_ routine: String, with instructions: [UInt32]) throws(PatchError) {
    let range = try range(of: routine)
    guard 4 * instructions.count <= range.count, range.upperBound <= file.count else {
      throw PatchError(description: "\(routine) has \(range.count) bytes in the file, not room for a patch")
    }
    for (index, instruction) in instructions.enumerated() {
      file.setInstruction(at: range.lowerBound + 4 * index, to: instruction)
    }
  }

  public func instruction(at offset: Int) -> UInt32 {
    file.instruction(at: offset)
  }

  /// Writes one instruction.
  public mutating func setInstruction(at offset: Int, to instruction: UInt32) {
    file.setInstruction(at: offset, to: instruction)
  }

  /// Replaces each instruction for which `replacement` has another, given the instruction and its offset.
  public mutating func replaceInstructions(
    _ what: String, _ replacement: (UInt32, Int) -> UInt32?
  ) throws(PatchError) {
    guard file.replaceInstructions(from: Self.infoRange.upperBound, replacement) > 0 else {
      throw PatchError(description: "the blob has no \(what)")
    }
  }

  /// The address of the first instruction that is `instruction`.
  public func address(of instruction: UInt32) throws(PatchError) -> UInt64 {
    for offset in stride(from: Self.infoRange.upperBound, to: file.count & ~3, by: 4)
    where file.instruction(at: offset) == instruction {
      return base + UInt64(offset)
    }
    throw PatchError(description: "the blob has no instruction 0x\(String(instruction, radix: 16))")
  }
}
