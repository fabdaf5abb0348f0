// MemoryTests.swift — not a byte of memory changes that is not the purgatory's
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct MemoryContents {
  /// Bases and sizes that share lines and pages with their neighbours in every way.
  private static let regions: [(base: UInt64, size: Int)] = [
    (0x4100_0010, 1), (0x4101_0030, 15), (0x4102_0000, 63), (0x4103_0000, 65), (0x4104_0ff0, 33),
    (0x4105_0fc0, 4161), (0x4106_0000, 4096), (0x4107_0040, 4097), (0x4108_0020, 32),
    (0x410f_fff0, 0x10_0007),
  ]

  @Test("the bytes around each region and around the blob are as they were", arguments: Level.allCases)
  func neighbours(_ level: Level) async throws {
    var scenario = try await Scenario(level, chain: [0x4400_0000, 0x4410_0000, 0x4420_0000])
    let loads = Self.regions.enumerated().map { index, region in
      Machine.Load(at: region.base, .random(region.size, seed: UInt64(80 + index)))
    }
    scenario.segments = loads
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(loads, .verifyRegions)
      scenario.blobs[index].info.onFailure = .boot
    }
    scenario.blobs[1].info.flags.insert(.noCache)
    scenario.blobs[2].info.regions[9].digest = .zero
    for (start, end) in loads.map({ ($0.address, $0.end) }) + scenario.blobs.map({ ($0.base, $0.end) }) {
      scenario.segments += [
        Machine.Load(at: start - 0x100, .random(0x100, seed: start)),
        Machine.Load(at: end, .random(0x100, seed: end)),
      ]
    }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(try scenario.blobs.map { try report.info(of: $0).status } == [.verified, .verified, .mismatch])
  }

  @Test(
    "all of a small machine's memory is as it was", arguments: Level.allCases,
    [[], .noCache] as [PurgatoryInfo.Flags])
  func everything(_ level: Level, _ flags: PurgatoryInfo.Flags) async throws {
    var scenario = try await Scenario(level, blob: 0x4030_0000, probe: Probe(base: 0x4080_0000))
    scenario.machine.memory = "16M"
    try scenario.verify([.init(at: 0x4040_0ff0, .random(70_001, seed: 90))], flags.union(.verifyRegions))
    // From behind QEMU's device tree, between all that is loaded, to the end: zeros, and junk in pieces of a page.
    let loads = [
      scenario.segments[0], scenario.blob.load,
      .init(at: 0x4080_0000, [UInt8](repeating: 0, count: 0x2_0000)),
    ]
    var next: UInt64 = 0x4020_0000
    for load in loads.sorted(by: { $0.address < $1.address }) + [.init(at: 0x4100_0000, [])] {
      while next < load.address {
        let piece = min(load.address, (next + 0x1_0000) & ~0xffff)
        scenario.segments.append(.init(at: next, .random(Int(clamping: piece - next), seed: next)))
        next = piece
      }
      next = load.end
    }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(try report.info(of: scenario.blob).status == .verified)
  }
}
