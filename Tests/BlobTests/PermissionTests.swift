// PermissionTests.swift — what the purgatory may do with memory while the caches are on, asked of the core
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

/// An access that a patched purgatory makes in the middle of a region's hash; x1 points to its data there.
private struct Access: Sendable {
  var name: String
  var code: @Sendable (PlacedBlob) -> [UInt32]
  /// ESR of an abort.
  var esr: UInt64
  /// Of the abort, from the region's base.
  var far: @Sendable (PlacedBlob) -> UInt64

  static let region: UInt64 = 0x4101_0000

  private static let permission: UInt64 = 0x0f  // at level 3
  private static let translation: UInt64 = 0x07  // at level 3
  private static let dataAbort: UInt64 = 0x9600_0000
  private static let write: UInt64 = 0x40
  private static let instructionAbort: UInt64 = 0x8600_0000

  static let all = [
    // str xzr, [x1]
    Access(
      name: "a store to a region", code: { _ in [0xf900_003f] }, esr: dataAbort | write | permission,
      far: { _ in region }),
    // br x1
    Access(
      name: "a jump into a region", code: { _ in [0xd61f_0020] }, esr: instructionAbort | permission,
      far: { _ in region }),
    // ldr x0, [x1, #0x1000]
    Access(
      name: "a load from the page behind a region", code: { _ in [0xf948_0020] },
      esr: dataAbort | translation, far: { _ in region + 0x1000 }),
    // ldur x0, [x1, #-8]
    Access(
      name: "a load from the page before a region", code: { _ in [0xf85f_8020] },
      esr: dataAbort | translation, far: { _ in region - 8 }),
    Access(
      name: "a load from behind the blob", code: { Instruction.constant($0.end) + [load] },
      esr: dataAbort | translation, far: { $0.end }),
    Access(
      name: "a load from before the blob", code: { Instruction.constant($0.base - 8) + [load] },
      esr: dataAbort | translation, far: { $0.base - 8 }),
    Access(
      name: "a load from the UART", code: { _ in Instruction.constant(uart) + [load] },
      // Nothing of its GiB is mapped: level 1.
      esr: dataAbort | 0x05, far: { _ in uart }),
  ]

  private static let uart: UInt64 = 0x0900_0000
  private static let load: UInt32 = 0xf940_0042  // ldr x2, [x2]
}

@Suite(.requiresQEMU) struct Permissions {
  @Test(
    "under the map regions can be read only, pages next to what is mapped cannot be touched",
    arguments: Level.allCases)
  func accesses(_ level: Level) async throws {
    var scenario = try await Scenario(level, chain: chainBases(Access.all.count))
    scenario.segments = [.init(at: Access.region, .random(100, seed: 91))]
    for (index, access) in Access.all.enumerated() {
      var blob = scenario.blobs[index]
      try blob.info.expect(scenario.segments, .verifyRegions)
      try blob.overwrite("sha256_blocks_sha2", with: access.code(blob))
      blob.info.onFailure = .boot
      scenario.blobs[index] = blob
    }
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let exceptions = ExceptionLine.all(in: report.purgatory)
    #expect(exceptions.count == Access.all.count)
    for ((blob, access), exception) in zip(zip(scenario.blobs, Access.all), exceptions) {
      let far = access.far(blob)
      #expect(exception.esr == access.esr, "\(access.name)")
      #expect(exception.far == far, "\(access.name)")
      let routine = try blob.range(of: "sha256_blocks_sha2").lowerBound
      let elr = blob.base + UInt64(routine + 4 * (access.code(blob).count - 1))
      #expect(exception.elr == (exception.name == "instruction abort" ? far : elr), "\(access.name)")
      #expect(try report.info(of: blob).status == .exception, "\(access.name)")
    }
  }

  @Test(
    "the code that makes these accesses would be let through with the caches off", arguments: Level.allCases)
  func uncached(_ level: Level) async throws {
    let reads = Access.all.filter { $0.name.contains("load") && !$0.name.contains("UART") }
    var scenario = try await Scenario(level, chain: chainBases(reads.count))
    scenario.segments = [.init(at: Access.region, .random(100, seed: 91))]
    for (index, access) in reads.enumerated() {
      var blob = scenario.blobs[index]
      try blob.info.expect(scenario.segments, [.verifyRegions, .noCache])
      try blob.overwrite("sha256_blocks_sha2", with: access.code(blob) + [Instruction.ret])
      blob.info.onFailure = .boot
      scenario.blobs[index] = blob
    }
    let report = try await scenario.report()
    #expect(ExceptionLine.all(in: report.purgatory) == [])
    #expect(try scenario.violations(report) == [])
  }
}
