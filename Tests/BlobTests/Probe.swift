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
    /// MMU, D-cache and I-cache on, under an identity map.
    static let mmuOn = Setup(rawValue: 1 << 5)
    /// A task in streaming SVE mode was interrupted, its ZA enabled.
    static let streaming = Setup(rawValue: 1 << 7)
    /// PSTATE.PAN = 1.
    static let pan = Setup(rawValue: 1 << 8)
    /// HCR_EL2.TGE = 0 under `e2h`.
    static let withoutTGE = Setup(rawValue: 1 << 63)
  }

  /// A firmware at EL2, which drops to EL1 before the purgatory is entered: what it does from there on.
  struct Firmware: OptionSet, Sendable {
    let rawValue: Int
    /// Answers every HVC and SMC with "not supported".
    static let refusesCalls = Firmware(rawValue: 1 << 0)
    /// Shows ID registers of a core without SHA-2 instructions.
    static let hidesSHA2 = Firmware(rawValue: 1 << 1)
    /// Shows ID registers of a core without 4 KiB pages.
    static let hides4KPages = Firmware(rawValue: 1 << 2)
    /// Has an interrupt of each kind pending all the time.
    static let pendsIRQ = Firmware(rawValue: 1 << 3)
    static let pendsFIQ = Firmware(rawValue: 1 << 4)
    static let pendsSError = Firmware(rawValue: 1 << 5)
    /// Keeps a log of cache and TLB maintenance: see `Maintenance`.
    static let logsMaintenance = Firmware(rawValue: 1 << 6)
    /// Has an IRQ with superpriority (FEAT_NMI) pending once ID_AA64MMFR0_EL1 was read.
    static let pendsNMI = Firmware(rawValue: 1 << 7)
  }

  enum Conduit: UInt64, Sendable {
    case smc, hvc
    /// No PSCI: the run ends when the last line has appeared.
    case none
  }

  /// Memory whose contents the kernel reports.
  struct Window: Sendable {
    enum Contents: UInt64, Sendable {
      /// Their FNV-1a hash.
      case hash = 0
      /// 64-bit words, for what has many that are the same.
      case words = 0x4000_0000_0000_0000
      case bytes = 0x8000_0000_0000_0000
    }
    var address: UInt64
    var size: Int
    var contents: Contents

    init(address: UInt64, size: Int, _ contents: Contents) {
      self.address = address
      self.size = size
      self.contents = contents
    }
  }

  var base: UInt64 = 0x4010_0000
  /// A PL011.
  var uart: UInt64 = 0x0900_0000
  var conduit = Conduit.hvc
  var setup: Setup = []
  var firmware: Firmware?
  /// SCTLR bits that the stub sets.
  var sctlrBits: UInt64 = 0
  /// What TCR, TTBR0, MAIR and VBAR hold when the purgatory is entered; 0: something that passes for normal.
  var regime: UInt64 = 0
  /// CNTFRQ_EL0, where the stub may write it: on a machine without EL2.
  var frequency: UInt64?
  /// The x0 that the purgatory is entered with.
  var x0: UInt64 = 0
  /// 32-bit stores to devices that the stub does first.
  var pokes: [(address: UInt64, value: UInt32)] = []
  var windows: [Window] = []
  /// Another register in TCR2's place: see `Instruction.standInForTCR2`.
  var standsInForTCR2 = false
  /// Where the log of maintenance is.
  var log: UInt64 = 0
  /// Where `spy` goes on.
  var spyNext: UInt64 = 0

  /// Where a core starts: before the purgatory.
  var stub: UInt64 { base }
  /// Where the purgatory ends.
  var kernel: UInt64 { base + 4 }
  /// Where a core that a test does not use stays.
  var park: UInt64 { base + 8 }
  /// A routine for the purgatory to call: it notes the system state, for the report.
  var spy: UInt64 { base + 12 }
  /// The last line.
  static let lastLine = "after.end=0x0000000000000001\r\n"

  /// The payload with its parameter block; the stub will enter `target`.
  func load(entering target: UInt64) async throws -> Machine.Load {
    let setupBits =
      setup.rawValue & 0x1ff | (firmware == nil ? 0 : 1 << 4) | (frequency == nil ? 0 : 1 << 6)
    let sctlr = sctlrBits | (setup.contains(.mmuOn) ? 0x1005 : 0)  // I, C, M
    var words = [uart, conduit.rawValue, target, x0, setupBits, sctlr]
    words += [
      hcr, firmware?.contains(.hidesSHA2) == true ? 0xf000 : 0,
      firmware?.contains(.hides4KPages) == true ? 0xf000_0000 : 0,
    ]
    words += [regime, frequency ?? 0, spyNext, log, firmware?.contains(.pendsNMI) == true ? 1 : 0]
    words += [UInt64(pokes.count), UInt64(windows.count)]
    words += pokes.flatMap { [$0.address, UInt64($0.value)] }
    words += windows.flatMap { [$0.address, UInt64($0.size) | $0.contents.rawValue] }
    let parameters = words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    var code = try await Self.code.value
    if standsInForTCR2 {
      code.replaceInstructions { instruction, _ in Instruction.standInForTCR2(instruction) }
    }
    return Machine.Load(at: base, code + parameters)
  }

  /// What the stub writes to HCR_EL2; 0: nothing.
  private var hcr: UInt64 {
    let rw: UInt64 = 1 << 31
    if setup.contains(.e2h) {
      return rw | 1 << 34 | (setup.contains(.withoutTGE) ? 0 : 1 << 27)
    }
    guard let firmware else { return 0 }
    var hcr = rw
    if firmware.contains(.refusesCalls) { hcr |= 1 << 19 }  // TSC
    if !firmware.isDisjoint(with: [.hidesSHA2, .hides4KPages, .pendsNMI]) { hcr |= 1 << 18 }  // TID3
    if firmware.contains(.pendsIRQ) { hcr |= 1 << 7 | 1 << 4 }  // VI, IMO
    if firmware.contains(.pendsFIQ) { hcr |= 1 << 6 | 1 << 3 }  // VF, FMO
    if firmware.contains(.pendsSError) { hcr |= 1 << 8 | 1 << 5 }  // VSE, AMO
    if firmware.contains(.logsMaintenance) { hcr |= 0b1111 << 22 }  // TSW, TPC, TPU, TTLB
    return hcr
  }

  private static let code = Task { try await flatBinary(source: "\(packageFolder)/Tests/BlobTests/Payload") }
}
