// LoaderInputs.swift — what scripts/fetch-debian and scripts/initramfs left for these tests
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

/// A file or folder below .cache.
enum LoaderInput: String {
  case kernel = "debian/linux/Image"
  /// One that knows SME.
  case testingKernel = "debian/linux-testing/Image"
  /// Small ones, of scripts/kernel: as Debian has the source, and with both ways of integrations/linux.
  case plainKernel = "kernel/plain/Image"
  case flatKernel = "kernel/flat/Image"
  case objectKernel = "kernel/object/Image"
  /// The last one's sources and objects.
  case kernelTree = "kernel/6.12/tree"
  case kernelBuild = "kernel/6.12/build"
  case initrd = "initramfs.cpio.gz"
  case busybox = "debian/busybox/busybox"
  case kexec = "debian/kexec/kexec"
  case kexecLibraries = "debian/kexec-libs"
  /// kexec-tools' source tree.
  case kexecSource = "debian/kexec-source"
  case kexecAMD64 = "debian/kexec-amd64/kexec"
  case uBoot = "debian/u-boot/u-boot.bin"
  /// Firmware that relocates itself.
  case uBootELF = "debian/u-boot-elf/qemu_arm64/uboot.elf"
  /// A Raspberry Pi 3's device tree.
  case raspberryPiTree = "debian/linux-boards/dtb/broadcom/bcm2837-rpi-3-b.dtb"

  var path: String { "\(packageFolder)/.cache/\(rawValue)" }

  var bytes: [UInt8] {
    get throws { try read(path) }
  }
}

extension Trait where Self == ConditionTrait {
  /// Without an input the test is skipped, except in CI, where it runs and fails.
  static func requires(_ inputs: LoaderInput...) -> Self {
    let missing = inputs.filter { !FileManager.default.fileExists(atPath: $0.path) }
    return .enabled(
      if: missing.isEmpty || Tools.isCI,
      "\(missing.map { ".cache/\($0.rawValue)" }.joined(separator: ", ")) missing: make inputs")
  }
}
