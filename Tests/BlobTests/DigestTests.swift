// DigestTests.swift — what is as it was loaded is accepted, anything else is not
// SPDX-License-Identifier: MIT

import PurgatoryABI
import TestSupport
import Testing

@testable import PurgatoryKit

/// A change to memory or to info after the digests were computed.
struct Damage: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var apply: @Sendable (inout Scenario) -> Void

  /// To segment 1, at `offset` from its start or, if negative, its end.
  static func flip(_ offset: Int, _ name: String) -> Damage {
    Damage(testDescription: name) {
      let offset = offset < 0 ? $0.segments[1].bytes.count + offset : offset
      $0.segments[1].bytes[offset] ^= 0x01
    }
  }

  static let all = [
    flip(0, "first byte"), flip(2500, "a byte in the middle"), flip(-1, "last byte"),
    Damage(testDescription: "a byte more in the region") { $0.blob.info.regions[1].size += 1 },
    Damage(testDescription: "a byte less in the region") { $0.blob.info.regions[1].size -= 1 },
    Damage(testDescription: "region 16 bytes too high") { $0.blob.info.regions[1].base += 16 },
  ]
}

@Suite(.requiresQEMU) struct Digests {
  static let kinds: [PurgatoryInfo.Flags] = [
    .verifyRegions, .verifyCombined, [.verifyRegions, .verifyCombined],
  ]

  static func loads(_ count: Int) -> [Machine.Load] {
    (0..<count).map { index in
      Machine.Load(
        at: 0x4100_0000 + UInt64(index) * 0x1_0000, .random(5000 + 333 * index, seed: UInt64(index)))
    }
  }

  @Test("good segments are verified, and the result says so", arguments: kinds, [1, 2, 16])
  func good(_ kind: PurgatoryInfo.Flags, _ count: Int) async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(count), kind)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let info = try report.info(of: scenario.blob)
    #expect(info.status == .verified)
    #expect(info.verifyTicks > 0)
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test("unused regions may lie between used ones", arguments: kinds)
  func gaps(_ kind: PurgatoryInfo.Flags) async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(3), kind)
    let used = scenario.info.regions[..<3]
    scenario.info.regions = .init(repeating: .init(base: 0xbad, digest: .zero), count: 16)
    for (index, region) in zip([2, 7, 15], used) { scenario.info.regions[index] = region }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.timeless == (try Message.success(scenario, report)))
  }

  @Test("a change is a mismatch of its region", arguments: Damage.all)
  func regionMismatch(_ damage: Damage) async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(3))
    scenario.info.onFailure = .boot
    damage.apply(&scenario)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let info = try report.info(of: scenario.blob)
    #expect(info.status == .mismatch)
    #expect(info.failedRegion == 1)
    #expect(info.verifyTicks > 0)
    #expect(
      report.purgatory
        == Message.banner(scenario.blob, .el1)
        + Message.mismatch(region: 1, scenario.info.regions[1], computed: scenario.digest(ofRegion: 1))
        + Message.bootingAnyway)
  }

  @Test("a change is a mismatch of the combined digest", arguments: Damage.all)
  func combinedMismatch(_ damage: Damage) async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(3), .verifyCombined)
    scenario.info.onFailure = .boot
    damage.apply(&scenario)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let info = try report.info(of: scenario.blob)
    #expect(info.status == .mismatch)
    #expect(info.failedRegion == PURGATORY_FAILED_COMBINED)
    #expect(
      report.purgatory
        == Message.banner(scenario.blob, .el1)
        + Message.mismatch(combined: scenario.info.combinedDigest, computed: scenario.combinedDigest())
        + Message.bootingAnyway)
  }

  @Test("with both kinds, either one that is wrong is found", arguments: [true, false])
  func both(_ combinedIsWrong: Bool) async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(3), [.verifyRegions, .verifyCombined])
    scenario.info.onFailure = .boot
    if combinedIsWrong {
      scenario.info.combinedDigest = .zero
    } else {
      scenario.info.regions[2].digest = .zero
    }
    let info = try await scenario.report().info(of: scenario.blob)
    #expect(info.status == .mismatch)
    #expect(info.failedRegion == (combinedIsWrong ? PURGATORY_FAILED_COMBINED : 2))
  }

  @Test("the regions' order counts in the combined digest")
  func order() async throws {
    var scenario = try await Scenario()
    try scenario.verify(Self.loads(3), .verifyCombined)
    scenario.info.regions.swapAt(0, 1)
    scenario.info.onFailure = .boot
    #expect(try await scenario.report().info(of: scenario.blob).status == .mismatch)
  }

  @Test("while the purgatory verifies, status says that it runs")
  func running() async throws {
    // The region is a part of info: status, failed_region and verify_ticks.
    var scenario = try await Scenario()
    let results = scenario.blob.infoAddress + UInt64(PURGATORY_INFO_status)
    var expected = [UInt8](repeating: 0, count: 16)
    expected[0] = UInt8(PURGATORY_STATUS_RUNNING)
    scenario.info.regions[0] = .init(base: results, size: 16, digest: Digest(hashing: expected))
    scenario.info.flags = .verifyRegions
    scenario.info.onFailure = .boot
    #expect(try await scenario.report().info(of: scenario.blob).status == .verified)
  }

  @Test("each of the 16 regions is checked, and the first that differs is named")
  func everyRegion() async throws {
    // One blob for each region that is wrong; all later ones are wrong, too.
    var scenario = try await Scenario(chain: chainBases(16))
    let loads = Self.loads(16)
    scenario.segments = loads
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(loads, .verifyRegions)
      scenario.blobs[index].info.onFailure = .boot
      for wrong in index..<16 { scenario.blobs[index].info.regions[wrong].digest = .zero }
    }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    for (index, blob) in scenario.blobs.enumerated() {
      let info = try report.info(of: blob)
      #expect(info.status == .mismatch)
      #expect(info.failedRegion == UInt32(clamping: index))
      #expect(
        report.purgatory.contains(
          Message.banner(blob, .el1)
            + Message.mismatch(
              region: index, blob.info.regions[index], computed: scenario.digest(ofRegion: index, blob.info)))
      )
    }
  }

  @Test(
    "each of the 32 bytes of a digest is compared",
    arguments: [PurgatoryInfo.Flags.verifyRegions, .verifyCombined])
  func everyByte(_ kind: PurgatoryInfo.Flags) async throws {
    // One blob for each byte, all bits of one byte flipped in turn over the bytes; and a last one that is right.
    var scenario = try await Scenario(chain: chainBases(33))
    let loads = Self.loads(1)
    scenario.segments = loads
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(loads, kind)
      scenario.blobs[index].info.onFailure = .boot
      if index < 32 {
        scenario.blobs[index].info.regions[0].digest.flip(bit: 8 * index + index % 8)
        scenario.blobs[index].info.combinedDigest.flip(bit: 8 * index + index % 8)
      }
    }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    for (index, blob) in scenario.blobs.enumerated() {
      #expect(try report.info(of: blob).status == (index < 32 ? .mismatch : .verified), "byte \(index)")
    }
  }
}

/// Addresses for blobs that enter each other.
func chainBases(_ count: Int) -> [UInt64] {
  (0..<count).map { 0x4400_0000 + UInt64($0) * UInt64(PURGATORY_MAX_MEMORY_SIZE) }
}

extension Scenario {
  /// What a region's digest really is.
  func digest(ofRegion index: Int, _ info: PurgatoryInfo? = nil) -> Digest {
    Digest(hashing: memory((info ?? self.info).regions[index]))
  }

  /// What the combined digest really is.
  func combinedDigest() -> Digest {
    Digest(hashing: info.usedRegions.flatMap { memory($0.region) })
  }

  /// A region's bytes: QEMU's memory is zero where nothing was loaded.
  private func memory(_ region: PurgatoryInfo.Region) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(clamping: region.size))
    for segment in segments {
      for (offset, byte) in segment.bytes.enumerated() {
        let address = segment.address + UInt64(offset)
        if address >= region.base, address - region.base < region.size {
          bytes[Int(clamping: address - region.base)] = byte
        }
      }
    }
    return bytes
  }
}

extension Digest {
  init(hashing bytes: [UInt8]) {
    self.init(of: bytes)
  }

  fileprivate mutating func flip(bit: Int) {
    var bytes = bytes
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    self = Digest(bytes: bytes)
  }
}
