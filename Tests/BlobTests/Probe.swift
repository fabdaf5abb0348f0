// Probe.swift — the payload: a stub that runs before the purgatory, and a "kernel" that reports what it was handed
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// The payload of Payload/ at an address, and its parameter block (Payload/include/probe.h).
struct Probe: Sendable {
  /// What the stub makes of the machine before it enters the purgatory.
  struct Setup: OptionSet, Sendable {
    let rawValue: UInt64
    static let e2h = Setup(rawValue: 1 << 0)
    /// FP/SIMD instructions trap.
    static let trapFP = Setup(rawValue: 1 << 1)
    /// Junk in x1-x29, SPSel = 0, both stack pointers misaligned.
    static let junk = Setup(rawValue: 1 << 2)
    /// DAIF = 0.
    static let unmasked = Setup(rawValue: 1 << 3)
    /// Down from EL2 to EL1, where every HVC and SMC is answered by "not supported" from there on.
    static let refusingFirmware = Setup(rawValue: 1 << 4)
  }

  enum Conduit: UInt64, Sendable {
    case smc, hvc
    /// No PSCI: the run ends when the last line has appeared.
    case none
  }

  /// Memory whose contents the kernel reports.
  struct Window: Sendable {
    var address: UInt64
    var size: Int
    /// All bytes, rather than their hash.
    var isDump: Bool
  }

  var base: UInt64 = 0x4010_0000
  /// A PL011.
  var uart: UInt64 = 0x0900_0000
  var conduit = Conduit.hvc
  var setup: Setup = []
  /// SCTLR bits that the stub sets.
  var sctlrBits: UInt64 = 0
  /// The x0 that the purgatory is entered with.
  var x0: UInt64 = 0
  /// 32-bit stores to devices that the stub does first.
  var pokes: [(address: UInt64, value: UInt32)] = []
  var windows: [Window] = []

  /// Where a core starts: before the purgatory.
  var stub: UInt64 { base }
  /// Where the purgatory ends.
  var kernel: UInt64 { base + 4 }
  /// Where a core that a test does not use stays.
  var park: UInt64 { base + 8 }
  /// The last line.
  static let lastLine = "after.end=0x0000000000000001\r\n"

  /// The payload with its parameter block; the stub will enter `target`.
  func load(entering target: UInt64) async throws -> Machine.Load {
    let words =
      [
        uart, conduit.rawValue, target, x0, setup.rawValue, sctlrBits, UInt64(pokes.count),
        UInt64(windows.count),
      ]
      + pokes.flatMap { [$0.address, UInt64($0.value)] }
      + windows.flatMap { [$0.address, UInt64($0.size) | ($0.isDump ? 1 << 63 : 0)] }
    let parameters = words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    return Machine.Load(at: base, try await Self.code.value + parameters)
  }

  private static let code = Task { try await flatBinary(source: "\(packageFolder)/Tests/BlobTests/Payload") }
}
