// HugeMemory.swift — machines with more memory than the host has
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

extension Machine {
  /// Gives a `virt` machine so many GiB, of which the host reserves none.
  mutating func setHugeMemory(_ size: Int) {
    type += ",memory-backend=huge"
    memory = "\(size)G"
    arguments += ["-object", "memory-backend-ram,id=huge,size=\(size)G,reserve=off"]
  }
}

/// Whether the host has the address space to spare.
private let hugeMemory = Task {
  guard QEMU.isInstalled else { return false }
  // movz w0, #0x8400, lsl #16; movk w0, #8; hvc #0: PSCI SYSTEM_OFF
  let powerOff: [UInt32] = [0x52b0_8000, 0x7280_0100, 0xd400_0002]
  var machine = Machine(start: 0x4010_0000)
  machine.setHugeMemory(16_383)
  machine.loads = [.init(at: machine.start, [UInt8](instructions: powerOff))]
  return (try? await machine.run()) != nil
}

extension Trait where Self == ConditionTrait {
  /// Without it the test is skipped, except in CI.
  static var requiresHugeMemory: Self {
    .enabled("the host gives no 16 TiB of address space") {
      if ProcessInfo.processInfo.environment["CI"] == "true" { return true }
      return await hugeMemory.value
    }
  }
}
