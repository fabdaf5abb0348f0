// UARTBinding.swift — device-tree bindings of UARTs: what each compatible takes a byte by
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// What a `compatible` says of how a UART takes a byte. The sources are files of Linux 6.12, in drivers/tty/serial.
enum UARTBinding: Sendable {
  /// Always the same.
  case described(UART)
  /// An 8250 of this layout; nil: of the one that the node's properties say.
  case registers(RegisterLayout?)
  /// It wants more than a store of a byte: why.
  case commands(String)

  static let all = Dictionary(
    uniqueKeysWithValues: rows.flatMap { row in row.names.map { ($0, row.binding) } })

  private static let mmio32 = UARTBinding.registers(RegisterLayout(shift: 2, width: 4))

  private static let rows: [(names: [String], binding: UARTBinding)] = [
    // amba-pl011.c
    (["arm,pl011", "arm,sbsa-uart"], .described(.pl011)),
    // 8250/8250_of.c, 8250_dw.c (which Armada 38x has of its own only for writes to LCR)
    (
      [
        "ns8250", "ns16450", "ns16550", "ns16550a", "ns16750", "ns16850", "fsl,16550-FIFO64",
        "altr,16550-FIFO32",
        "altr,16550-FIFO64", "altr,16550-FIFO128", "nuvoton,wpcm450-uart", "nuvoton,npcm750-uart",
        "snps,dw-apb-uart",
        "marvell,armada-38x-uart",
      ], .registers(nil)
    ),
    // 8250/8250_omap.c (the accesses are of 1, 2 or 4 bytes, as one likes)
    (
      [
        "ti,am654-uart", "ti,omap2-uart", "ti,omap3-uart", "ti,omap4-uart", "ti,am3352-uart",
        "ti,am4372-uart",
        "ti,dra742-uart",
      ], mmio32
    ),
    (["mediatek,mt6577-uart"], mmio32),  // 8250/8250_mtk.c
    // 8250/8250_tegra.c, serial-tegra.c (the same registers, with DMA)
    (
      [
        "nvidia,tegra20-uart", "nvidia,tegra20-hsuart", "nvidia,tegra30-hsuart", "nvidia,tegra186-hsuart",
        "nvidia,tegra194-hsuart",
      ], mmio32
    ),
    (["brcm,bcm7271-uart", "brcm,bcm7278-uart"], mmio32),  // 8250/8250_bcm7271.c
    (["brcm,bcm2835-aux-uart"], mmio32),  // 8250/8250_bcm2835aux.c
    (["socionext,uniphier-uart"], mmio32),  // 8250/8250_uniphier.c
    (["mrvl,mmp-uart", "mrvl,pxa-uart"], mmio32),  // 8250/8250_pxa.c
    // imx.c, imx_earlycon.c
    (["fsl,imx6q-uart", "fsl,imx21-uart"], .described(.imx)),
    // fsl_lpuart.c
    (["fsl,vf610-lpuart"], .described(.lpuart)),
    (["fsl,ls1028a-lpuart"], .described(.lpuart32)),
    (
      [
        "fsl,imx7ulp-lpuart", "fsl,imx8ulp-lpuart", "fsl,imx8qxp-lpuart", "fsl,imxrt1050-lpuart",
      ], .described(.lpuartOfIMX)
    ),
    (["fsl,ls1021a-lpuart"], .commands("its registers are big-endian")),
    // meson_uart.c
    (
      [
        "amlogic,meson-ao-uart", "amlogic,meson-gx-uart", "amlogic,meson-g12a-uart",
        "amlogic,meson-s4-uart", "amlogic,meson-a1-uart",
      ], .described(.meson)
    ),
    // xilinx_uartps.c
    (["xlnx,xuartps", "cdns,uart-r1p8", "cdns,uart-r1p12", "xlnx,zynqmp-uart"], .described(.cadence)),
    // sh-sci.c
    (["renesas,scif", "renesas,hscif"], .described(.scif)),
    (["renesas,scif-r7s9210", "renesas,scif-r9a07g044", "renesas,scif-r9a09g057"], .described(.scifa)),
    // samsung_tty.c (exynos8895 in newer ones)
    (
      [
        "samsung,s5pv210-uart", "samsung,exynos4210-uart", "samsung,exynos5433-uart",
        "samsung,exynos850-uart",
        "samsung,exynos8895-uart", "google,gs101-uart", "axis,artpec8-uart", "apple,s5l-uart",
      ], .described(.samsung)
    ),
    // mvebu-uart.c
    (["marvell,armada-3700-uart"], .described(.armada3700)),
    (["marvell,armada-3700-uart-ext"], .described(.armada3700Ext)),
    (["st,stm32f7-uart", "st,stm32h7-uart"], .described(.stm32)),  // stm32-usart.c
    // 8250/8250_em.c: registers of its own, LSR.TEMT; the others by their own drivers, without names here
    (["renesas,em-uart"], .described(UART(access: 1, status: 0x18, mask: 1 << 6, ready: 1 << 6))),
    (["actions,owl-uart"], .described(UART(access: 4, data: 8, status: 0xc, mask: 1 << 10, ready: 1 << 10))),
    (["sprd,sc9836-uart"], .described(UART(access: 4, status: 0xc, mask: 0xff00, ready: 0))),
    (
      ["nuvoton,ma35d1-uart"],
      .described(UART(access: 4, status: 0x18, mask: 0x1040_0000, ready: 0x1040_0000))
    ),
    (
      ["xlnx,xps-uartlite-1.00.a", "xlnx,opb-uartlite-1.00.b"],
      .described(UART(access: 4, data: 4, status: 8, mask: 1 << 2, ready: 1 << 2))
    ),
    (["altr,uart-1.0"], .described(UART(access: 4, data: 4, status: 8, mask: 1 << 5, ready: 1 << 5))),
    (["qcom,msm-uart"], .described(UART(access: 4, data: 0xc, status: 8, mask: 1 << 3, ready: 1 << 3))),
    // qcom_geni_serial.c, msm_serial.c, tegra-tcu.c, tegra-utc.c of newer ones, tty/hvc/hvc_dcc.c, fsl_linflexuart.c
    (
      ["qcom,geni-debug-uart", "qcom,geni-uart"],
      .commands("Qualcomm GENI, which wants a command for each transfer")
    ),
    (["qcom,msm-uartdm"], .commands("Qualcomm UARTDM, which wants a command for each transfer")),
    (["nvidia,tegra194-tcu"], .commands("Tegra's combined UART, a mailbox to another processor")),
    (["nvidia,tegra264-utc"], .commands("Tegra's UART trace controller, which has to be set up by a client")),
    (["arm,dcc"], .commands("the debug communications channel, which is no memory")),
    (["fsl,s32v234-linflexuart"], .commands("NXP LINFlexD, which wants a flag cleared after each byte")),
  ]
}
