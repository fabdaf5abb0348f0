// LinuxInputs.swift — the kernel and the initramfs that scripts/fetch-debian and scripts/initramfs left
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

enum LinuxInputs {
  private static let cache = "\(packageFolder)/.cache"
  static let kernelPath = "\(cache)/debian/linux/Image"
  static let initrdPath = "\(cache)/initramfs.cpio.gz"

  static let areThere = [kernelPath, initrdPath].allSatisfy { FileManager.default.fileExists(atPath: $0) }

  /// What `uname -r` says.
  static var release: String {
    get throws {
      try String(contentsOfFile: "\(cache)/debian/linux/release", encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// The device tree of a QEMU machine, which says where the initrd is.
  static func deviceTree(initrdAt address: UInt64, machine options: [String]) throws -> [UInt8] {
    let output = FileManager.default.temporaryDirectory.appending(path: "virt-\(UUID().uuidString).dtb")
    defer { try? FileManager.default.removeItem(at: output) }
    let script = Process()
    script.executableURL = URL(filePath: "\(packageFolder)/scripts/virt-dtb")
    script.arguments = [output.path, "\(initrdPath)@\(address)"] + options
    try script.run()
    script.waitUntilExit()
    try #require(script.terminationStatus == 0, "scripts/virt-dtb failed")
    return try bytes(output.path)
  }
}

extension Trait where Self == ConditionTrait {
  /// Without the inputs the test is skipped, except in CI.
  static var requiresLinux: Self {
    .enabled(
      if: LinuxInputs.areThere || ProcessInfo.processInfo.environment["CI"] == "true",
      "\(LinuxInputs.kernelPath) or the initramfs is missing: make inputs")
  }
}
