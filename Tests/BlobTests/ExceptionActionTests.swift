// ExceptionActionTests.swift — what follows an exception is what the loader chose; the console never is a reason
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct ExceptionActions {
  /// An undefined instruction in the middle of a hash; what is said up to the action.
  private func scenario(
    _ level: Level, _ action: PurgatoryInfo.FailureAction, _ flags: PurgatoryInfo.Flags = []
  ) async throws -> (Scenario, @Sendable (String) throws -> String) {
    var scenario = try await Scenario(level)
    try scenario.verify([.init(at: 0x4100_0000, .random(1000, seed: 93))], flags.union(.verifyRegions))
    scenario.info.onFailure = action
    try scenario.blobs[0].overwrite("sha256_blocks_sha2", with: [Instruction.undefined])
    let banner = Message.banner(scenario.blob, level)
    return (
      scenario,
      { console in
        let line = try #require(ExceptionLine.all(in: console).first)
        #expect(line.name == "undefined")
        return banner + line.text + Message.action(action)
      }
    )
  }

  private static let cacheFlags: [PurgatoryInfo.Flags] = [[], .noCache]

  @Test("halt", arguments: Level.allCases)
  func halt(_ level: Level) async throws {
    var (scenario, said) = try await scenario(level, .halt)
    scenario.machine.stop = .init(after: Message.halted)
    let console = try await scenario.console()
    #expect(console == (try said(console)))
  }

  @Test("reset: the machine starts again", arguments: Level.allCases)
  func reset(_ level: Level) async throws {
    var (scenario, said) = try await scenario(level, .reset)
    scenario.machine.restarts = true
    scenario.machine.stop = .init(after: "purgatory: resetting", occurrences: 2)
    let console = try await scenario.console()
    #expect(console.hasPrefix(try said(console) + "before."))
  }

  @Test("power-off: the machine ends", arguments: Level.allCases)
  func powerOff(_ level: Level) async throws {
    var (scenario, said) = try await scenario(level, .poweroff)
    scenario.machine.restarts = true
    let console = try await scenario.console()
    #expect(console == (try said(console)))
  }

  @Test("boot anyway: MMU off, registers as they were", arguments: Level.allCases, cacheFlags)
  func boot(_ level: Level, _ flags: PurgatoryInfo.Flags) async throws {
    var (scenario, said) = try await scenario(level, .boot, flags)
    scenario.probe.setup.formUnion([.junk, .trapFP, .unmasked])
    scenario.info.dtbAddress = 0x4700_0000
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    #expect(report.after.x[0] == 0x4700_0000)
    #expect(report.purgatory == (try said(report.purgatory)))
    let info = try report.info(of: scenario.blob)
    #expect(info.status == .exception)
  }

  @Test("QUIET: every word of an exception, and no other")
  func quiet() async throws {
    let (scenario, _) = try await scenario(.el1, .poweroff, .quiet)
    let console = try await scenario.console()
    let line = try #require(ExceptionLine.all(in: console).first)
    #expect(console == line.text + Message.poweringOff)
  }

  @Test("without a console: not a word, but the status and the action", arguments: Level.allCases)
  func silent(_ level: Level) async throws {
    var (scenario, _) = try await scenario(level, .boot)
    scenario.info.console = nil
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    #expect(report.purgatory == "")
    let info = try report.info(of: scenario.blob)
    #expect(info.status == .exception)
    scenario.info.onFailure = .poweroff
    scenario.machine.restarts = true
    #expect(try await scenario.console() == "")
  }

  // MARK: - The console

  /// An address of `virt` at which there is nothing: every access is an external abort.
  private static let nothing: UInt64 = 0x0b00_0000

  @Test(
    "a UART that faults is dropped, and the kernel boots", arguments: Level.allCases,
    UART.named.map(\.name))
  func faultingConsole(_ level: Level, _ name: String) async throws {
    let uart = try #require(UART.named.first { $0.name == name }).uart
    var scenario = try await Scenario(level, chain: chainBases(3))
    let load = Machine.Load(at: 0x4100_0000, .random(1000, seed: 95))
    scenario.segments = [load]
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect([load], .verifyRegions)
      scenario.blobs[index].info.console = .init(uart, base: Self.nothing)
      scenario.blobs[index].info.onFailure = .boot
    }
    // The second has something wrong to say, the third an exception that is not the UART's.
    scenario.blobs[1].info.regions[0].digest = .zero
    try scenario.blobs[2].overwrite("sha256_blocks_sha2", with: [Instruction.undefined])
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    #expect(report.purgatory == "")
    let statuses = try scenario.blobs.map { try report.info(of: $0).status }
    #expect(statuses == [.verified, .mismatch, .exception])
  }

  @Test("a UART that faults does not keep a failure from its action")
  func faultingConsoleFailure() async throws {
    var scenario = try await Scenario()
    scenario.info.console = .init(.pl011, base: Self.nothing)
    scenario.info.onFailure = .poweroff
    scenario.machine.restarts = true
    #expect(try await scenario.console() == "")
  }
}
