// Core.swift — cores with and without what the purgatory looks for, at each level
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// What the purgatory runs on.
struct Core: Sendable, CustomTestStringConvertible {
  enum Missing: String, Sendable {
    case nothing
    case sha2 = "no SHA-2"
    case pages4K = "no 4 KiB pages"
  }

  var level: Level
  var cpu: String
  var missing: Missing

  var testDescription: String {
    "\(level.rawValue), \(cpu)\(missing == .nothing ? "" : ", \(missing.rawValue)")"
  }

  static let all = Level.allCases.flatMap { level in
    cpus.filter { level.exists(on: $0) }.map { Core(level: level, cpu: $0, missing: .nothing) }
      + [Core(level: level, cpu: "max", missing: .sha2), Core(level: level, cpu: "max", missing: .pages4K)]
  }

  /// The `verify_path` of a purgatory with these flags.
  func path(_ flags: PurgatoryInfo.Flags) -> UInt64 {
    let cached = missing != .pages4K && !flags.contains(.noCache)
    let sha2 = missing != .sha2 && !flags.contains(.noCrypto)
    return (cached ? UInt64(PURGATORY_PATH_CACHED) : 0) | (sha2 ? UInt64(PURGATORY_PATH_SHA2) : 0)
  }
}

extension Scenario {
  init(_ core: Core, chain: [UInt64], probe: Probe = Probe()) async throws {
    try await self.init(core.level, cpu: core.cpu, chain: chain, probe: probe)
    switch (core.missing, core.level) {
    case (.nothing, _): break
    case (.sha2, .el1): setFirmware(.hidesSHA2)
    case (.pages4K, .el1): setFirmware(.hides4KPages)
    // Nothing can trap EL2's reads of ID registers.
    case (.sha2, _): for index in blobs.indices { try blobs[index].hideSHA2() }
    case (.pages4K, _): for index in blobs.indices { try blobs[index].hide4KPages() }
    }
  }

  /// Puts a firmware at EL2 under a purgatory at EL1. PSCI is called as on a machine with EL2.
  mutating func setFirmware(_ firmware: Probe.Firmware) {
    machine.type = Level.el2.machineType
    probe.firmware = firmware
    probe.conduit = .smc
    for index in blobs.indices { blobs[index].info.psciConduit = .smc }
  }
}
