// StreamingTests.swift — entered in streaming SVE mode, as a crash in an interrupt leaves it
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct Streaming {
  /// Without FEAT_SME_FA64, SHA-2 and most of Advanced SIMD are UNDEFINED in streaming mode.
  private static let cpu = "max,sme_fa64=off"
  private static let both: UInt64 = 3

  private func scenario(_ level: Level, _ flags: PurgatoryInfo.Flags) async throws -> Scenario {
    var probe = Probe()
    probe.setup = .streaming
    var scenario = try await Scenario(level, cpu: Self.cpu, probe: probe)
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(5000, seed: 74))], flags.union(.verifyRegions))
    return scenario
  }

  @Test("PSTATE.SM and PSTATE.ZA are 0 on every path, and stay 0", arguments: Level.allCases)
  func isLeft(_ level: Level) async throws {
    for (flags, path) in [
      ([], PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2), (.noCache, PURGATORY_PATH_SHA2),
      (.noCrypto, PURGATORY_PATH_CACHED), ([.noCache, .noCrypto], 0),
    ] as [(PurgatoryInfo.Flags, Int32)] {
      let scenario = try await scenario(level, flags)
      let report = try await scenario.report()
      #expect(try #require(report.before).svcr == Self.both)
      #expect(report.after.svcr == 0)
      #expect(try scenario.violations(report) == [])
      let info = try report.info(of: scenario.blob)
      #expect(info.status == .verified)
      #expect(info.verifyPath == UInt64(path))
    }
  }

  @Test(
    "nothing to verify, or bad info: they are 0 for the next kernel all the same", arguments: Level.allCases)
  func nothingToVerify(_ level: Level) async throws {
    for skips in [true, false] {
      var scenario = try await scenario(level, [])
      scenario.info.flags = []
      scenario.info.skipChecks = skips
      let report = try await scenario.report()
      #expect(report.after.svcr == 0)
      #expect(try scenario.violations(report) == [])
      #expect(try report.info(of: scenario.blob).status == (skips ? .skipped : .badInfo))
    }
  }

  @Test(
    "an smstop that traps is reported, and not tried again on the way to the kernel",
    arguments: Level.allCases)
  func isTriedOnce(_ level: Level) async throws {
    var scenario = try await scenario(level, .noCache)
    let smstop: UInt32 = 0xd503_467f
    try scenario.blobs[0].replaceInstructions("smstop") { instruction, _ in
      instruction == smstop ? Instruction.undefined : nil
    }
    let report = try await scenario.report()
    #expect(ExceptionLine.all(in: report.purgatory).count == 1)
    #expect(try report.info(of: scenario.blob).status == .exception)
  }

  @Test("where it were not left, the first SHA-2 instruction would be undefined", arguments: Level.allCases)
  func isSeen(_ level: Level) async throws {
    var scenario = try await scenario(level, .noCache)
    try scenario.blobs[0].overwrite("leave_streaming_mode", with: [Instruction.ret])
    let report = try await scenario.report()
    #expect(report.after.svcr == Self.both)
    #expect(try report.info(of: scenario.blob).status == .exception)
  }
}
