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
  static let bootingAnyway = "purgatory: booting anyway\r\n"

  /// What is said when a failure action is taken.
  static func action(_ action: PurgatoryInfo.FailureAction) -> String {
    switch action {
    case .halt: halted
    case .reset: resetting
    case .poweroff: poweringOff
    case .boot: bootingAnyway
    }
  }

  /// Why a PSCI call came back, and what is tried then; nil: nothing.
  static func psci(
    _ conduit: PurgatoryInfo.PSCIConduit, _ why: String, trying: PurgatoryInfo.PSCIConduit? = nil
  ) -> String {
    "purgatory: \(conduit.name) \(why)" + (trying.map { ", trying \($0.name)" } ?? "") + "\r\n"
  }

  static func banner(_ blob: PlacedBlob, _ level: Level) -> String {
    "purgatory: version 2 at \(hex(blob.base)), EL\(level.number), \(regions(blob.info))\r\n"
  }

  /// What a run of one blob writes when all is well, `N` for the time it took.
  static func success(_ scenario: Scenario, _ report: Report) throws -> String {
    let path = try report.info(of: scenario.blob).verifyPath
    return banner(scenario.blob, scenario.level) + verified(scenario.blob, path)
  }

  static func verified(_ blob: PlacedBlob, _ path: UInt64) -> String {
    "purgatory: verified \(bytes(blob.info)) bytes in N us (\(pathName(path)))\r\n"
  }

  /// How the result line names a `verify_path`.
  static func pathName(_ path: UInt64) -> String {
    (path & UInt64(PURGATORY_PATH_SHA2) == 0 ? "scalar+" : "sha2+")
      + (path & UInt64(PURGATORY_PATH_CACHED) == 0 ? "nocache" : "cache")
  }

  static func mismatch(region index: Int, _ region: PurgatoryInfo.Region, bias: UInt64 = 0, computed: Digest)
    -> String
  {
    "purgatory: digest mismatch\r\n"
      + "purgatory: region \(index) at \(hex(region.base &+ bias)), \(region.size) bytes\r\n"
      + digests(region.digest, computed)
  }

  static func mismatch(combined expected: Digest, computed: Digest) -> String {
    "purgatory: digest mismatch\r\n" + digests(expected, computed)
  }

  private static func digests(_ expected: Digest, _ computed: Digest) -> String {
    "purgatory: expected \(expected)\r\npurgatory: computed \(computed)\r\n"
  }

  static func badInfo(_ reason: String) -> String {
    "purgatory: bad info: \(reason)\r\n"
  }

  static func hex(_ value: UInt64) -> String {
    "0x" + String(value, radix: 16)
  }

  private static func regions(_ info: PurgatoryInfo) -> String {
    "\(info.usedRegions.count) regions, \(bytes(info)) bytes"
  }

  private static func bytes(_ info: PurgatoryInfo) -> UInt64 {
    info.usedRegions.reduce(0) { $0 + $1.region.size }
  }
}
