// LinuxMachine.swift — a QEMU machine with Linux, its device tree, an initramfs and a purgatory in memory
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

struct LinuxMachine: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let type: String
  let conduit: PurgatoryInfo.PSCIConduit
  var flags: PurgatoryInfo.Flags = []

  static let all = [
    LinuxMachine(testDescription: "EL1", type: "virt,dtb-randomness=off", conduit: .hvc),
    LinuxMachine(testDescription: "EL2", type: "virt,dtb-randomness=off,virtualization=on", conduit: .smc),
  ]

  private static let cpu = "max,pauth-impdef=on"
  private static let kernel: UInt64 = 0x4040_0000
  private static let initrd: UInt64 = 0x5000_0000
  private static let dtb: UInt64 = 0x5800_0000
  private static let purgatory: UInt64 = 0x5c00_0000

  /// Runs it until it powers off, with a byte in the middle of one segment flipped after its digest was taken.
  func boot(tampering role: Segment.Role?) async throws -> String {
    let tree = try LinuxInputs.deviceTree(
      initrdAt: Self.initrd, machine: ["-M", type, "-cpu", Self.cpu, "-m", "1G", "-nic", "none"])
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
    changes.console = .init(kind: .pl011, base: 0x0900_0000)
    changes.onFailure = .poweroff
    changes.psci = conduit
    blob.info = try changes.applied(to: blob.info, file: "purgatory.bin")
    blob.info.flags.formUnion(flags)

    var machine = Machine(start: Self.purgatory)
    machine.type = type
    machine.cpu = Self.cpu
    machine.memory = "1G"
    machine.loads = [blob.load]
    for segment in segments {
      var bytes = segment.bytes
      if segment.role == role { bytes[bytes.count / 2] ^= 1 }
      machine.loads.append(.init(at: segment.base, bytes))
    }
    return try await machine.run().console
  }
}
