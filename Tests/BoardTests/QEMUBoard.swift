// QEMUBoard.swift — boards that QEMU has, other than virt: what stands in for their firmware, and a run
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

struct QEMUBoard: Sendable, CustomTestStringConvertible {
  /// QEMU's `-machine`.
  let machine: String
  let cpu: String
  /// QEMU's `-m`; what the machine has.
  var memory = "1G"
  /// Debian's device tree; nil: `tree` or none.
  var dtb: String?
  var tree: TreeNode?
  /// What the user has to say of it, if anything.
  var options: [String] = []
  /// How many serial ports come before the console.
  var earlierPorts = 0
  /// What firmware writes to have the UART on.
  var pokes: [(address: UInt64, value: UInt32)] = []
  /// Where the firmware's stand-in is; 0: where the cores start by themselves.
  var firmware: UInt64
  /// The level that it enters the purgatory at.
  let level: String
  /// What the console becomes.
  let console: String
  var arguments: [String] = []

  var testDescription: String { "\(machine), \(console)" }

  static let raspi3b = QEMUBoard(
    machine: "raspi3b", cpu: "cortex-a53", dtb: "broadcom/bcm2837-rpi-3-b.dtb",
    options: ["--memory", "0+948M"],
    earlierPorts: 1, pokes: [(0x3f21_5004, 1)], firmware: 0, level: "EL2",
    console: "8250-mmio32 at 0x3f215040")

  static let all = [
    raspi3b,
    QEMUBoard(
      machine: "raspi4b", cpu: "cortex-a72", memory: "2G", dtb: "broadcom/bcm2711-rpi-4-b.dtb",
      options: ["--memory", "0+948M"], earlierPorts: 1, pokes: [(0xfe21_5004, 1)], firmware: 0, level: "EL2",
      console: "8250-mmio32 at 0xfe215040"),
    QEMUBoard(
      machine: "xlnx-zcu102", cpu: "cortex-a53", dtb: "xilinx/zynqmp-zcu102-rev1.0.dtb",
      options: ["--memory", "0+1G"], pokes: [(0xff00_0000, 0x114)], firmware: 0x3000_0000, level: "EL1",
      console: "cadence at 0xff000000", arguments: ["-audio", "none"]),
    QEMUBoard(
      machine: "imx8mp-evk", cpu: "cortex-a53", dtb: "freescale/imx8mp-evk.dtb",
      options: ["--memory", "0x40000000+1G"], earlierPorts: 1,
      pokes: [(0x3089_0080, 1), (0x3089_0084, 4)],  // UCR1.UARTEN, UCR2.TXEN
      firmware: 0x7000_0000, level: "EL2", console: "imx at 0x30890000"),
    QEMUBoard(
      machine: "npcm845-evb", cpu: "cortex-a35", tree: npcm845, firmware: 0x1000_0000, level: "EL2",
      console: "8250-stride4 at 0xf0000000"),
    // QEMU has its own tree at the start of RAM, and names no console in it.
    QEMUBoard(
      machine: "sbsa-ref", cpu: "neoverse-n1",
      options: ["--memory", "0x10000200000+1000M", "--console", "pl011@0x60000000"],
      firmware: 0x100_2000_0000,
      level: "EL2", console: "pl011 at 0x60000000",
      arguments: ["-smp", "1", "-global", "bochs-display.romfile=", "-global", "e1000e.romfile="]),
  ]

  /// As its binding has it; Debian's kernel ships no tree of it.
  private static let npcm845 = TreeNode(
    "", ["#address-cells": [2], "#size-cells": [2]],
    [
      TreeNode("chosen", ["stdout-path": "serial0:115200n8"]),
      TreeNode("aliases", ["serial0": "/ahb/apb/serial@0"]),
      TreeNode("memory@0", ["device_type": "memory", "reg": .wide(0, 0x2000_0000)]),
      TreeNode(
        "ahb", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty],
        [
          TreeNode(
            "apb", ["#address-cells": [1], "#size-cells": [1], "ranges": [0, 0, 0xf000_0000, 0x30_0000]],
            [
              TreeNode(
                "serial@0",
                [
                  "compatible": .strings("nuvoton,npcm845-uart", "nuvoton,npcm750-uart"), "reg": [0, 0x1000],
                  "reg-shift": [2],
                ])
            ])
        ]),
    ])
}

extension QEMUBoard {
  /// Builds `out/` in `folder` for `kernel`, by the command.
  func build(in folder: Folder, kernel: String, _ more: [String] = []) async throws {
    var arguments = ["build", "--kernel", kernel, "--output-dir", "out"] + options + more
    if let dtb { arguments += ["--dtb", "\(BoardInputs.folder)/dtb/\(dtb)"] }
    if let tree {
      try folder.write(tree.dtb(), to: "board.dtb")
      arguments += ["--dtb", "board.dtb"]
    }
    try await folder.done(arguments)
  }

  /// The machine with what `out/` in `folder` has where its manifest says, about to enter the purgatory.
  func loaded(from folder: Folder, stop: Machine.Stop) throws -> Machine {
    let manifest = try Manifest(decoding: folder.read("out/manifest.json"), file: "manifest.json")
    var machine = Machine(start: firmware)
    machine.type = self.machine
    machine.cpu = cpu
    machine.memory = memory
    machine.stop = stop
    machine.arguments = ["-monitor", "none"] + arguments
    for _ in 0..<earlierPorts { machine.arguments += ["-serial", "null"] }
    machine.arguments += ["-serial", "stdio"]
    machine.loads = try manifest.segments.map {
      let file = URL(filePath: "\(folder.path)/out").appending(path: $0.file).standardizedFileURL
      let path = $0.file.hasPrefix("/") ? $0.file : file.path
      return Machine.Load(at: $0.base, try LinuxInputs.bytes(path))
    }
    machine.loads.append(.init(at: firmware, standIn(entering: manifest.entry)))
    return machine
  }

  /// Parks all cores but the first, has the UART on, and enters the purgatory below EL3.
  private func standIn(entering entry: UInt64) -> [UInt8] {
    let code: [UInt32] = [
      0xd538_00a9,  // mrs x9, mpidr_el1
      0x9240_5d29,  // and x9, x9, #0xffffff
      0xb400_0069,  // cbz x9, .+12
      0xd503_205f,  // wfe
      0x17ff_ffff,  // b .-4
      0x1000_0268,  // adr x8, parameters
      0xa8c1_2d0a,  // ldp x10, x11, [x8], #16     the entry, and how many words
      0xb400_00ab,  // cbz x11, .+20
      0xa8c1_350c,  // ldp x12, x13, [x8], #16
      0xb900_018d,  // str w13, [x12]
      0xd100_056b,  // sub x11, x11, #1
      0x17ff_fffc,  // b .-16
      0xd538_4249,  // mrs x9, CurrentEL
      0xf100_313f,  // cmp x9, #0xc
      0x5400_0101,  // b.ne .+32
      0xd280_a629,  // mov x9, #0x531               NS, RW, HCE
      0xd51e_1109,  // msr scr_el3, x9
      0xd51e_115f,  // msr cptr_el3, xzr
      0xd280_7929,  // mov x9, #0x3c9               EL2h, DAIF masked
      0xd51e_4009,  // msr spsr_el3, x9
      0xd51e_402a,  // msr elr_el3, x10
      0xd69f_03e0,  // eret
      0xd61f_0140,  // br x10
      0xd503_201f,  // nop
    ]
    let words = [entry, UInt64(pokes.count)] + pokes.flatMap { [$0.address, UInt64($0.value)] }
    return [UInt8](instructions: code)
      + words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }
}
