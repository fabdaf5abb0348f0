// AddressTests.swift — the purgatory runs wherever it is loaded
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct Addresses {
  @Test(
    "any page of memory will do",
    arguments: [0x4010_8000, 0x4020_1000, 0x4020_f000, 0x4033_3000, 0x47ff_f000, 0x4e00_0000])
  func anyPage(_ base: UInt64) async throws {
    var scenario = try await Scenario(.el1, blob: base)
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(5000, seed: 2))])
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test("the lowest memory that QEMU leaves free", arguments: Level.allCases)
  func lowMemory(_ level: Level) async throws {
    var scenario = try await Scenario(level, blob: 0x4010_0000, probe: Probe(base: 0x4080_0000))
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(5000, seed: 2))])
    #expect(try scenario.violations(try await scenario.report()) == [])
  }

  @Test("the last pages of memory: not a byte behind memory_size is touched", arguments: Level.allCases)
  func endOfMemory(_ level: Level) async throws {
    let end: UInt64 = 0x5000_0000
    let size = try await PlacedBlob(at: 0).info.memorySize
    var scenario = try await Scenario(level, blob: (end - size) & ~0xfff)
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(5000, seed: 3))])
    #expect(try scenario.violations(try await scenario.report()) == [])
  }

  @Test("only memory_size bytes from the base are the purgatory's", arguments: Level.allCases)
  func neighbours(_ level: Level) async throws {
    var scenario = try await Scenario(level, blob: 0x4021_0000)
    let end = scenario.blob.base + scenario.info.memorySize
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(5000, seed: 4))])
    scenario.segments += [
      Machine.Load(at: 0x4020_f000, .random(0x1000, seed: 5)),
      Machine.Load(at: end, .random(0x10000, seed: 6)),
    ]
    #expect(try scenario.violations(try await scenario.report()) == [])
  }

  @Test("all above 4 GiB", arguments: Level.allCases)
  func high(_ level: Level) async throws {
    var scenario = try await Scenario(level, blob: 0x1_4000_0000, probe: Probe(base: 0x1_3000_0000))
    scenario.machine.memory = "5G"
    scenario.info.dtbAddress = 0x1_7000_0000
    try scenario.verify([
      Machine.Load(at: 0x1_0000_0000, .random(4096, seed: 7)),
      Machine.Load(at: 0x1_7fff_f000, .random(4096, seed: 8)),
    ])
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x1_7000_0000)
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test(
    "with RELATIVE, entry, device tree and regions are where they are seen from the base",
    arguments: Level.allCases, [0x4020_0000, 0x4400_3000] as [UInt64])
  func relative(_ level: Level, _ base: UInt64) async throws {
    var scenario = try await Scenario(level, blob: base)
    try scenario.verify(
      [
        Machine.Load(at: 0x4018_0010, .random(700, seed: 9)),
        Machine.Load(at: 0x4480_0000, .random(700, seed: 10)),
        Machine.Load(at: 0x4300_0000, .random(700, seed: 11)),
      ], [.verifyRegions, .verifyCombined])
    scenario.info.makeRelative(to: base, dtb: 0x47f0_0000)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x47f0_0000)
    #expect(try report.info(of: scenario.blob).status == .verified)
  }

  @Test("with RELATIVE, a dtb_addr of 0 still hands over the x0 of the entry")
  func relativePassthrough() async throws {
    var scenario = try await Scenario()
    scenario.probe.x0 = 0x4760_0000
    scenario.info.skipChecks = true
    scenario.info.makeRelative(to: scenario.blob.base, dtb: nil)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.after.x[0] == 0x4760_0000)
  }

  @Test("with RELATIVE, a mismatch names the region by its address")
  func relativeMismatch() async throws {
    var scenario = try await Scenario()
    let load = Machine.Load(at: 0x4018_0000, .random(700, seed: 12))
    try scenario.verify([load])
    let computed = scenario.info.regions[0].digest
    scenario.info.regions[0].digest = .zero
    scenario.info.onFailure = .boot
    scenario.info.makeRelative(to: scenario.blob.base, dtb: nil)
    let report = try await scenario.report()
    #expect(
      report.purgatory
        == Message.banner(scenario.blob, .el1)
        + Message.mismatch(region: 0, scenario.info.regions[0], bias: scenario.blob.base, computed: computed)
        + Message.bootingAnyway)
  }
}

extension PurgatoryInfo {
  /// Turns every address into an offset from `base`, modulo 2^64.
  mutating func makeRelative(to base: UInt64, dtb: UInt64?) {
    flags.insert(.relative)
    kernelEntry &-= base
    if let dtb { dtbAddress = dtb &- base }
    for index in regions.indices where regions[index].size != 0 { regions[index].base &-= base }
  }
}
