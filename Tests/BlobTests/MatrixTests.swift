// MatrixTests.swift — every path, on every core, at every level, wherever memory is
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

/// Where blob and regions are.
private struct Placement {
  /// Of the first of eight.
  var blob: UInt64
  var regions: [UInt64]

  static let plain = [
    Placement(blob: 0x4400_0000, regions: [0x4100_0000, 0x41ff_f010]),
    Placement(blob: 0x1_2000_0000, regions: [0x1_0000_0000, 0x1_3fff_fff0]),
  ]

  /// Above 512 GiB, the first region across that edge; then in three slots of 512 GiB.
  static let huge = [
    Placement(blob: 0x80_8000_0000, regions: [0x7f_ffff_f800, 0x80_4000_0010]),
    Placement(blob: 0x4800_0000, regions: [0x4200_0000, 0x90_0000_0ff0, 0x110_0000_0000]),
  ]

  /// RAM that is wholly above 1 TiB.
  static let aboveTiB = [
    Placement(blob: 0x100_1000_0000, regions: [0x100_0200_0000, 0x100_3fff_0010])
  ]
}

@Suite(.requiresQEMU) struct Matrix {
  @Test(
    "at 1 GiB and above 4 GiB: the expected path, and right and wrong are told apart", arguments: Core.all)
  func plain(_ core: Core) async throws {
    try await check(core, Placement.plain) { $0.machine.memory = "5G" }
  }

  @Test(
    "above 512 GiB and in different slots of 512 GiB: the expected path, and right and wrong are told apart",
    .requiresHugeMemory, arguments: Core.all)
  func huge(_ core: Core) async throws {
    try await check(core, Placement.huge) { $0.machine.setHugeMemory(1100) }
  }

  @Test(
    "RAM wholly above 1 TiB: the expected path, and right and wrong are told apart",
    arguments: [Level.el1, .el2])
  func aboveTiB(_ level: Level) async throws {
    let probe = Probe(base: 0x100_0100_0000, uart: 0x6000_0000)
    try await check(Core(level: level, cpu: "max", missing: .nothing), Placement.aboveTiB, probe) {
      scenario in
      scenario.setSBSA()
      if level == .el1 { scenario.probe.firmware = [] }
    }
  }

  /// Each placement with each pair of flags, the digests right and wrong: a blob for each, all in one run.
  private func check(
    _ core: Core, _ placements: [Placement], _ probe: Probe = Probe(), _ change: (inout Scenario) -> Void
  ) async throws {
    let flags: [PurgatoryInfo.Flags] = [[], .noCrypto, .noCache, [.noCache, .noCrypto]]
    let cases = placements.flatMap { placement in
      flags.flatMap { flags in [true, false].map { (placement, flags, isRight: $0) } }
    }
    let bases = placements.flatMap { placement in (0..<8).map { placement.blob + $0 * 0x4_0000 } }
    var scenario = try await Scenario(core, chain: bases, probe: probe)
    change(&scenario)
    var expected: [String] = []
    for (index, (placement, flags, isRight)) in cases.enumerated() {
      let loads = placement.regions.enumerated().map { number, base in
        Machine.Load(at: base, .random(5000 + 777 * number, seed: UInt64(number)))
      }
      if index % 8 == 0 { scenario.segments += loads }
      var info = scenario.blobs[index].info
      try info.expect(loads, flags.union([.verifyRegions, .verifyCombined]))
      info.onFailure = .boot
      let last = loads.count - 1
      let computed = info.regions[last].digest
      if !isRight { info.regions[last].digest = .zero }
      scenario.blobs[index].info = info
      let blob = scenario.blobs[index]
      expected.append(Message.banner(blob, core.level))
      expected.append(
        isRight
          ? Message.verified(blob, core.path(flags))
          : Message.mismatch(region: last, info.regions[last], computed: computed) + Message.bootingAnyway)
    }
    let report = try await scenario.report()
    #expect(report.timeless == expected.joined())
    #expect(try scenario.violations(report) == [])
    for (blob, (_, flags, isRight)) in zip(scenario.blobs, cases) {
      let info = try report.info(of: blob)
      #expect(info.verifyPath == core.path(flags))
      #expect(info.status == (isRight ? .verified : .mismatch))
      #expect(info.verifyTicks > 0)
    }
  }
}
