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
      + Message.action(action)
    return (scenario, text)
  }

  @Test("halt", arguments: Level.allCases)
  func halt(_ level: Level) async throws {
    var (scenario, text) = try await scenario(level, .halt)
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.console() == text)
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

  /// Every way in which PSCI calls come back.
  fileprivate struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var level: Level
    var firmware: Probe.Firmware?
    /// What is wrong with each conduit; nil: it works.
    var smc: String?
    var hvc: String?

    static let all = [
      Refusal(testDescription: "EL1 of a guest", level: .el1, smc: "unanswered"),
      Refusal(testDescription: "EL2", level: .el2, hvc: "unanswered"),
      Refusal(testDescription: "EL2 with E2H", level: .el2e2h, hvc: "unanswered"),
      Refusal(
        testDescription: "EL1, firmware that refuses", level: .el1, firmware: .refusesCalls, smc: "refused",
        hvc: "refused"),
      Refusal(
        testDescription: "EL1, a hypervisor that refuses, and lets firmware answer", level: .el1,
        firmware: [],
        hvc: "refused"),
    ]
  }

  @Test(
    "a conduit that is not there, or refuses: the other is tried once, then it halts", arguments: Refusal.all,
    [PurgatoryInfo.FailureAction.reset, .poweroff])
  fileprivate func refused(_ refusal: Refusal, _ action: PurgatoryInfo.FailureAction) async throws {
    for conduit in PurgatoryInfo.PSCIConduit.allCases {
      var (scenario, text) = try await scenario(refusal.level, action)
      if let firmware = refusal.firmware { scenario.setFirmware(firmware) }
      scenario.info.psciConduit = conduit
      let other: PurgatoryInfo.PSCIConduit = conduit == .smc ? .hvc : .smc
      let (first, second) = conduit == .smc ? (refusal.smc, refusal.hvc) : (refusal.hvc, refusal.smc)
      if let first {
        text += Message.psci(conduit, first, trying: other)
        if let second { text += Message.psci(other, second) + Message.halted }
      }
      if first != nil, second != nil { scenario.machine.stop = .init(after: Message.halted) }
      scenario.machine.restarts = action == .poweroff
      #expect(try await scenario.console() == text)
    }
  }

  /// As `refused`, by number, for tests of the tests.
  func refuse(_ index: Int) async throws { try await refused(Refusal.all[index], .poweroff) }

  @Test("nobody answers either conduit: halts, and says so")
  func nobody() async throws {
    // `smc` is UNDEFINED on a machine without EL3; `hvc` is where there is no EL2 either, which QEMU's PSCI hides.
    var (scenario, text) = try await scenario(.el1, .reset)
    scenario.info.psciConduit = .smc
    scenario.machine.stop = .init(after: Message.halted)
    try scenario.blobs[0].replaceInstructions("hvc") { instruction, _ in
      instruction == Instruction.hvc ? Instruction.undefined : nil
    }
    text += Message.psci(.smc, "unanswered", trying: .hvc) + Message.psci(.hvc, "unanswered") + Message.halted
    #expect(try await scenario.console() == text)
  }
}
