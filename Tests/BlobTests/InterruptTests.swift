// InterruptTests.swift — IRQ, FIQ and SError: masked, and if one comes all the same, reported
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

/// An asynchronous exception.
private struct Interrupt: Sendable, CustomTestStringConvertible {
  /// As the purgatory calls it.
  var name: String
  var pending: Probe.Firmware
  /// The offset of its vector.
  var vector: Int

  var testDescription: String { name }

  static let all = [
    Interrupt(name: "irq", pending: .pendsIRQ, vector: 0x280),
    Interrupt(name: "fiq", pending: .pendsFIQ, vector: 0x300),
    Interrupt(name: "serror", pending: .pendsSError, vector: 0x380),
  ]
}

@Suite(.requiresQEMU) struct Interrupts {
  private func scenario(_ level: Level, blobs: Int) async throws -> Scenario {
    var scenario = try await Scenario(level, chain: chainBases(blobs))
    scenario.segments = [.init(at: 0x4100_0000, .random(1000, seed: 96))]
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(scenario.segments, .verifyRegions)
      scenario.blobs[index].info.onFailure = .boot
    }
    return scenario
  }

  @Test(
    "one that is pending all the time is not taken; unmasked, it is reported", arguments: Interrupt.all,
    ["check_info", "sha256_blocks_sha2"])
  fileprivate func pending(_ interrupt: Interrupt, _ routine: String) async throws {
    // A firmware makes it pending for EL1; no more is needed than to let it in.
    var scenario = try await scenario(.el1, blobs: 2)
    scenario.setFirmware(interrupt.pending)
    try scenario.blobs[1].overwrite(routine, with: [Instruction.unmaskAll])
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let statuses = try scenario.blobs.map { try report.info(of: $0).status }
    #expect(statuses == [.verified, .exception])
    let lines = ExceptionLine.all(in: report.purgatory)
    let next = try scenario.blobs[1].address(of: routine) + 4
    #expect(lines.map(\.name) == [interrupt.name])
    #expect(lines.map(\.elr) == [next])
    #expect(report.purgatory.hasSuffix(lines[0].text + Message.bootingAnyway))
  }

  @Test("every vector of the table names its exception", arguments: Level.allCases)
  func vectors(_ level: Level) async throws {
    let vectors = Interrupt.all.flatMap { interrupt in
      [0, 0x200, 0x400, 0x600].map { (name: interrupt.name, offset: interrupt.vector & 0x180 | $0) }
    }
    var scenario = try await scenario(level, blobs: vectors.count)
    for (index, vector) in vectors.enumerated() {
      var blob = scenario.blobs[index]
      let from = try blob.range(of: "sha256_blocks_sha2").lowerBound
      let to = try blob.range(of: "vector_table").lowerBound + vector.offset
      try blob.overwrite("sha256_blocks_sha2", with: [Instruction.branch(from: from, to: to)])
      scenario.blobs[index] = blob
    }
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    #expect(ExceptionLine.all(in: report.purgatory).map(\.name) == vectors.map(\.name))
    let statuses = try scenario.blobs.map { try report.info(of: $0).status }
    #expect(Set(statuses) == [.exception])
  }
}
