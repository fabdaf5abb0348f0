// QEMU.swift — is qemu-system-aarch64 there, and what happens to tests if it is not
// SPDX-License-Identifier: MIT

import Foundation

public enum QEMU {
  public static let command = "qemu-system-aarch64"

  /// Whether the command is in PATH.
  public static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(command)") }

  /// One emulated core keeps one host core busy.
  public static let slots = Slots(count: ProcessInfo.processInfo.activeProcessorCount)
}
