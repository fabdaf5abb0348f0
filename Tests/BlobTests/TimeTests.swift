// TimeTests.swift — how long it took
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct Times {
  /// One tick is one instruction, so that every run takes as many.
  private func scenario(_ flags: PurgatoryInfo.Flags) async throws -> Scenario {
    var scenario = try await Scenario()
    scenario.machine.arguments = ["-icount", "shift=0,sleep=off"]
    try scenario.verify([.init(at: 0x4100_0000, .random(5000, seed: 97))], flags.union(.verifyRegions))
    return scenario
  }

  /// What the result line says, and the ticks that info says.
  private func time(_ scenario: Scenario) async throws -> (
    microseconds: UInt64?, ticks: UInt64, frequency: UInt64
  ) {
    let report = try await scenario.report()
    let match = try #require(
      try /purgatory: verified 5000 bytes in ([0-9]+) us \((sha2|scalar)\+(no)?cache\)\r\n/
        .firstMatch(in: report.purgatory))
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let ticks = try report.info(of: scenario.blob).verifyTicks
    return (UInt64(match.output.1), ticks, report.after.frequency)
  }

  @Test("microseconds, by CNTFRQ", arguments: [[], .noCache] as [PurgatoryInfo.Flags])
  func units(_ flags: PurgatoryInfo.Flags) async throws {
    var scenario = try await scenario(flags)
    let (microseconds, ticks, frequency) = try await time(scenario)
    #expect(microseconds == ticks &* 1_000_000 / max(1, frequency))
    for frequency in [1, 1_000_000, 19_200_000, 1_000_000_000] as [UInt64] {
      scenario.probe.frequency = frequency
      let (microseconds, again, asSet) = try await time(scenario)
      #expect(again == ticks)
      #expect(asSet == frequency)
      #expect(microseconds == ticks &* 1_000_000 / max(1, frequency))
    }
  }

  @Test("firmware that has not set CNTFRQ does no harm; the ticks are in info")
  func noFrequency() async throws {
    var scenario = try await scenario([])
    scenario.probe.frequency = 0
    let (microseconds, ticks, _) = try await time(scenario)
    #expect(microseconds == 0)
    #expect(ticks > 5000)
  }
}
