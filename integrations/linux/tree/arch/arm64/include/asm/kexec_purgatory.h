/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* kexec_purgatory.h — what kexec_file_load() asks of the purgatory */
#ifndef __ASM_KEXEC_PURGATORY_H
#define __ASM_KEXEC_PURGATORY_H

struct kimage;

#ifdef CONFIG_KEXEC_PURGATORY
int kexec_purgatory_add(struct kimage *image);
void kexec_purgatory_reserve_result(void *dtb);
#else
static inline int kexec_purgatory_add(struct kimage *image)
{
	return 0;
}
static inline void kexec_purgatory_reserve_result(void *dtb) {}
#endif

#endif
