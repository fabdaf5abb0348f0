// UBootTests.swift — a payload that is no Linux: Debian's U-Boot, entered through the purgatory
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

private let uBoot = "\(packageFolder)/.cache/debian/u-boot/u-boot.bin"

@Suite(
  "U-Boot through the purgatory", .requiresQEMU,
  .enabled(
    if: Tools.isCI || FileManager.default.fileExists(atPath: uBoot), "\(uBoot) is missing: make inputs"))
struct UBootTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func build(_ level: Level) async throws {
    try folder.write(QEMU.deviceTree(of: level.machine), to: "virt.dtb")
    try await folder.done([
      "build", "--segment", "\(uBoot)@0x60000000", "--kernel-entry", "0x60000000", "--dtb", "virt.dtb",
      "--on-failure", "poweroff", "--output-dir", "out", "--copy",
    ])
  }

  @Test(arguments: Level.allCases)
  func boots(_ level: Level) async throws {
    try await build(level)
    let outcome = try await folder.run(["out/manifest.json", "--expect", "DRAM:  1 GiB"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory: version 2 at 0x", "purgatory: verified ", "U-Boot 20", "DRAM:  1 GiB")
    #expect(outcome.text.contains(", \(level.rawValue), 2 regions, "))
  }

  @Test func refuses() async throws {
    try await build(.el1)
    try folder.flip("out/u-boot.bin")
    let outcome = try await folder.run(["out/manifest.json", "--unverified"])
    outcome.lines.expect("purgatory: digest mismatch", "purgatory: region 1 at 0x60000000, ")
    #expect(!outcome.text.contains("U-Boot"))
  }
}
