// BadInfoTests.swift — an info that makes no sense is refused, with the reason
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// Something wrong with info.
struct BadInfo: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// What the purgatory says.
  var reason: String
  var apply: @Sendable (inout PlacedBlob) -> Void

  init(_ description: String, _ reason: String, _ apply: @escaping @Sendable (inout PlacedBlob) -> Void) {
    testDescription = description
    self.reason = reason
    self.apply = apply
  }

  /// The kernel can be entered all the same.
  static let bootable = [
    BadInfo("magic's first byte", "magic") { $0.patch(PURGATORY_INFO_magic, UInt8(ascii: "p")) },
    BadInfo("magic's last byte", "magic") { $0.patch(PURGATORY_INFO_magic + 7, UInt8(ascii: "o")) },
    BadInfo("no magic", "magic") { $0.patch(PURGATORY_INFO_magic, UInt64(0)) },
    BadInfo("version 0", "version") { $0.patch(PURGATORY_INFO_version, UInt32(0)) },
    BadInfo("version 1", "version") { $0.patch(PURGATORY_INFO_version, UInt32(1)) },
    BadInfo("version 3", "version") { $0.patch(PURGATORY_INFO_version, UInt32(3)) },
    BadInfo("version 0x10002", "version") { $0.patch(PURGATORY_INFO_version, UInt32(0x10002)) },
    BadInfo("size 0x380", "size") { $0.patch(PURGATORY_INFO_size, UInt32(0x380)) },
    BadInfo("size 0x10390", "size") { $0.patch(PURGATORY_INFO_size, UInt32(0x10390)) },
    BadInfo("result_addr off by 4 bytes", "result_addr") { $0.info.resultAddress = 0x4700_0004 },
    BadInfo("result_addr off by 1 byte", "result_addr") { $0.info.resultAddress = 1 },
    BadInfo("region off by 8 bytes", "region base") { $0.info.regions[0].base += 8 },
    BadInfo("last region off by 1 byte", "region base") {
      $0.info.regions[15] = .init(base: 1, size: 1)
    },
    BadInfo("region to the end of the address space", "region size") {
      $0.info.regions[3] = .init(base: 0xffff_ffff_ffff_f000, size: 0x1000)
    },
    BadInfo("region that wraps", "region size") { $0.info.regions[3] = .init(base: 0x4100_0000, size: .max) },
    BadInfo("no VERIFY bit", "nothing to verify") { $0.info.flags = [] },
    BadInfo("VERIFY_REGIONS without a region", "nothing to verify") { $0.info.regions[0].size = 0 },
    BadInfo("VERIFY_COMBINED without a region", "nothing to verify") {
      $0.info.flags = .verifyCombined
      $0.info.regions[0].size = 0
    },
  ]

  static let notBootable = [
    BadInfo("no entry", "kernel_entry") { $0.info.kernelEntry = 0 },
    BadInfo("entry off by 1 byte", "kernel_entry") { $0.info.kernelEntry += 1 },
    BadInfo("entry off by 2 bytes", "kernel_entry") { $0.info.kernelEntry += 2 },
    BadInfo("no entry, RELATIVE", "kernel_entry") {
      $0.info.flags.insert(.relative)
      $0.info.kernelEntry = 0
    },
  ]
}

@Suite(.requiresQEMU) struct BadInfos {
  /// All is well with it.
  private func scenario() async throws -> Scenario {
    var scenario = try await Scenario()
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(1000, seed: 40))])
    scenario.info.onFailure = .boot
    return scenario
  }

  @Test("is refused, and nothing is verified", arguments: BadInfo.bootable)
  func bootable(_ bad: BadInfo) async throws {
    var scenario = try await scenario()
    bad.apply(&scenario.blob)
    let report = try await scenario.report()
    #expect(report.purgatory == Message.badInfo(bad.reason) + Message.bootingAnyway)
    #expect(try report.word(PURGATORY_INFO_status, of: scenario.blob) == PURGATORY_STATUS_BAD_INFO)
    #expect(try report.word(PURGATORY_INFO_verify_ticks, of: scenario.blob) == 0)
    #expect(try scenario.violations(report) == [])
  }

  @Test("is refused, and there is nowhere to boot to", arguments: BadInfo.notBootable)
  func notBootable(_ bad: BadInfo) async throws {
    var scenario = try await scenario()
    bad.apply(&scenario.blob)
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.console() == Message.badInfo(bad.reason) + Message.halted)
  }

  @Test("takes the failure action", arguments: Level.allCases)
  func powerOff(_ level: Level) async throws {
    var scenario = try await Scenario(level)
    scenario.info.onFailure = .poweroff
    #expect(try await scenario.console() == Message.badInfo("nothing to verify") + Message.poweringOff)
  }

  @Test("a blob that nobody filled in does nothing worse than halt")
  func unfilled() async throws {
    var scenario = try await Scenario()
    scenario.info = PurgatoryInfo()
    scenario.info.console = .init(.pl011, base: 0x0900_0000)
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.console() == Message.badInfo("kernel_entry") + Message.halted)
  }
}

@Suite(.requiresQEMU) struct SkipChecks {
  @Test(
    "any value but 0 skips, whatever the digests",
    arguments: [1, 0x100, 0x8000_0000, 0xffff_ffff] as [UInt32])
  func skip(_ value: UInt32) async throws {
    var scenario = try await Scenario()
    try scenario.verify(
      [Machine.Load(at: 0x4100_0000, .random(1000, seed: 41))], [.verifyRegions, .verifyCombined])
    scenario.segments[0].bytes[0] ^= 1
    scenario.blob.patch(PURGATORY_INFO_skip_checks, value)
    let report = try await scenario.report()
    #expect(report.purgatory == Message.banner(scenario.blob, .el1) + Message.skipped)
    #expect(try report.word(PURGATORY_INFO_status, of: scenario.blob) == PURGATORY_STATUS_SKIPPED)
    #expect(try scenario.violations(report) == [])
  }

  @Test("there need not be anything to verify")
  func nothing() async throws {
    var scenario = try await Scenario()
    scenario.info.skipChecks = true
    let report = try await scenario.report()
    #expect(report.purgatory == Message.banner(scenario.blob, .el1) + Message.skipped)
    #expect(try report.info(of: scenario.blob).status == .skipped)
    #expect(try scenario.violations(report) == [])
  }
}
