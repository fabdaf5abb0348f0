/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* loader.h — the purgatory's struct, under a name that <linux/kexec.h> leaves free */
#include <linux/kexec.h>

#define purgatory_info purgatory_blob_info
#include "purgatory_info.h"
#undef purgatory_info

extern const char kexec_purgatory[];
extern const size_t kexec_purgatory_size;

int kexec_purgatory_fill(struct purgatory_blob_info *info, const struct kimage *image, unsigned long kernel);
u64 kexec_purgatory_result_offset(const void *dtb);
