// FailureActionTests.swift — what happens after a failure is what the loader chose
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct FailureActions {
  /// A region that does not match; the text that says so.
  private func scenario(_ level: Level, _ action: PurgatoryInfo.FailureAction) async throws -> (
    Scenario, String
  ) {
    var scenario = try await Scenario(level)
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(1000, seed: 30))])
    let computed = scenario.info.regions[0].digest
    scenario.info.regions[0].digest = .zero
    scenario.info.onFailure = action
    let text =
      Message.banner(scenario.blob, level)
      + Message.mismatch(region: 0, scenario.info.regions[0], computed: computed)
    return (scenario, text)
  }

  @Test("halt", arguments: Level.allCases)
  func halt(_ level: Level) async throws {
    var (scenario, text) = try await scenario(level, .halt)
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.console() == text + Message.halted)
  }

  @Test("reset: the machine starts again", arguments: Level.allCases)
  func reset(_ level: Level) async throws {
    var (scenario, text) = try await scenario(level, .reset)
    scenario.machine.restarts = true
    scenario.machine.stop = .init(after: text, occurrences: 2)
    let console = try await scenario.console()
    #expect(console.hasPrefix(text + "before."))
    #expect(console.hasSuffix("\r\n" + text))
  }

  @Test("power-off: the machine ends, and would not if it were a reset", arguments: Level.allCases)
  func powerOff(_ level: Level) async throws {
    var (scenario, text) = try await scenario(level, .poweroff)
    scenario.machine.restarts = true
    #expect(try await scenario.console() == text)
  }

  @Test("boot anyway: the kernel is entered as after a success", arguments: Level.allCases)
  func boot(_ level: Level) async throws {
    var (scenario, text) = try await scenario(level, .boot)
    scenario.info.dtbAddress = 0x4700_0000
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x4700_0000)
    #expect(report.purgatory == text)
    #expect(try report.info(of: scenario.blob).status == .mismatch)
  }

  @Test(
    "firmware that refuses the PSCI call: halts, and says so",
    arguments: [PurgatoryInfo.PSCIConduit.hvc, .smc], [PurgatoryInfo.FailureAction.reset, .poweroff])
  func refused(_ conduit: PurgatoryInfo.PSCIConduit, _ action: PurgatoryInfo.FailureAction) async throws {
    var (scenario, text) = try await scenario(.el1, action)
    scenario.machine.type = Level.el2.machineType
    scenario.probe.firmware = .refusesCalls
    scenario.info.psciConduit = conduit
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.console() == text + Message.halted)
  }
}
