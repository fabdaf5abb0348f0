// BoardInputs.swift — the device trees and the kernel of Debian's package for boards
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

enum BoardInputs {
  static let folder = "\(packageFolder)/.cache/debian/linux-boards"
  static let areThere = FileManager.default.fileExists(atPath: "\(folder)/version")

  /// Of the package.
  static var version: String {
    get throws {
      try String(contentsOfFile: "\(folder)/version", encoding: .utf8).trimmingCharacters(
        in: .whitespacesAndNewlines)
    }
  }

  /// `VENDOR/BOARD.dtb`, all of them.
  static var names: [String] {
    (FileManager.default.enumerator(atPath: "\(folder)/dtb")?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".dtb") }.sorted()
  }

  static func bytes(_ name: String) throws -> [UInt8] { try LinuxInputs.bytes("\(folder)/dtb/\(name)") }
}

extension Trait where Self == ConditionTrait {
  /// Without the trees the test is skipped, except in CI.
  static var requiresBoards: Self {
    .enabled(
      if: BoardInputs.areThere || Tools.isCI,
      "\(BoardInputs.folder) is missing: scripts/fetch-debian linux-boards")
  }
}
