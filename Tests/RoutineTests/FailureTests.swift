// FailureTests.swift — what happens when something is wrong, routine by routine: PSCI, exceptions, the MMU off at once
// SPDX-License-Identifier: MIT

import Emulation
import PurgatoryABI
import TestSupport
import Testing

extension Routines {
  private static let sctlr = Resident.SystemRegister(3, 0, 1, 0, 0)
  private static let elr = Resident.SystemRegister(3, 0, 4, 0, 1)
  private static let wfi: UInt32 = 0xd503_207f
  private static let smc: UInt32 = 0xd400_0003
  private static let hvc: UInt32 = 0xd400_0002
  private static let brk: UInt32 = 0xd420_0000
  /// SCTLR with C set; with M, this emulator could not fetch.
  private static let caches: UInt64 = 0x30d0_0804

  /// What cannot be answered in this emulator stops it: a `brk` for a call to the firmware.
  static func stoppingAtCalls() async throws -> Routines {
    try await Routines(at: 0x4020_0000, isBounded: true) { blob in
      let conduit = try blob.range(of: "psci_conduit")
      try blob.replaceInstructions("smc #0 and hvc #0") { instruction, offset in
        conduit.contains(offset) && (instruction == smc || instruction == hvc) ? brk : nil
      }
    }
  }

  /// The conduit that info names, then the other, once each, with the function as it was.
  func askFirmware(prefersHVC: Bool) throws {
    let function: UInt64 = 0x8400_0009
    let conduit = try blob.range(of: "psci_conduit")
    let text = try blob.address(of: "sha256_padding")  // no text: nobody sees it
    var calls: [Int] = []
    let flags = prefersHVC ? UInt64(PURGATORY_FLAG_PSCI_HVC) : 0
    var (end, _) = try start("call_psci", [text, function], flags: flags)
    while case .fault(_, let place) = end, calls.count < 4 {
      let offset = Int(clamping: place &- blob.base)
      guard conduit.contains(offset), core[x: 0] == function else {
        throw Difference(description: "call_psci: \(end), x0 \(hex(core[x: 0]))")
      }
      calls.append(offset)
      core[x: 0] = .max  // NOT_SUPPORTED
      end = try core.resume(at: place + 4, until: Self.end, limit: 1000)
    }
    guard end == .returned, calls.count == 2, (calls[0] < calls[1]) != prefersHVC else {
      throw Difference(description: "call_psci: \(end) after \(calls)")
    }
  }

  /// Of SCTLR, C and M go, and nothing else.
  func turnOffMMU() throws {
    try core.set(Self.sctlr, to: Self.caches)
    try call("mmu_off", [])
    let after = try core.systemRegister(Self.sctlr)
    guard after == Self.caches & ~5 else { throw Difference(description: "mmu_off: SCTLR \(hex(after))") }
  }

  /// A fault of the console makes it silent, and goes on where its routine was called.
  func faultOfConsole() throws {
    try core.set(Self.elr, to: try blob.address(of: "console_start"))
    let (end, _) = try start("handle_exception", []) { core in core[x: 21] = 0x0900_0000 }
    guard end == .returned, core[x: 21] == 0 else {
      throw Difference(description: "a fault of the console: \(end), console \(hex(core[x: 21]))")
    }
  }

  /// Any other is reported on a stack of its own, whatever the stack pointer is; and a second one only halts.
  func fault(again: Bool) throws {
    try core.set(Self.elr, to: blob.base + 0x1000)
    try core.set(Self.sctlr, to: Self.caches)
    let (end, _) = try start("handle_exception", [], mode: again ? Mode.faulted : 0) { core in
      core[x: Resident.sp] = 0x10
      core[x: 21] = 0
    }
    guard case .stopped(let place) = end,
      try blob.range(of: "halt").contains(Int(clamping: place &- blob.base &- 4))
    else { throw Difference(description: "an exception: \(end), expected to halt") }
    // The caches are not ours to turn off, whose regime they have.
    let after = try core.systemRegister(Self.sctlr)
    guard after == Self.caches else { throw Difference(description: "an exception: SCTLR \(hex(after))") }
  }

  /// When the first exception can be ours, nothing is known: it is silent, and halts.
  func enter() throws {
    let vectors = try blob.address(of: "install_vectors")
    core[x: 21] = .max
    core[x: 24] = .max
    let end = try core.resume(at: blob.base, until: vectors, limit: 100)
    guard end == .returned, core[x: 21] == 0, core[x: 24] == 0 else {
      throw Difference(description: "purgatory_entry: \(end), console or flags are not 0")
    }
  }

  /// A region that is not all there is found by a byte of each GiB and its last, before anything is done with its size.
  static func checkTouches() async throws {
    let base: UInt64 = 0x1_0000_0010
    let size: UInt64 = 2 << 30 + 0x2000
    let touched = [base, base + 1 << 30, base + 2 << 30, base + size - 1]
    for missing in [nil, 0, 1, 2, 3] as [Int?] {
      let pages = touched.indices.filter { $0 != missing }.map { touched[$0] & ~0xfff }
      let routines = try await Routines(
        at: 0x4020_0000, memory: pages.map { $0..<$0 + 0x1000 }, isBounded: true)
      let (end, _) = try routines.start("touch_region", [base, size])
      switch (end, missing) {
      case (.returned, nil) where routines.core[x: 0] == 0: break
      case (.fault, _?): break
      default: throw Difference(description: "touch_region, without piece \(missing ?? -1): \(end)")
      }
    }
    let routines = try await Routines(at: 0x4020_0000, isBounded: true)
    routines.core.place(0x5000_0000, at: routines.blob.infoAddress + 0x40)
    routines.core.place(1 << 40, at: routines.blob.infoAddress + 0x48)
    let (end, _) = try routines.start("verify", [], flags: UInt64(PURGATORY_FLAG_VERIFY_REGIONS))
    guard case .fault(_, let place) = end,
      try routines.blob.range(of: "touch_region").contains(Int(clamping: place &- routines.blob.base))
    else { throw Difference(description: "verify of a region without memory: \(end)") }
  }

  static func checkFailures() async throws {
    try await checkTouches()
    let routines = try await stoppingAtCalls()
    for prefersHVC in [false, true] { try routines.askFirmware(prefersHVC: prefersHVC) }
    try routines.enter()
    try routines.turnOffMMU()
    try routines.faultOfConsole()
    for again in [false, true] { try routines.fault(again: again) }
  }
}

@Suite struct FailureRoutines {
  @Test("a PSCI call, the MMU off, an exception of the console and any other")
  func failures() async throws { try await Routines.checkFailures() }
}
