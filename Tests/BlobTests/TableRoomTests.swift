// TableRoomTests.swift — what cannot be mapped is verified all the same, without the caches
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct TableRoom {
  private static let sha2 = UInt64(PURGATORY_PATH_SHA2)
  private static let cached = UInt64(PURGATORY_PATH_CACHED)

  /// Expects that every blob verifies its regions, and on which path.
  private func expect(_ scenario: Scenario, _ paths: [UInt64]) async throws {
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(
      report.timeless
        == zip(scenario.blobs, paths).map { blob, path in
          Message.banner(blob, scenario.level) + Message.verified(blob, path)
        }.joined())
    for (blob, path) in zip(scenario.blobs, paths) {
      #expect(try report.info(of: blob).verifyPath == path)
    }
  }

  @Test(
    "32 tables fit: with one more the caches stay off, and the result says so", arguments: Level.allCases)
  func lastTable(_ level: Level) async throws {
    // The top table, those of 512 GiB and of 1 GiB below it, and the blob's pages': 4. Each region across an edge of
    // 2 MiB needs two: 14 of them make 32.
    let across: [Machine.Load] = (0..<14).map { index in
      let edge = 0x4500_0000 + UInt64(index) * 0x40_0000 + 0x20_0000
      return Machine.Load(at: edge - 16, .random(32, seed: UInt64(index)))
    }
    let one = Machine.Load(at: 0x4c00_0000, .random(16, seed: 100))
    var scenario = try await Scenario(level, chain: [0x4400_0000, 0x4410_0000])
    scenario.segments = across + [one]
    try scenario.blobs[0].info.expect(across, .verifyRegions)
    try scenario.blobs[1].info.expect(across + [one], .verifyRegions)
    try await expect(scenario, [Self.sha2 | Self.cached, Self.sha2])
  }

  @Test(
    "14 regions 1 TiB apart, across edges of 1 GiB: the caches stay off, and the result says so",
    .requiresHugeMemory, arguments: Level.allCases)
  func farApart(_ level: Level) async throws {
    let loads: [Machine.Load] = (1...14).map { index in
      Machine.Load(at: UInt64(index) << 40 - 0x800, .random(0x1000 + index, seed: UInt64(index)))
    }
    var scenario = try await Scenario(level, chain: chainBases(3))
    scenario.machine.setHugeMemory(16_383)
    scenario.segments = loads
    for (index, count) in [2, 14, 14].enumerated() {
      try scenario.blobs[index].info.expect(Array(loads.prefix(count)), .verifyRegions)
    }
    scenario.blobs[2].info.flags.insert(.noCrypto)
    try await expect(scenario, [Self.sha2 | Self.cached, Self.sha2, 0])
  }

  @Test("a region that ends beyond 48 bits is not mapped: the caches stay off", arguments: Level.allCases)
  func beyond48Bits(_ level: Level) async throws {
    let regions: [(base: UInt64, size: UInt64, path: UInt64)] = [
      (0xffff_ffff_e000, 0x1000, Self.sha2 | Self.cached),
      (0xffff_ffff_f000, 0x1001, Self.sha2),
      (0x1_0000_0000_0000, 0x1000, Self.sha2),
      (0x4000_0000_0000_0000, 0x10, Self.sha2),
      (0x0fff_0000, 0x1_0000_0000_0000, Self.sha2),
    ]
    var scenario = try await Scenario(level, chain: chainBases(regions.count))
    for (index, region) in regions.enumerated() {
      try scenario.blobs[index].skipHashing()  // no machine has memory there
      scenario.blobs[index].info.flags = .verifyRegions
      scenario.blobs[index].info.regions[0] = .init(
        base: region.base, size: region.size, digest: .ofNothing)
    }
    try await expect(scenario, regions.map(\.path))
  }
}
