/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* blob.S — the purgatory's bytes, by the names that the generic loader knows */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign	8
SYM_DATA_START(kexec_purgatory)
	.incbin	PURGATORY
SYM_DATA_END_LABEL(kexec_purgatory, SYM_L_LOCAL, .Lkexec_purgatory_end)

	.balign	8
SYM_DATA(kexec_purgatory_size, .quad .Lkexec_purgatory_end - kexec_purgatory)
