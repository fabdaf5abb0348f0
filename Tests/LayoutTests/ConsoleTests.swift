// ConsoleTests.swift — the UART that a device tree names: its type, or why it has none
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct ConsoleTests {
  /// A board whose console is at 0x9000000.
  private func root(
    _ uart: TreeNode.Value, stdout: TreeNode.Value? = "/uart@9000000", others: [(String, TreeNode.Value)] = []
  ) -> TreeNode {
    var node = TreeNode("uart@9000000", ["reg": .wide(0x900_0000, 0x1000), "compatible": uart])
    for (name, value) in others { node.properties.append((name, value.bytes)) }
    let chosen = stdout.map { TreeNode("chosen", ["stdout-path": $0]) } ?? TreeNode("chosen")
    return .root(TreeNode("aliases", ["serial0": "/uart@9000000"]), chosen, node)
  }

  private let help = "\nhelp: name the UART with --console TYPE@ADDR, or do without it with --console none"

  private func refusal(_ root: TreeNode) throws -> [String] {
    try problems { _ = try root.board().console() }
  }

  @Test(
    arguments: [
      "/uart@9000000", "/uart@9000000:115200n8", "/uart@9000000:", "serial0", "serial0:115200n8",
      "serial0:115200:more", "/uart",
    ])
  func path(_ path: String) throws {
    let board = try root("arm,pl011", stdout: .init(stringLiteral: path)).board()
    #expect(try board.console() == .init(.pl011, base: 0x900_0000))
  }

  @Test func noPath() throws {
    let aliases = "\nhelp: one of --console pl011@0x9000000 (/aliases/serial0), or --console none"
    let none = "board.dtb: /chosen/stdout-path: none, expected the console's node"
    #expect(try refusal(root("arm,pl011", stdout: nil)) == [none + aliases])
    #expect(try refusal(.root()) == [none + help])
    #expect(try refusal(root("arm,pl011", stdout: .empty)) == [none + aliases])
    for path in ["/uart@9000001", "serial1:115200n8", ":115200n8", "uart@9000000"] {
      #expect(
        try refusal(root("arm,pl011", stdout: .init(stringLiteral: path)))
          == [
            "board.dtb: /chosen/stdout-path: \"\(path)\", expected the path of a node, or an alias" + aliases
          ])
    }
  }

  /// The console of a UART at 0x9000000 that has these properties.
  private func console(
    _ names: [String], _ others: (String, TreeNode.Value)...
  ) throws -> PurgatoryInfo.Console {
    try root(TreeNode.Value(bytes: names.flatMap { Array($0.utf8) + [0] }), others: others).board().console()
  }

  /// As its own driver in Linux drives each.
  @Test(
    arguments: [
      (["arm,pl011", "arm,primecell"], .pl011), (["arm,sbsa-uart"], .pl011),
      (["vendor,uart", "arm,pl011"], .pl011), (["ns8250"], .uart8250), (["ns16450"], .uart8250),
      (["ns16550"], .uart8250), (["vendor,uart", "ns16550a"], .uart8250), (["snps,dw-apb-uart"], .uart8250),
      (["fsl,ns16550", "ns16550a"], .uart8250), (["marvell,armada-38x-uart"], .uart8250),
      (["brcm,bcm2835-aux-uart"], .uart8250MMIO32), (["brcm,bcm7271-uart"], .uart8250MMIO32),
      (["ti,am64-uart", "ti,am654-uart"], .uart8250MMIO32), (["ti,omap4-uart"], .uart8250MMIO32),
      (["mediatek,mt8183-uart", "mediatek,mt6577-uart"], .uart8250MMIO32),
      (["nvidia,tegra210-uart", "nvidia,tegra20-uart"], .uart8250MMIO32),
      (["nvidia,tegra194-hsuart"], .uart8250MMIO32), (["socionext,uniphier-uart"], .uart8250MMIO32),
      (["fsl,imx8mp-uart", "fsl,imx6q-uart"], .imx), (["fsl,vf610-lpuart"], .lpuart),
      (["fsl,ls1028a-lpuart"], .lpuart32),
      (["fsl,imx93-lpuart", "fsl,imx8ulp-lpuart", "fsl,imx7ulp-lpuart"], .lpuartOfIMX),
      (["fsl,imx8qm-lpuart", "fsl,imx8qxp-lpuart"], .lpuartOfIMX),
      (["amlogic,meson-g12a-uart", "amlogic,meson-gx-uart", "amlogic,meson-ao-uart"], .meson),
      (["xlnx,zynqmp-uart", "cdns,uart-r1p12"], .cadence), (["renesas,scif-r8a7795", "renesas,scif"], .scif),
      (["renesas,hscif-r8a779g0", "renesas,hscif"], .scif), (["renesas,scif-r9a07g044"], .scifa),
      (["renesas,scif-r9a07g054", "renesas,scif-r9a07g044"], .scifa),
      (["samsung,exynos7-uart", "samsung,exynos4210-uart"], .samsung), (["google,gs101-uart"], .samsung),
      (["apple,s5l-uart"], .samsung), (["marvell,armada-3700-uart"], .armada3700),
      (["marvell,armada-3700-uart-ext"], .armada3700Ext), (["st,stm32h7-uart"], .stm32),
    ] as [([String], UART)])
  func compatible(_ names: [String], _ uart: UART) throws {
    #expect(try console(names) == .init(uart, base: 0x900_0000))
  }

  /// An 8250's registers lie as its properties say, but for those whose driver knows better.
  @Test func registers() throws {
    func uart(_ others: (String, TreeNode.Value)...) throws -> UART {
      try root("ns16550a", others: others).board().console().uart
    }
    #expect(try uart(("reg-shift", [0])) == .uart8250)
    #expect(try uart(("reg-shift", [0]), ("reg-io-width", [1])) == .uart8250)
    #expect(try uart(("reg-shift", [2]), ("reg-io-width", [4])) == .uart8250MMIO32)
    #expect(try uart(("reg-shift", [2]), ("reg-io-width", [1])) == .uart8250Stride4)
    #expect(try uart(("reg-shift", [2])) == .uart8250Stride4)
    #expect(try uart(("reg-shift", [1])) == UART(access: 1, status: 10, mask: 0x40, ready: 0x40))
    #expect(
      try uart(("reg-shift", [3]), ("reg-io-width", [4]))
        == UART(access: 4, status: 40, mask: 0x40, ready: 0x40))
    #expect(try uart(("reg-shift", [2]), ("big-endian", .empty)) == .uart8250Stride4)
    // What no access reaches is said, and why.
    func refused(_ others: [(String, TreeNode.Value)], _ why: String) throws {
      #expect(
        try refusal(root("ns16550a", others: others)) == [
          "board.dtb: /uart@9000000: ns16550a at 0x9000000, with \(why)" + help
        ])
    }
    for width in [0, 2, 8, 0xffff_ffff] as [UInt32] {
      try refused(
        [("reg-shift", [2]), ("reg-io-width", [width])],
        "reg-io-width \(width), expected registers of 1 or 4 bytes")
    }
    for shift in [0, 1, 9, 0xffff_ffff] as [UInt32] {
      try refused(
        [("reg-shift", [shift]), ("reg-io-width", [4])],
        "reg-shift \(shift), expected registers of 4 bytes at least as far apart, at most 256 bytes")
    }
    try refused(
      [("reg-shift", [2]), ("reg-io-width", [4]), ("big-endian", .empty)],
      "big-endian registers, expected little-endian ones, or of 1 byte")
    #expect(
      try refusal(root("ns16550a", others: [("reg-shift", [2]), ("reg-io-width", [4]), ("reg-offset", [2])]))
        == [
          "board.dtb: /uart@9000000: ns16550a at 0x9000000: 8250-mmio32 at 0x9000002, expected a multiple of 4"
            + help
        ])
    // Where they begin.
    #expect(
      try root("ns16550a", others: [("reg-offset", [0x100])]).board().console()
        == .init(.uart8250, base: 0x900_0100))
    // A PL011 has one layout, whatever it says, and so has Tegra's.
    #expect(try root("arm,pl011", others: [("reg-shift", [2])]).board().console().uart == .pl011)
    #expect(try console(["nvidia,tegra20-uart"], ("reg-shift", [0])).uart == .uart8250MMIO32)
  }

  @Test func another() throws {
    let hint = "\nhelp: if a byte that is stored at its first register is sent, "
    let tried = hint + "try --console raw@0x9000000, or do without it with --console none"
    #expect(
      try refusal(root(.strings("vendor,uart", "vendor,uart-v1")))
        == [
          "board.dtb: /uart@9000000: vendor,uart, vendor,uart-v1 at 0x9000000, expected a UART that has a type"
            + tried
        ])
    // What only an 8250 has.
    #expect(
      try refusal(root("vendor,uart", others: [("reg-shift", [2]), ("reg-io-width", [4])])).first?
        .contains("try --console 8250-mmio32@0x9000000") == true)
    #expect(
      try refusal(root("vendor,uart", others: [("reg-shift", [1])])).first?
        .contains("try --console custom:access=1,data=0x0,status=0xa,mask=0x40,ready=0x40@0x9000000") == true)
    #expect(
      try refusal(root("vendor,uart", others: [("reg-shift", [2]), ("reg-offset", [0x100])])).first?
        .contains("help: try --console 8250-stride4@0x9000100") == true)
    // There is no line where no access would reach its registers.
    #expect(
      try refusal(root("vendor,uart", others: [("reg-shift", [2]), ("reg-io-width", [2])]))
        == [
          "board.dtb: /uart@9000000: vendor,uart at 0x9000000, with reg-io-width 2, expected registers of 1 or 4 bytes"
            + help
        ])
    let chosen = TreeNode("chosen", ["stdout-path": "/uart"])
    #expect(
      try refusal(.root(chosen, TreeNode("uart", ["reg": .wide(1, 1)])))
        == [
          "board.dtb: /uart: no compatible at 0x1, expected a UART that has a type\n"
            + "help: if a byte that is stored at its first register is sent, try --console raw@0x1, "
            + "or do without it with --console none"
        ])
    #expect(
      try refusal(.root(chosen, TreeNode("uart", ["compatible": "arm,pl011"])))
        == [
          "board.dtb: /uart: arm,pl011, with no reg that the CPU can reach, expected the UART's registers"
            + help
        ])
  }

  @Test(arguments: [
    ("qcom,geni-debug-uart", "Qualcomm GENI"), ("qcom,msm-uartdm", "Qualcomm UARTDM"),
    ("nvidia,tegra194-tcu", "combined UART"), ("fsl,ls1021a-lpuart", "big-endian"), ("arm,dcc", "no memory"),
  ])
  func moreThanAStore(_ name: String, _ reason: String) throws {
    let refusal = try refusal(root(.init(stringLiteral: name)))
    #expect(refusal.count == 1)
    #expect(refusal.first?.hasPrefix("board.dtb: /uart@9000000: \(name) at 0x9000000: ") == true)
    #expect(refusal.first?.contains(reason) == true)
    #expect(refusal.first?.hasSuffix("\nhelp: do without it with --console none") == true)
  }

  /// What is no memory has no registers either: the reason is its own.
  @Test(arguments: ["nvidia,tegra194-tcu", "arm,dcc"])
  func withoutRegisters(_ name: String) throws {
    let chosen = TreeNode("chosen", ["stdout-path": "/tcu"])
    let refusal = try refusal(.root(chosen, TreeNode("tcu", ["compatible": .init(stringLiteral: name)])))
    #expect(refusal.first?.hasPrefix("board.dtb: /tcu: \(name): ") == true, "\(refusal)")
    #expect(refusal.first?.hasSuffix("\nhelp: do without it with --console none") == true)
  }

  /// To the purgatory, an address of 0 is silence.
  @Test func atZero() throws {
    let chosen = TreeNode("chosen", ["stdout-path": "/uart"])
    #expect(
      try refusal(.root(chosen, TreeNode("uart", ["compatible": "arm,pl011", "reg": .wide(0, 0x1000)])))
        == [
          "board.dtb: /uart: arm,pl011 at 0x0, expected another address: 0 is no console\n"
            + "help: do without it with --console none"
        ])
  }

  @Test func disabled() throws {
    let disabled = try refusal(root("arm,pl011", others: [("status", "disabled")]))
    #expect(
      disabled == [
        "board.dtb: /uart@9000000: arm,pl011 at 0x9000000, which is disabled, expected a UART in use\n"
          + "help: if the firmware has it on, use --console pl011@0x9000000; or do without it with --console none"
      ])
    // So is a part of what is.
    let bus = TreeNode(
      "bus", ["status": "disabled", "ranges": .empty, "#address-cells": [2], "#size-cells": [2]],
      [TreeNode("uart@9000000", ["compatible": "arm,pl011", "reg": .wide(0x900_0000, 0x1000)])])
    let chosen = TreeNode("chosen", ["stdout-path": "/bus/uart@9000000"])
    #expect(try refusal(.root(chosen, bus)).first?.contains("which is disabled") == true)
  }

  /// Without a stdout-path, what /aliases has is offered, or why not.
  @Test func aliases() throws {
    var tree = TreeNode.root(
      TreeNode(
        "aliases",
        [
          "serial10": "/b@2000", "serial1": "/b@2000", "ethernet0": "/c", "serial0": "/a@1000",
          "serial2": "/none",
          "serial3": "/geni@3000", "serial4": "/off@4000",
        ]),
      TreeNode("a@1000", ["compatible": "arm,pl011", "reg": .wide(0x1000, 0x1000)]),
      TreeNode("b@2000", ["compatible": "ns16550a", "reg": .wide(0x2000, 0x1000), "reg-shift": [2]]),
      TreeNode("geni@3000", ["compatible": "qcom,geni-uart", "reg": .wide(0x3000, 0x1000)]),
      TreeNode("off@4000", ["compatible": "arm,pl011", "reg": .wide(0x4000, 0x1000), "status": "disabled"]))
    let help =
      "\nhelp: one of --console pl011@0x1000 (/aliases/serial0), --console 8250-stride4@0x2000 (/aliases/serial1), "
      + "or --console none; "
      + "/aliases/serial3 is qcom,geni-uart at 0x3000: Qualcomm GENI, which wants a command for each transfer"
    #expect(try refusal(tree) == ["board.dtb: /chosen/stdout-path: none, expected the console's node" + help])
    tree.children.append(TreeNode("chosen", ["stdout-path": "serial7"]))
    #expect(
      try refusal(tree)
        == ["board.dtb: /chosen/stdout-path: \"serial7\", expected the path of a node, or an alias" + help])
    // The older name.
    tree.children[5] = TreeNode("chosen", ["linux,stdout-path": "serial1"])
    #expect(try tree.board().console() == .init(.uart8250Stride4, base: 0x2000))
  }

  /// Where no port could be it, the first ones are named.
  @Test func noPortAtAll() throws {
    let tree = TreeNode.root(
      TreeNode("aliases", ["serial0": "/geni@3000", "serial1": "/off@4000"]),
      TreeNode("geni@3000", ["compatible": "qcom,geni-uart", "reg": .wide(0x3000, 0x1000)]),
      TreeNode("off@4000", ["compatible": "arm,pl011", "reg": .wide(0x4000, 0x1000), "status": "disabled"]))
    #expect(
      try refusal(tree) == [
        "board.dtb: /chosen/stdout-path: none, expected the console's node" + help
          + "; /aliases/serial0 is qcom,geni-uart at 0x3000: Qualcomm GENI, which wants a command for each transfer"
          + "; /aliases/serial1 is arm,pl011 at 0x4000, which is disabled"
      ])
  }

  /// Without aliases, any UART that is known.
  @Test func noAliases() throws {
    let tree = TreeNode.root(
      TreeNode(
        "soc", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty],
        [
          TreeNode("serial@1000", ["compatible": "ns16550a", "reg": .wide(0x1000, 0x100)]),
          TreeNode(
            "serial@2000", ["compatible": "ns16550a", "reg": .wide(0x2000, 0x100), "status": "disabled"]),
          TreeNode("other@3000", ["compatible": "vendor,uart", "reg": .wide(0x3000, 0x100)]),
        ]))
    #expect(
      try refusal(tree) == [
        "board.dtb: /chosen/stdout-path: none, expected the console's node\n"
          + "help: one of --console 8250@0x1000 (/soc/serial@1000), or --console none"
      ])
  }

  /// The Raspberry Pi 4's mini-UART: an alias, a path through a bus, VideoCore addresses.
  @Test func behindABus() throws {
    let uart = TreeNode(
      "serial@7e215040", ["compatible": "brcm,bcm2835-aux-uart", "reg": [0x7e21_5040, 0x40]])
    let soc = TreeNode(
      "soc",
      ["#address-cells": [1], "#size-cells": [1], "ranges": [0x7e00_0000, 0, 0xfe00_0000, 0x180_0000]], [uart]
    )
    let root = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [1]],
      [
        TreeNode("aliases", ["serial1": "/soc/serial@7e215040"]),
        TreeNode("chosen", ["stdout-path": "serial1:115200n8"]), soc,
      ])
    #expect(try root.board().console() == .init(.uart8250MMIO32, base: 0xfe21_5040))
  }
}
