// Requirements.swift — what a test needs of the machine; without it, it is skipped, except in CI
// SPDX-License-Identifier: MIT

import Foundation

// Programs that are no tests, and have the runtime in them, have no such module.
#if canImport(Testing)
  import Testing

  extension Trait where Self == ConditionTrait {
    /// Without QEMU the test is skipped, except in CI, where it runs and fails: CI must not lose a layer unseen.
    public static var requiresQEMU: Self {
      .enabled(
        if: QEMU.isInstalled || ProcessInfo.processInfo.environment["CI"] == "true",
        "\(QEMU.command) is not in PATH")
    }

    /// Without the inputs the test is skipped, except in CI.
    public static var requiresLinux: Self {
      .enabled(
        if: LinuxInputs.areThere || Tools.isCI,
        "\(LinuxInputs.kernelPath) or the initramfs is missing: make inputs")
    }

    /// Without Go the test is skipped, except in CI.
    public static var requiresGo: Self {
      .enabled(if: Go.path != nil || Tools.isCI, "go is not in PATH")
    }
  }
#endif
