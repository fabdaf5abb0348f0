// LinuxMachine.swift — a QEMU machine with Linux, its device tree, an initramfs and a purgatory in memory
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

struct LinuxMachine: Sendable, CustomTestStringConvertible {
  enum Level: String, Sendable {
    case el1 = "EL1"
    case el2 = "EL2"
    case el2e2h = "EL2 with E2H"
  }

  let level: Level
  /// How the purgatory names its path.
  let path: String
  var flags: PurgatoryInfo.Flags = []
  /// QEMU's `-cpu`.
  var cpu = Self.max

  var testDescription: String { "\(level.rawValue), \(cpu), \(path)" }

  /// Every path at each of the levels; on older cores with the caches and without.
  static let all =
    [Level.el1, .el2, .el2e2h].flatMap { level in
      [
        LinuxMachine(level: level, path: "sha2+cache"),
        LinuxMachine(level: level, path: "scalar+cache", flags: .noCrypto),
        LinuxMachine(level: level, path: "sha2+nocache", flags: .noCache),
        LinuxMachine(level: level, path: "scalar+nocache", flags: [.noCrypto, .noCache]),
      ]
    }
    + [
      (Level.el1, "cortex-a72"), (.el2, "cortex-a72"),  // which has no E2H
      (.el1, "neoverse-n1"), (.el2, "neoverse-n1"), (.el2e2h, "neoverse-n1"),
    ].flatMap { level, cpu in
      [
        LinuxMachine(level: level, path: "sha2+cache", cpu: cpu),
        LinuxMachine(level: level, path: "sha2+nocache", flags: .noCache, cpu: cpu),
      ]
    }

  /// One for each level.
  static let onePath = all.filter { $0.cpu == max && $0.flags.isEmpty }

  private var type: String {
    "virt,dtb-randomness=off" + (level == .el1 ? "" : ",virtualization=on")
  }

  private static let max = "max,pauth-impdef=on"
  private static let stub: UInt64 = 0x4020_0000
  private static let kernel: UInt64 = 0x4040_0000
  private static let initrd: UInt64 = 0x5000_0000
  private static let dtb: UInt64 = 0x5800_0000
  private static let purgatory: UInt64 = 0x5c00_0000

  /// Sets HCR_EL2.E2H and enters the purgatory.
  private static let enterE2H = Machine.Load(
    at: stub,
    [UInt8](instructions: [
      0xd2c0_0080,  // movz x0, #0x4, lsl #32         E2H
      0xf2b1_0000,  // movk x0, #0x8800, lsl #16      RW, TGE
      0xd51c_1100,  // msr hcr_el2, x0
      0xd503_3fdf,  // isb
      0xd2a6_0a00,  // movz x0, #0x3050, lsl #16      SCTLR with the MMU off, in EL1's layout: RES1 bits
      0xf281_0000,  // movk x0, #0x0800
      0xd518_1000,  // msr sctlr_el1, x0
      0xd503_3fdf,  // isb
      0xd2ab_8009,  // movz x9, #0x5c00, lsl #16      the purgatory
      0xd61f_0120,  // br x9
    ]))

  /// Runs it until it powers off, with a byte in the middle of one segment flipped after its digest was taken.
  func boot(tampering role: Segment.Role?) async throws -> String {
    let tree = try LinuxInputs.deviceTree(
      initrdAt: Self.initrd, machine: ["-M", type, "-cpu", cpu, "-m", "1G", "-nic", "none"])
    let segments = [
      try Segment(
        role: .kernel, file: "Image", bytes: LinuxInputs.bytes(LinuxInputs.kernelPath), base: Self.kernel),
      try Segment(role: .dtb, file: "virt.dtb", bytes: tree, base: Self.dtb),
      try Segment(
        role: .initrd, file: "initrd", bytes: LinuxInputs.bytes(LinuxInputs.initrdPath), base: Self.initrd),
    ]
    var blob = try await PlacedBlob(at: Self.purgatory)
    var changes = InfoChanges()
    changes.segments = segments
    changes.loadAddress = Self.purgatory
    changes.console = .init(.pl011, base: 0x0900_0000)
    changes.onFailure = .poweroff
    changes.psci = level == .el1 ? .hvc : .smc
    blob.info = try changes.applied(to: blob.info, file: "purgatory.bin")
    blob.info.flags.formUnion(flags)

    var machine = Machine(start: level == .el2e2h ? Self.stub : Self.purgatory)
    machine.type = type
    machine.cpu = cpu
    machine.memory = "1G"
    machine.loads = [blob.load, Self.enterE2H]
    for segment in segments {
      var bytes = segment.bytes
      if segment.role == role { bytes[bytes.count / 2] ^= 1 }
      machine.loads.append(.init(at: segment.base, bytes))
    }
    return try await machine.run().console
  }
}
