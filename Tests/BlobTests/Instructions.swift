// Instructions.swift — instructions that tests put into a blob in place of its own
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// Encodings (Arm ARM C4).
enum Instruction {
  static let undefined: UInt32 = 0x0000_0000  // udf #0
  static let breakpoint: UInt32 = 0xd420_0000  // brk #0
  static let ret: UInt32 = 0xd65f_03c0
  static let smc: UInt32 = 0xd400_0003  // smc #0
  static let hvc: UInt32 = 0xd400_0002  // hvc #0
  static let unmaskAll: UInt32 = 0xd503_4fff  // msr daifclr, #0xf
  static let isb: UInt32 = 0xd503_3fdf
  static let nop: UInt32 = 0xd503_201f
  static let wfi: UInt32 = 0xd503_207f

  /// A branch between two offsets of one blob.
  static func branch(from: Int, to: Int) -> UInt32 {
    0x1400_0000 | UInt32(truncatingIfNeeded: (to - from) / 4) & 0x03ff_ffff
  }

  static func jump(from: UInt64, to: UInt64) -> UInt32 {
    call(from: from, to: to) & ~0x8000_0000
  }

  static func call(from: UInt64, to: UInt64) -> UInt32 {
    0x9400_0000 | UInt32(truncatingIfNeeded: Int64(bitPattern: to &- from) / 4) & 0x03ff_ffff
  }

  /// Where the `bl` at `offset` goes; nil if it is none.
  static func callTarget(_ instruction: UInt32, at offset: Int) -> Int? {
    guard instruction >> 26 == 0b100101 else { return nil }
    return offset + 4 * Int(Int32(bitPattern: instruction << 6) >> 6)
  }

  /// Loads a 48-bit constant into x2.
  static func constant(_ value: UInt64) -> [UInt32] {
    (0..<3).map { part in
      (part == 0 ? 0xd280_0002 : 0xf280_0002) | UInt32(clamping: part) << 21
        | UInt32(clamping: value >> UInt64(16 * part) & 0xffff) << 5
    }
  }
}

/// System registers as MRS and MSR encode them, read form, Rt = 0.
private enum Register {
  static let isar0: UInt32 = 0xd538_0600
  static let mmfr0: UInt32 = 0xd538_0700
  static let mmfr3: UInt32 = 0xd538_0760
  static let mmfr4: UInt32 = 0xd538_0780
  static let hcrEL2: UInt32 = 0xd53c_1100
  static let tcr2EL1: UInt32 = 0xd538_2060
  static let tcr2EL2: UInt32 = 0xd53c_2060
  static let contextIDEL1: UInt32 = 0xd538_d020
  static let contextIDEL2: UInt32 = 0xd53c_d020
  /// Tells MRS from MSR.
  static let isRead: UInt32 = 1 << 21
  static let target: UInt32 = 0x1f
}

extension PlacedBlob {
  /// The ID registers say: no SHA-2 instructions.
  mutating func hideSHA2() throws {
    try answer("ID_AA64ISAR0_EL1", Register.isar0, 0)
  }

  /// The ID registers say: no 4 KiB pages.
  mutating func hide4KPages() throws {
    try answer("ID_AA64MMFR0_EL1", Register.mmfr0, 0xf000_0000)
  }

  /// HCR_EL2.E2H reads as 0, and ID_AA64MMFR4_EL1 says that it is 1 all the same.
  mutating func hideE2H() throws {
    try answer("HCR_EL2", Register.hcrEL2, 0)
    try answer("ID_AA64MMFR4_EL1", Register.mmfr4, 0x0f00_0000)
  }

  /// The ID registers say: FEAT_TCR2, which no emulated core has: TCR2 is UNDEFINED.
  mutating func showTCR2() throws {
    try answer("ID_AA64MMFR3_EL1", Register.mmfr3, 1)
  }

  /// Every read of a register gives `value`, of which either the lower or the upper half is 0.
  private mutating func answer(_ name: String, _ register: UInt32, _ value: UInt32) throws {
    let movz =
      value >> 16 == 0 ? 0xd280_0000 | value << 5 : 0xd2a0_0000 | (value >> 16) << 5  // movz xN, lsl #16
    try replaceInstructions("mrs of \(name)") { instruction, _ in
      instruction & ~Register.target == register ? movz | instruction & Register.target : nil
    }
  }

  /// Where the `bl` at an offset goes; nil if it is none.
  func callTarget(at offset: Int) -> Int? {
    Instruction.callTarget(instruction(at: offset), at: offset)
  }

  /// Goes on at `address` where it would halt.
  mutating func continueAfterHalt(at address: UInt64) throws {
    let base = base
    try replaceInstructions("wfi") { instruction, offset in
      instruction == Instruction.wfi ? Instruction.jump(from: base + UInt64(offset), to: address) : nil
    }
  }

  /// Reads and hashes no memory: every digest is `Digest.ofNothing`, wherever regions are.
  mutating func skipHashing() throws {
    try skipTouching()
    try overwrite("sha256_update", with: [0xd280_0000, Instruction.ret])  // mov x0, #0
  }

  /// Hashes regions without a look at where they begin and end.
  mutating func skipTouching() throws {
    try overwrite("touch_region", with: [0xd280_0000, Instruction.ret])  // mov x0, #0
  }

  /// Calls `address` in place of `routine`, from everywhere.
  mutating func redirect(_ routine: String, to address: UInt64) throws {
    let routineOffset = try range(of: routine).lowerBound
    let base = base
    try replaceInstructions("call of \(routine)") { instruction, offset in
      Instruction.callTarget(instruction, at: offset) == routineOffset
        ? Instruction.call(from: base + UInt64(offset), to: address) : nil
    }
  }

  /// FEAT_TCR2 with another register in TCR2's place, since no emulated core has it.
  mutating func standInForTCR2() throws {
    try replaceInstructions("access to TCR2") { instruction, _ in Instruction.standInForTCR2(instruction) }
  }
}

extension Instruction {
  /// The same access to CONTEXTIDR for one to TCR2, and ID_AA64MMFR3_EL1.TCRX = 1; nil: neither.
  static func standInForTCR2(_ instruction: UInt32) -> UInt32? {
    let target = instruction & Register.target
    let isRead = instruction & Register.isRead
    return switch instruction & ~Register.target | Register.isRead {
    case Register.mmfr3 where isRead != 0: 0xd280_0020 | target  // movz xN, #1
    case Register.tcr2EL1: Register.contextIDEL1 ^ Register.isRead | isRead | target
    case Register.tcr2EL2: Register.contextIDEL2 ^ Register.isRead | isRead | target
    default: nil
    }
  }
}
