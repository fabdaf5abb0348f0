// RegimeTests.swift — the translation regime: what it is while the purgatory hashes, and that it comes back
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// System registers when the purgatory is entered.
struct Regime: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// What TCR, TTBR0, MAIR and VBAR hold.
  var value: UInt64

  static let junk = [
    Regime(testDescription: "all bits set", value: .max),
    Regime(testDescription: "alternating bits", value: 0xaaaa_aaaa_aaaa_aaaa),
    Regime(testDescription: "the other bits", value: 0x5555_5555_5555_5555),
  ]
}

@Suite(.requiresQEMU) struct Regimes {
  private static let m: UInt64 = 1 << 0
  private static let c: UInt64 = 1 << 2
  private static let i: UInt64 = 1 << 12
  /// A, SA, WXN and EE.
  private static let disturbing: UInt64 = 1 << 1 | 1 << 3 | 1 << 19 | 1 << 25
  private static let region = Machine.Load(at: 0x4100_0000, .random(1000, seed: 70))

  /// Blobs that succeed, fail, and meet an exception, cached and not, one after the other; each boots on.
  private func everyPath(_ level: Level, cpu: String = "max", probe: Probe) async throws -> Scenario {
    var scenario = try await Scenario(level, cpu: cpu, chain: chainBases(8), probe: probe)
    scenario.segments = [Self.region]
    for index in scenario.blobs.indices {
      var blob = scenario.blobs[index]
      try blob.info.expect(scenario.segments, .verifyRegions)
      blob.info.onFailure = .boot
      if index % 2 == 1 { blob.info.flags.insert(.noCache) }
      switch index / 2 {
      case 1: blob.info.regions[0].digest = .zero
      case 2: try blob.overwrite("compare_digest", with: [Instruction.undefined])
      case 3: blob.info.skipChecks = true
      default: break
      }
      scenario.blobs[index] = blob
    }
    return scenario
  }

  private static let statuses: [PurgatoryInfo.Status] = [
    .verified, .verified, .mismatch, .mismatch, .exception, .exception, .skipped, .skipped,
  ]

  @Test(
    "on every path registers come back that held junk, and nothing of the junk is used",
    arguments: Level.allCases, Regime.junk)
  func junk(_ level: Level, _ regime: Regime) async throws {
    var probe = Probe()
    probe.regime = regime.value
    probe.sctlrBits = Self.disturbing
    probe.setup = [.junk, .trapFP, .unmasked]
    let scenario = try await everyPath(level, probe: probe)
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let before = try #require(report.before)
    #expect(before.restored["sctlr"]! & Self.disturbing == Self.disturbing)
    for name in ["tcr", "ttbr0", "mair", "vbar"] {
      #expect(before.restored[name]! & 0xff00 == regime.value & 0xff00, "the stub set \(name)")
    }
    #expect(try scenario.blobs.map { try report.info(of: $0).status } == Self.statuses)
  }

  @Test("E2H without TGE is as good")
  func withoutTGE() async throws {
    var probe = Probe()
    probe.setup = [.withoutTGE, .trapFP]
    let scenario = try await everyPath(.el2e2h, probe: probe)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.before?.restored["hcr"] == 1 << 34 | 1 << 31)
    #expect(try scenario.blobs.map { try report.info(of: $0).status } == Self.statuses)
    #expect(
      try report.info(of: scenario.blob).verifyPath == UInt64(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2))
  }

  @Test(
    "entered with the MMU on: somebody's translation regime is left alone, and the caches are not the purgatory's",
    arguments: Level.allCases)
  func mmuOn(_ level: Level) async throws {
    var probe = Probe()
    probe.setup = .mmuOn
    let scenario = try await everyPath(level, probe: probe)
    let report = try await scenario.report()
    let on = Self.m | Self.c | Self.i
    #expect(report.before?.restored["sctlr"].map { $0 & on } == on)
    #expect(try scenario.violations(report) == [])
    for (blob, status) in zip(scenario.blobs, Self.statuses) {
      let info = try report.info(of: blob)
      #expect(info.status == status)
      #expect(info.verifyPath & UInt64(PURGATORY_PATH_CACHED) == 0)
    }
    for blob in scenario.blobs.prefix(2) {
      #expect(report.timeless.contains(Message.verified(blob, UInt64(PURGATORY_PATH_SHA2))))
    }
  }

  @Test(
    "with FEAT_TCR2, TCR2 is zero under the purgatory's map, and comes back", arguments: Level.allCases)
  func tcr2(_ level: Level) async throws {
    // No emulated core has it: CONTEXTIDR plays TCR2, here and in the blob.
    var probe = Probe()
    probe.standsInForTCR2 = true
    var scenario = try await spied(level, probe: probe)
    try scenario.blobs[0].standInForTCR2()
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(try #require(report.before).restored["tcr2"] == 0x1234_0000)
    #expect(try #require(report.during).restored["tcr2"] == 0)
  }

  // MARK: - In the middle of it

  /// The payload in the room for page tables, behind those in use: it is mapped, and the purgatory can call the spy.
  private func spied(_ level: Level, cpu: String = "max", probe: Probe = Probe()) async throws -> Scenario {
    var probe = probe
    let blob = try await PlacedBlob(at: 0x4400_0000)
    let room: UInt64 = 0x8000
    probe.base = blob.end - room
    probe.spyNext = try blob.address(of: "sha256_init")
    var scenario = try await Scenario(level, cpu: cpu, chain: [blob.base], probe: probe)
    try scenario.verify([Self.region])
    scenario.blobs[0].reserved = room
    try scenario.blobs[0].redirect("sha256_init", to: probe.spy)
    return scenario
  }

  private func field(_ value: UInt64, _ shift: UInt64, _ width: UInt64) -> UInt64 {
    value >> shift & (1 << width - 1)
  }

  @Test(
    "while it hashes: its own tables, write-back and inner-shareable walks, the core's address size",
    arguments: Level.allCases, cpus)
  func during(_ level: Level, _ cpu: String) async throws {
    guard level.exists(on: cpu) else { return }
    var probe = Probe()
    probe.sctlrBits = Self.disturbing
    probe.setup = [.junk, .trapFP, .unmasked]
    let scenario = try await spied(level, cpu: cpu, probe: probe)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.timeless.hasSuffix("(sha2+cache)\r\n"))
    let during = try #require(report.during)
    let registers = during.restored

    let sctlr = try #require(registers["sctlr"])
    let on = Self.m | Self.c | Self.i
    #expect(sctlr == (level == .el2 ? 0x30c5_0830 : 0x30d0_0800) | on, "what is RES1, and no more")
    #expect(registers["ttbr0"] == scenario.blob.end - PageTables.room)
    #expect(registers["mair"] == 0xff, "write-back with allocation")
    let vbar = try #require(registers["vbar"])
    #expect(vbar % 0x800 == 0 && vbar > scenario.blob.base && vbar < scenario.blob.end)
    #expect(during.daif == 0x3c0)
    #expect(registers["spsel"] == 1)
    let fp = try #require(registers["fp_trap"])
    let found = try #require(report.before?.restored["fp_trap"])
    #expect(fp == (level == .el2 ? found & ~(1 << 10) : found | 0b11 << 20))

    let tcr = try #require(registers["tcr"])
    let addressSize: UInt64 = cpu == "cortex-a72" ? 0b100 : 0b101  // 44 bits; 48 bits, though max has 52
    #expect(field(tcr, 0, 6) == 16, "T0SZ")
    #expect(field(tcr, 8, 2) == 1 && field(tcr, 10, 2) == 1 && field(tcr, 12, 2) == 3, "IRGN0, ORGN0, SH0")
    #expect(field(tcr, 14, 2) == 0, "TG0: 4 KiB")
    #expect(field(tcr, 23, 1) == 1, "EPD1, or RES1")
    #expect(field(tcr, 31, 1) == 1, "TG1, or RES1")
    if level == .el2 {
      #expect(field(tcr, 16, 3) == addressSize, "PS")
      #expect(field(tcr, 19, 4) == 0 && field(tcr, 24, 7) == 0 && tcr >> 32 == 0, "nothing else")
    } else {
      #expect(field(tcr, 32, 3) == addressSize, "IPS")
      #expect(field(tcr, 7, 1) == 0, "EPD0")
      #expect(tcr >> 35 == 0, "nothing else")
    }
  }
}
