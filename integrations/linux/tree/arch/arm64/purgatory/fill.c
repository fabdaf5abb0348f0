// SPDX-License-Identifier: GPL-2.0 OR MIT
/* fill.c — what the purgatory is told: where to go, how to talk, how to reach the firmware, where to leave its result */
#define pr_fmt(fmt) "purgatory: " fmt

#include <linux/of.h>
#include <linux/of_address.h>

#include "loader.h"
#include "blob_abi.h"

static_assert(BLOB_ABI_VERSION == PURGATORY_INFO_VERSION && BLOB_INFO_SIZE == PURGATORY_INFO_SIZE,
	      "the purgatory's bytes and purgatory_info.h are of different ABI versions: make both from one release");

static const struct purgatory_console pl011 = PURGATORY_CONSOLE_PL011;
static const struct purgatory_console uart8250 = PURGATORY_CONSOLE_8250;
static const struct purgatory_console uart8250_mmio32 = PURGATORY_CONSOLE_8250_MMIO32;
static const struct purgatory_console imx = PURGATORY_CONSOLE_IMX;
static const struct purgatory_console lpuart = PURGATORY_CONSOLE_LPUART;
static const struct purgatory_console lpuart32 = PURGATORY_CONSOLE_LPUART32;
static const struct purgatory_console imx_lpuart = PURGATORY_CONSOLE_IMX_LPUART;
static const struct purgatory_console meson = PURGATORY_CONSOLE_MESON;
static const struct purgatory_console cadence = PURGATORY_CONSOLE_CADENCE;
static const struct purgatory_console scif = PURGATORY_CONSOLE_SCIF;
static const struct purgatory_console scifa = PURGATORY_CONSOLE_SCIFA;
static const struct purgatory_console samsung = PURGATORY_CONSOLE_SAMSUNG;
static const struct purgatory_console armada3700 = PURGATORY_CONSOLE_ARMADA3700;
static const struct purgatory_console armada3700_ext = PURGATORY_CONSOLE_ARMADA3700_EXT;
static const struct purgatory_console stm32 = PURGATORY_CONSOLE_STM32;

/* The bindings of docs/boards.md that have a name there; a test of the purgatory's holds them to the tool's. */
static const struct of_device_id uarts[] = {
	{ .compatible = "arm,pl011", .data = &pl011 },
	{ .compatible = "arm,sbsa-uart", .data = &pl011 },
	{ .compatible = "ns8250", .data = &uart8250 },
	{ .compatible = "ns16450", .data = &uart8250 },
	{ .compatible = "ns16550", .data = &uart8250 },
	{ .compatible = "ns16550a", .data = &uart8250 },
	{ .compatible = "ns16750", .data = &uart8250 },
	{ .compatible = "ns16850", .data = &uart8250 },
	{ .compatible = "fsl,16550-FIFO64", .data = &uart8250 },
	{ .compatible = "altr,16550-FIFO32", .data = &uart8250 },
	{ .compatible = "altr,16550-FIFO64", .data = &uart8250 },
	{ .compatible = "altr,16550-FIFO128", .data = &uart8250 },
	{ .compatible = "nuvoton,wpcm450-uart", .data = &uart8250 },
	{ .compatible = "nuvoton,npcm750-uart", .data = &uart8250 },
	{ .compatible = "snps,dw-apb-uart", .data = &uart8250 },
	{ .compatible = "marvell,armada-38x-uart", .data = &uart8250 },
	{ .compatible = "ti,am654-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,omap2-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,omap3-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,omap4-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,am3352-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,am4372-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ti,dra742-uart", .data = &uart8250_mmio32 },
	{ .compatible = "mediatek,mt6577-uart", .data = &uart8250_mmio32 },
	{ .compatible = "nvidia,tegra20-uart", .data = &uart8250_mmio32 },
	{ .compatible = "nvidia,tegra20-hsuart", .data = &uart8250_mmio32 },
	{ .compatible = "nvidia,tegra30-hsuart", .data = &uart8250_mmio32 },
	{ .compatible = "nvidia,tegra186-hsuart", .data = &uart8250_mmio32 },
	{ .compatible = "nvidia,tegra194-hsuart", .data = &uart8250_mmio32 },
	{ .compatible = "brcm,bcm7271-uart", .data = &uart8250_mmio32 },
	{ .compatible = "brcm,bcm7278-uart", .data = &uart8250_mmio32 },
	{ .compatible = "brcm,bcm2835-aux-uart", .data = &uart8250_mmio32 },
	{ .compatible = "socionext,uniphier-uart", .data = &uart8250_mmio32 },
	{ .compatible = "mrvl,mmp-uart", .data = &uart8250_mmio32 },
	{ .compatible = "mrvl,pxa-uart", .data = &uart8250_mmio32 },
	{ .compatible = "fsl,imx6q-uart", .data = &imx },
	{ .compatible = "fsl,imx21-uart", .data = &imx },
	{ .compatible = "fsl,vf610-lpuart", .data = &lpuart },
	{ .compatible = "fsl,ls1028a-lpuart", .data = &lpuart32 },
	{ .compatible = "fsl,imx7ulp-lpuart", .data = &imx_lpuart },
	{ .compatible = "fsl,imx8ulp-lpuart", .data = &imx_lpuart },
	{ .compatible = "fsl,imx8qxp-lpuart", .data = &imx_lpuart },
	{ .compatible = "fsl,imxrt1050-lpuart", .data = &imx_lpuart },
	{ .compatible = "amlogic,meson-ao-uart", .data = &meson },
	{ .compatible = "amlogic,meson-gx-uart", .data = &meson },
	{ .compatible = "amlogic,meson-g12a-uart", .data = &meson },
	{ .compatible = "amlogic,meson-s4-uart", .data = &meson },
	{ .compatible = "amlogic,meson-a1-uart", .data = &meson },
	{ .compatible = "xlnx,xuartps", .data = &cadence },
	{ .compatible = "cdns,uart-r1p8", .data = &cadence },
	{ .compatible = "cdns,uart-r1p12", .data = &cadence },
	{ .compatible = "xlnx,zynqmp-uart", .data = &cadence },
	{ .compatible = "renesas,scif", .data = &scif },
	{ .compatible = "renesas,hscif", .data = &scif },
	{ .compatible = "renesas,scif-r7s9210", .data = &scifa },
	{ .compatible = "renesas,scif-r9a07g044", .data = &scifa },
	{ .compatible = "renesas,scif-r9a09g057", .data = &scifa },
	{ .compatible = "samsung,s5pv210-uart", .data = &samsung },
	{ .compatible = "samsung,exynos4210-uart", .data = &samsung },
	{ .compatible = "samsung,exynos5433-uart", .data = &samsung },
	{ .compatible = "samsung,exynos850-uart", .data = &samsung },
	{ .compatible = "samsung,exynos8895-uart", .data = &samsung },
	{ .compatible = "google,gs101-uart", .data = &samsung },
	{ .compatible = "axis,artpec8-uart", .data = &samsung },
	{ .compatible = "apple,s5l-uart", .data = &samsung },
	{ .compatible = "marvell,armada-3700-uart", .data = &armada3700 },
	{ .compatible = "marvell,armada-3700-uart-ext", .data = &armada3700_ext },
	{ .compatible = "st,stm32f7-uart", .data = &stm32 },
	{ .compatible = "st,stm32h7-uart", .data = &stm32 },
	{ }
};

/* The registers of an 8250 lie as its node says. */
static bool set_registers(struct purgatory_console *console)
{
	u32 shift = 0, width = 1;

	of_property_read_u32(of_stdout, "reg-shift", &shift);
	of_property_read_u32(of_stdout, "reg-io-width", &width);
	if (shift > 8 || (width != 1 && width != 4) || (5 << shift) % width)
		return false;
	console->access = width;
	console->status = 5 << shift; /* LSR */
	return width == 1 || !of_property_read_bool(of_stdout, "big-endian");
}

/*
 * The UART that stdout-path names, if it is on. Of another kind, or without one, it is what the purgatory was built with, if
 * anything.
 */
static void set_console(struct purgatory_blob_info *info)
{
	const struct of_device_id *uart = of_stdout ? of_match_node(uarts, of_stdout) : NULL;
	struct purgatory_console console;
	struct resource registers;
	u32 offset = 0;

	if (!uart || !of_device_is_available(of_stdout) || of_address_to_resource(of_stdout, 0, &registers) ||
	    resource_type(&registers) != IORESOURCE_MEM)
		goto unknown;
	console = *(const struct purgatory_console *)uart->data;
	if (uart->data == &uart8250) {
		if (!set_registers(&console))
			goto unknown;
		of_property_read_u32(of_stdout, "reg-offset", &offset);
	}
	if (console.access == 4 && (registers.start + offset) % 4)
		goto unknown;
	purgatory_set_console(info, registers.start + offset, &console);
	return;
unknown:
	if (!info->console_base)
		pr_notice("no console that it can talk to: a mismatch will be silent\n");
}

static const struct of_device_id psci[] = {
	{ .compatible = "arm,psci" },
	{ .compatible = "arm,psci-0.2" },
	{ .compatible = "arm,psci-1.0" },
	{ }
};

/* smc or hvc, if a device tree says so; the purgatory tries the other by itself. */
static void set_psci_conduit(struct purgatory_blob_info *info)
{
	struct device_node *node = of_find_matching_node(NULL, psci);

	if (node && of_property_match_string(node, "method", "hvc") >= 0)
		info->flags |= PURGATORY_FLAG_PSCI_HVC;
	else if (node)
		info->flags &= ~(u64)PURGATORY_FLAG_PSCI_HVC;
	of_node_put(node);
}

int kexec_purgatory_fill(struct purgatory_blob_info *info, const struct kimage *image, unsigned long kernel)
{
	u64 result = kexec_purgatory_result_offset(image->arch.dtb);

	if (info->magic != PURGATORY_INFO_MAGIC || info->version != PURGATORY_INFO_VERSION ||
	    info->size != PURGATORY_INFO_SIZE)
		return -ENOEXEC;
	/* Whatever it was built with: addresses here are absolute, and it is there to verify. */
	info->flags &= ~(u64)PURGATORY_FLAG_RELATIVE;
	info->skip_checks = 0;
	memset(info->regions, 0, sizeof(info->regions));
	info->kernel_entry = kernel;
	info->dtb_addr = image->arch.dtb_mem;
	info->result_addr = result ? image->arch.dtb_mem + result : 0;
	set_console(info);
	set_psci_conduit(info);
	return 0;
}
