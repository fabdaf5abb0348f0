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

static const struct of_device_id uarts[] = {
	{ .compatible = "arm,pl011", .data = &pl011 },
	{ .compatible = "arm,sbsa-uart", .data = &pl011 },
	{ .compatible = "brcm,bcm2835-aux-uart", .data = &uart8250_mmio32 },
	{ .compatible = "ns8250", .data = &uart8250 },
	{ .compatible = "ns16450", .data = &uart8250 },
	{ .compatible = "ns16550", .data = &uart8250 },
	{ .compatible = "ns16550a", .data = &uart8250 },
	{ .compatible = "snps,dw-apb-uart", .data = &uart8250 },
	{ .compatible = "ti,am654-uart", .data = &uart8250_mmio32 }, /* their trees do not say so, their drivers do */
	{ .compatible = "nvidia,tegra20-uart", .data = &uart8250_mmio32 },
	{ }
};

/* The UART that stdout-path names; of another kind, or without one, the purgatory is silent. */
static void set_console(struct purgatory_blob_info *info)
{
	const struct of_device_id *uart = of_stdout ? of_match_node(uarts, of_stdout) : NULL;
	const struct purgatory_console *console = uart ? uart->data : NULL;
	struct resource registers;
	u32 shift = 0, width = 1, offset = 0;

	if (!console || of_address_to_resource(of_stdout, 0, &registers) || resource_type(&registers) != IORESOURCE_MEM ||
	    of_property_read_bool(of_stdout, "big-endian")) {
		pr_notice("no console that it can talk to: a mismatch will be silent\n");
		return;
	}
	of_property_read_u32(of_stdout, "reg-shift", &shift);
	of_property_read_u32(of_stdout, "reg-io-width", &width);
	of_property_read_u32(of_stdout, "reg-offset", &offset);
	if (console == &uart8250 && shift == 2 && width == 4) {
		console = &uart8250_mmio32;
	} else if (console == &uart8250 && (shift != 0 || width != 1)) {
		pr_notice("%pOF: registers that it cannot reach: a mismatch will be silent\n", of_stdout);
		return;
	}
	purgatory_set_console(info, registers.start + offset, console);
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
