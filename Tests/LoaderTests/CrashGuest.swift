// CrashGuest.swift — a guest that is going to crash, with Debian testing's kernel, and the levels that it runs at
// SPDX-License-Identifier: MIT

enum Regime: String, CaseIterable {
  case el1, el2, el2e2h
  var level: Guest.Level { self == .el1 ? .el1 : .el2 }
  /// A host that does not use E2H leaves EL2 to a stub, through which it enters the purgatory.
  var arguments: String { self == .el2 ? "kvm-arm.mode=nvhe" : "" }
  /// What the kernel says of it.
  var evidence: String {
    switch self {
    case .el1: "CPU: All CPU(s) started at EL1"
    case .el2: "Hyp nVHE mode initialized"
    case .el2e2h: "VHE mode initialized"
    }
  }
}

extension Guest {
  /// What it loads is in the root as `kexec`, `Image` and `initrd.img`. The crash kernel's memory is where the test
  /// knows it to be.
  init(crashing regime: Regime, kexec: [UInt8], initrd: [UInt8]) throws {
    self.init(files: [
      "kexec": kexec, "Image": try LoaderInput.testingKernel.bytes, "initrd.img": initrd,
    ])
    kernel = .testingKernel
    arguments = "crashkernel=256M@0x60000000 \(regime.arguments)"
  }
}
