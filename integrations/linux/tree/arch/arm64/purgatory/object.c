// SPDX-License-Identifier: GPL-2.0 OR MIT
/* object.c — the purgatory as an object, through the generic loader, which hashes all segments into one digest later */
#include <asm/kexec_purgatory.h>

#include "loader.h"

/* All other segments are there, and image->start is the next kernel. */
int kexec_purgatory_add(struct kimage *image)
{
	struct kexec_buf kbuf = {
		.image = image,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.buf_max = PURGATORY_MAX_ADDRESS,
		.top_down = true,
	};
	unsigned long kernel = image->start;
	struct purgatory_blob_info *info = kmalloc(sizeof(*info), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!info)
		return ret;
	ret = kexec_load_purgatory(image, &kbuf); /* sets image->start */
	if (!ret)
		ret = kexec_purgatory_get_set_symbol(image, "purgatory_info", info, sizeof(*info), true);
	if (!ret)
		ret = kexec_purgatory_fill(info, image, kernel);
	if (!ret)
		ret = kexec_purgatory_get_set_symbol(image, "purgatory_info", info, sizeof(*info), false);
	kfree(info);
	return ret;
}
