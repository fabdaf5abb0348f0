// TimeTests.swift — how long it took, in units that fit
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
  private func time(_ scenario: Scenario) async throws -> (text: String, ticks: UInt64, frequency: UInt64) {
    let report = try await scenario.report()
    let match = try #require(
      try /purgatory: verified 1 regions, 5000 bytes in ([0-9]+ [a-z]+) \((sha2|scalar)\+(no)?cache\)\r\n/
        .firstMatch(in: report.purgatory))
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let ticks = try report.info(of: scenario.blob).verifyTicks
    return (String(match.output.1), ticks, report.after.frequency)
  }

  @Test(
    "microseconds below 10000, milliseconds from there, by CNTFRQ",
    arguments: [[], .noCache] as [PurgatoryInfo.Flags])
  func units(_ flags: PurgatoryInfo.Flags) async throws {
    var scenario = try await scenario(flags)
    let (text, ticks, frequency) = try await time(scenario)
    #expect(text == "\(ticks * 1_000_000 / frequency) us")
    // The lowest frequency at which it takes less than 10 ms, and the next lower one.
    let limit = ticks * 1_000_000 / 10_000 + 1
    for (frequency, unit) in [(limit, "us"), (limit - 1, "ms"), (limit / 1000, "ms"), (1, "ms")] {
      scenario.probe.frequency = frequency
      let (text, again, asSet) = try await time(scenario)
      #expect(again == ticks)
      #expect(asSet == frequency)
      let microseconds = ticks * 1_000_000 / frequency
      #expect((microseconds < 10_000) == (unit == "us"))
      #expect(text == (unit == "us" ? "\(microseconds) us" : "\(microseconds / 1000) ms"))
    }
  }

  @Test("ticks, where firmware has not set CNTFRQ")
  func noFrequency() async throws {
    var scenario = try await scenario([])
    scenario.probe.frequency = 0
    let (text, ticks, _) = try await time(scenario)
    #expect(text == "\(ticks) ticks")
  }
}
