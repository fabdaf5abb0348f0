// MappedPages.swift — the tables that a purgatory built in QEMU, and what they are to map
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

extension PageTables {
  init(of blob: PlacedBlob, in report: Report) throws {
    self.init(at: blob.end - Self.room, try report.words(blob.end - Self.room))
  }

  /// What a report needs for that.
  static func window(of blob: PlacedBlob) -> Probe.Window {
    .init(address: blob.end - room, size: Int(clamping: room), .words)
  }

  static func wanted(_ blob: PlacedBlob, _ level: Level) -> [Leaf] {
    wanted(
      blob: blob.base..<blob.end, regions: blob.info.usedRegions.map { ($0.region.base, $0.region.size) },
      isEL2WithoutE2H: level == .el2)
  }
}
