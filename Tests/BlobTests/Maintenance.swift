// Maintenance.swift — the cache and TLB maintenance of a purgatory at EL1, as a firmware at EL2 saw it
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// One instruction.
struct Maintenance: Equatable, Sendable {
  enum Operation: Sendable {
    /// Forgets a data cache line; writes it to memory and forgets it.
    case dcIVAC, dcCIVAC
    /// Forgets all instructions; all translations of EL1.
    case icIALLU, tlbiVMALLE1
    /// Any other, by set and way among them.
    case other
  }

  var operation: Operation
  /// What it was given.
  var operand: UInt64
  /// SCTLR_EL1 at that time.
  var sctlr: UInt64

  var mmuIsOn: Bool { sctlr & 1 != 0 }
  var cacheIsOn: Bool { sctlr & 1 << 2 != 0 }

  static let log: UInt64 = 0x4700_0000
  static let logSize = 0x8_0000

  /// Empty.
  static let load = Machine.Load(
    at: log,
    withUnsafeBytes(of: (log + 16).littleEndian) { Array($0) } + [UInt8](repeating: 0, count: logSize - 8))

  static func all(in report: Report) throws(Report.Missing) -> [Maintenance] {
    let words = try report.words(log)
    let end = Int(truncatingIfNeeded: (words[0] - log) / 8)
    return stride(from: 2, to: end, by: 2).map { index in
      Maintenance(
        operation: operation(syndrome: words[index] & 0x1ff_ffff), operand: words[index + 1],
        sctlr: words[index] >> 32)
    }
  }

  /// ISS of a trapped instruction: op0, op2, op1, CRn, Rt, CRm, from bit 21 down (Arm ARM D24.2.40).
  private static func operation(syndrome: UInt64) -> Operation {
    let (op2, op1) = (syndrome >> 17 & 7, syndrome >> 14 & 7)
    let (crn, crm) = (syndrome >> 10 & 15, syndrome >> 1 & 15)
    return switch (op1, crn, crm, op2) {
    case (0, 7, 6, 1): .dcIVAC
    case (3, 7, 14, 1): .dcCIVAC
    case (0, 7, 5, 0): .icIALLU
    case (0, 8, 7, 0): .tlbiVMALLE1
    default: .other
    }
  }
}
