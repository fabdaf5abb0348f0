// Messages.swift — what the purgatory says, word for word
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport

enum Message {
  static let skipped = "purgatory: checks skipped\r\n"
  static let halted = "purgatory: halted\r\n"
  static let resetting = "purgatory: resetting\r\n"
  static let poweringOff = "purgatory: powering off\r\n"
  static let psciFailed = "purgatory: psci call failed\r\n"
  static let bootingAnyway = "purgatory: booting anyway\r\n"

  static func banner(_ blob: PlacedBlob, _ level: Level) -> String {
    "purgatory: version 1 at \(hex(blob.base)), EL\(level.number), \(regions(blob.info))\r\n"
  }

  /// What a run of one blob writes when all is well, `N` for the time it took.
  static func success(_ scenario: Scenario, _ report: Report) throws -> String {
    let path = try report.info(of: scenario.blob).verifyPath
    return banner(scenario.blob, scenario.level) + verified(scenario.blob, path)
  }

  static func verified(_ blob: PlacedBlob, _ path: UInt64) -> String {
    "purgatory: verified \(regions(blob.info)) in N us (\(pathName(path)))\r\n"
  }

  /// How the result line names a `verify_path`.
  static func pathName(_ path: UInt64) -> String {
    (path & UInt64(PURGATORY_PATH_SHA2) == 0 ? "scalar+" : "sha2+")
      + (path & UInt64(PURGATORY_PATH_CACHED) == 0 ? "nocache" : "cache")
  }

  static func mismatch(region index: Int, _ region: PurgatoryInfo.Region, bias: UInt64 = 0, computed: Digest)
    -> String
  {
    "purgatory: region \(index) at \(hex(region.base &+ bias)), \(region.size) bytes: digest mismatch\r\n"
      + "  expected \(region.digest)\r\n  computed \(computed)\r\n"
  }

  static func mismatch(combined expected: Digest, computed: Digest) -> String {
    "purgatory: all regions together: digest mismatch\r\n  expected \(expected)\r\n  computed \(computed)\r\n"
  }

  static func badInfo(_ reason: String) -> String {
    "purgatory: bad info: \(reason)\r\n"
  }

  static func hex(_ value: UInt64) -> String {
    "0x" + String(value, radix: 16)
  }

  private static func regions(_ info: PurgatoryInfo) -> String {
    "\(info.usedRegions.count) regions, \(info.usedRegions.reduce(0) { $0 + $1.region.size }) bytes"
  }
}
