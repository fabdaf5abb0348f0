// SPDX-License-Identifier: GPL-2.0 OR MIT
/* result.c — room in the next kernel's device tree for what the purgatory found: /chosen/purgatory,result */
#include <linux/libfdt.h>
#include <asm/kexec_purgatory.h>

#include "loader.h"

#define RESULT "purgatory,result"

static void *find_result(const void *dtb, int chosen)
{
	int size;
	const void *value = fdt_getprop(dtb, chosen, RESULT, &size);

	return size == PURGATORY_RESULT_SIZE ? (void *)value : NULL;
}

/* Once fdt_pack() has moved the structure block to a multiple of 8. */
static bool is_aligned(const void *dtb, const void *value)
{
	return IS_ALIGNED(value - dtb - fdt_off_dt_struct(dtb), PURGATORY_RESULT_ALIGNMENT);
}

/* Bytes from the start of the tree; 0: there is no such room, so there will be no result. */
u64 kexec_purgatory_result_offset(const void *dtb)
{
	const void *value = find_result(dtb, fdt_path_offset(dtb, "/chosen"));

	return value && IS_ALIGNED(value - dtb, PURGATORY_RESULT_ALIGNMENT) ? value - dtb : 0;
}

/*
 * Zeros, whatever this kernel was left itself. Properties are aligned to 4 bytes, and the result has to be to 8: where it is
 * not, another property of 12 bytes is put before it, which then is turned into tokens of no meaning. Its name is an end of the
 * result's that no property has.
 */
void kexec_purgatory_reserve_result(void *dtb)
{
	int chosen = fdt_path_offset(dtb, "/chosen");
	void *value = find_result(dtb, chosen);
	const char *shim = &RESULT[1];

	if (!value || !is_aligned(dtb, value)) {
		fdt_delprop(dtb, chosen, RESULT);
		if (fdt_setprop_placeholder(dtb, chosen, RESULT, PURGATORY_RESULT_SIZE, &value))
			return;
	}
	memset(value, 0, PURGATORY_RESULT_SIZE);
	while (fdt_getprop(dtb, chosen, shim, NULL))
		shim++;
	if (!is_aligned(dtb, value) && *shim && !fdt_setprop(dtb, chosen, shim, NULL, 0))
		fdt_nop_property(dtb, chosen, shim);
}
