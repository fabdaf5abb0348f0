// ResultTests.swift — what the next system reads at result_addr: sixteen bytes, and no other is written
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct Results {
  /// A device tree, say: its result is at the end of one cache line and the start of the next.
  private static let tree = Machine.Load(at: 0x4100_0000, .random(0x1230, seed: 120))
  private static let place: UInt64 = 0x4100_0478
  /// In no region.
  private static let elsewhere = Machine.Load(at: 0x4180_0000, .random(0x40, seed: 121))

  private func scenario(
    _ level: Level = .el1, _ flags: PurgatoryInfo.Flags = [], at place: UInt64 = place
  ) async throws -> Scenario {
    var scenario = try await Scenario(level)
    var tree = Self.tree
    let cells = Int(clamping: Self.place - tree.address)
    tree.bytes.replaceSubrange(cells..<cells + 16, with: [UInt8](repeating: 0, count: 16))
    try scenario.verify([.init(at: 0x4200_0000, .random(999, seed: 122)), tree], flags.union(.verifyRegions))
    scenario.segments.append(Self.elsewhere)
    scenario.info.resultAddress = place
    return scenario
  }

  /// The four cells.
  private func cells(_ scenario: Scenario, _ report: Report) throws -> [UInt32] {
    let place = try #require(scenario.blob.resultPlace)
    let bytes = try report.dump(place)
    return stride(from: 0, to: 16, by: 4).map { bytes[$0..<$0 + 4].reduce(0) { $0 << 8 | UInt32($1) } }
  }

  /// Runs it, and holds memory against the contract.
  private func run(_ scenario: Scenario) async throws -> (cells: [UInt32], report: Report) {
    var scenario = scenario
    scenario.windows.append(.init(address: try #require(scenario.blob.resultPlace), size: 16, .bytes))
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    return (try cells(scenario, report), report)
  }

  @Test(
    "verified: the status, the time and the path; nothing else of any segment changes",
    arguments: Level.allCases, [[], .noCache, [.noCache, .noCrypto], .quiet] as [PurgatoryInfo.Flags])
  func verified(_ level: Level, _ flags: PurgatoryInfo.Flags) async throws {
    for place in [Self.place, Self.elsewhere.address + 8] {
      let (cells, report) = try await run(scenario(level, flags, at: place))
      let cached: UInt32 = flags.contains(.noCache) ? 0 : UInt32(PURGATORY_PATH_CACHED)
      let sha2: UInt32 = flags.contains(.noCrypto) ? 0 : UInt32(PURGATORY_PATH_SHA2)
      #expect(cells[0] == UInt32(PURGATORY_STATUS_VERIFIED))
      #expect(cells[1] == 0)
      #expect(cells[3] == cached | sha2)
      if !flags.contains(.quiet) {
        #expect(report.purgatory.contains(" bytes in \(cells[2]) us ("), "what is said is what is stored")
      }
    }
  }

  @Test("RELATIVE: an offset from the blob's base, in either direction", arguments: Level.allCases)
  func relative(_ level: Level) async throws {
    for blob in [0x4020_0000, 0x4300_0000] as [UInt64] {
      var scenario = try await Scenario(level, blob: blob)
      let tree = Machine.Load(at: Self.tree.address, [UInt8](repeating: 0, count: 0x1000))
      try scenario.verify([tree])
      scenario.info.flags.insert(.relative)
      scenario.info.kernelEntry &-= blob
      scenario.info.regions[0].base &-= blob
      scenario.info.resultAddress = Self.place &- blob
      let (cells, _) = try await run(scenario)
      #expect(cells[0] == UInt32(PURGATORY_STATUS_VERIFIED))
    }
  }

  /// What the next system is told of a failure that does not stop the boot.
  fileprivate struct Failure: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var status: Int32
    var region: UInt32 = 0
    var change: @Sendable (inout Scenario) throws -> Void

    static let all = [
      Failure(testDescription: "a region differs", status: PURGATORY_STATUS_MISMATCH, region: 1) {
        $0.info.regions[1].digest = .zero
      },
      Failure(
        testDescription: "the combined digest differs", status: PURGATORY_STATUS_MISMATCH,
        region: UInt32(PURGATORY_FAILED_COMBINED)
      ) { $0.info.flags.insert(.verifyCombined) },
      Failure(testDescription: "an exception while hashing", status: PURGATORY_STATUS_EXCEPTION) {
        try $0.blobs[0].overwrite("compare_digest", with: [Instruction.undefined])
      },
      Failure(testDescription: "a bad region", status: PURGATORY_STATUS_BAD_INFO) {
        $0.info.regions[3] = .init(base: 8, size: 1)
      },
      Failure(testDescription: "nothing to verify", status: PURGATORY_STATUS_BAD_INFO) { $0.info.flags = [] },
      Failure(testDescription: "checks skipped", status: PURGATORY_STATUS_SKIPPED) {
        $0.info.skipChecks = true
      },
    ]
  }

  @Test("booted anyway: why it should not have been", arguments: Failure.all, Level.allCases)
  fileprivate func failures(_ failure: Failure, _ level: Level) async throws {
    var scenario = try await scenario(level)
    try failure.change(&scenario)
    let (cells, _) = try await run(scenario)
    #expect(cells[0] == UInt32(failure.status))
    #expect(cells[1] == failure.region)
  }

  @Test("the time is saturated, and 0 where firmware has not set CNTFRQ", arguments: [0, 1] as [UInt64])
  func time(_ frequency: UInt64) async throws {
    var scenario = try await scenario()
    scenario.machine.arguments = ["-icount", "shift=0,sleep=off"]
    scenario.probe.frequency = frequency
    let (cells, report) = try await run(scenario)
    #expect(report.after.frequency == frequency)
    #expect(cells[2] == (frequency == 0 ? 0 : .max))
  }

  // MARK: - Nowhere to store it

  @Test("nowhere: nothing is stored at address 0, nor anywhere else", arguments: Level.allCases)
  func nowhere(_ level: Level) async throws {
    let scenario = try await scenario(level, at: 0)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test(
    "a struct that is none, or not of this version, does not say where", arguments: Level.allCases,
    [PURGATORY_INFO_magic, PURGATORY_INFO_version, PURGATORY_INFO_size])
  func otherStruct(_ level: Level, _ field: Int32) async throws {
    var scenario = try await scenario(level)
    scenario.blobs[0].patch(field, UInt32(7))
    scenario.blobs[0].resultIsIgnored = true
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.purgatory.hasSuffix(Message.bootingAnyway))
  }

  @Test("misaligned: refused, and nothing is stored if it boots anyway", arguments: [1, 2, 4, 7] as [UInt64])
  func misaligned(_ excess: UInt64) async throws {
    var scenario = try await scenario(at: Self.place + excess)
    scenario.blobs[0].resultIsIgnored = true
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(
      report.purgatory.hasSuffix(Message.badInfo("result_addr") + Message.bootingAnyway),
      "\(report.purgatory)")
  }

  /// An address of `virt` at which there is nothing: every access is an external abort.
  private static let nothing: UInt64 = 0x0b00_0000

  @Test("no memory there: an exception, said once, and the failure action", arguments: Level.allCases)
  func unmapped(_ level: Level) async throws {
    var scenario = try await scenario(level, at: Self.nothing)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let lines = ExceptionLine.all(in: report.purgatory)
    let line = try #require(lines.first)
    #expect(lines.count == 1)
    #expect(line.name == "data abort" && line.far == Self.nothing)
    #expect(line.elr - scenario.blob.base >= 0x3d0)
    #expect(report.purgatory.hasSuffix(line.text + Message.bootingAnyway))
    #expect(try report.info(of: scenario.blob).status == .exception)

    // A failure came first, and was passed over: a second is not.
    scenario.info.regions[0].digest = .zero
    scenario.machine.stop = .init(after: Message.halted)
    let twice = try await scenario.console()
    #expect(twice.contains(Message.bootingAnyway + line.text + Message.halted), "\(twice)")

    scenario = try await self.scenario(level, at: Self.nothing)
    scenario.info.onFailure = .poweroff
    scenario.machine.restarts = true
    let console = try await scenario.console()
    #expect(console.hasSuffix(Message.poweringOff) && ExceptionLine.all(in: console).count == 1)
  }

  // MARK: - That it is the purgatory which stores it

  @Test("a purgatory that stores nothing is found out")
  func gutted() async throws {
    var scenario = try await scenario()
    scenario.windows.append(.init(address: Self.place, size: 16, .bytes))
    try scenario.blobs[0].overwrite("store_result", with: [Instruction.ret])
    let report = try await scenario.report()
    #expect(try cells(scenario, report) == [0, 0, 0, 0])
    #expect(try scenario.violations(report).count == 1)
  }
}
