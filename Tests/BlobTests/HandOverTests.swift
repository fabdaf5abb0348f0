// HandOverTests.swift — the state in which the next kernel is entered
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

/// A way to enter the purgatory.
struct Entry: Sendable, CustomTestStringConvertible {
  var level: Level
  var cpu = "max"
  var setup: Probe.Setup = []
  var sctlrBits: UInt64 = 0
  var name = ""

  var testDescription: String { "\(level.rawValue), \(cpu)\(name.isEmpty ? "" : ", \(name)")" }

  static let onEachCPU = Level.allCases.flatMap { level in
    cpus.filter { level.exists(on: $0) }.flatMap { cpu in
      [
        Entry(level: level, cpu: cpu, name: "clean"),
        Entry(level: level, cpu: cpu, setup: [.trapFP, .junk, .unmasked], name: "junk and FP/SIMD traps"),
      ]
    }
  }

  private static let sctlrBits: [(name: String, bits: UInt64)] = [
    ("A", 1 << 1), ("SA", 1 << 3), ("WXN", 1 << 19), ("EE", 1 << 25), ("EPAN", 1 << 57), ("NMI", 1 << 61),
    ("everything but M and C", ~0b101),
  ]

  static let withSCTLRBits: [Entry] = Level.allCases.flatMap { level in
    sctlrBits.map { name, bits in
      Entry(level: level, setup: [.junk, .pan], sctlrBits: bits, name: "SCTLR.\(name), and PAN")
    }
  }
}

@Suite(.requiresQEMU) struct HandOver {
  private func scenario(_ entry: Entry) async throws -> Scenario {
    var scenario = try await Scenario(entry.level, cpu: entry.cpu)
    scenario.probe.setup.formUnion(entry.setup)
    scenario.probe.sctlrBits = entry.sctlrBits
    scenario.probe.x0 = 0x1234_5678_9abc_def0
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(1000, seed: 1))])
    return scenario
  }

  @Test("registers and system state come out as they went in", arguments: Entry.onEachCPU)
  func systemState(_ entry: Entry) async throws {
    var scenario = try await scenario(entry)
    scenario.info.dtbAddress = 0x47f0_0008
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x47f0_0008)
    #expect(try report.info(of: scenario.blob).status == .verified)
  }

  @Test(
    "SCTLR bits that would disturb the purgatory are off while it runs, and come back",
    arguments: Entry.withSCTLRBits)
  func sctlr(_ entry: Entry) async throws {
    let scenario = try await scenario(entry)
    let report = try await scenario.report()
    // Not every bit of "everything" is one that the core has.
    let wanted = entry.sctlrBits & (1 << 1 | 1 << 3 | 1 << 19 | 1 << 25 | 1 << 57 | 1 << 61)
    #expect(try #require(report.before).restored["sctlr"]! & wanted == wanted, "the stub set them")
    #expect(try scenario.violations(report) == [])
    #expect(try report.info(of: scenario.blob).status == .verified)
  }

  @Test(
    "without dtb_addr the kernel gets the x0 that the purgatory was entered with", arguments: Level.allCases)
  func passthrough(_ level: Level) async throws {
    let scenario = try await scenario(Entry(level: level))
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x1234_5678_9abc_def0)
  }

  @Test("a purgatory may be the next kernel of a purgatory", arguments: Level.allCases)
  func chain(_ level: Level) async throws {
    var scenario = try await Scenario(level, chain: [0x4020_0000, 0x4030_1000, 0x4028_0000])
    for index in scenario.blobs.indices { scenario.blobs[index].info.skipChecks = true }
    scenario.probe.x0 = 0x4700_0000
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x4700_0000)
    #expect(report.purgatory.split(separator: "\r\n" as Character).count == 2 * scenario.blobs.count)
  }

  @Test(
    "the purgatory needs nothing before it: a core out of reset enters it at once",
    arguments: [Level.el1, .el2])
  func outOfReset(_ level: Level) async throws {
    var scenario = try await scenario(Entry(level: level))
    scenario.startsInStub = false
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0)
    #expect(report.timeless == (try Message.success(scenario, report)))
  }
}
