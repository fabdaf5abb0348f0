// SPDX-License-Identifier: GPL-2.0 OR MIT
/* flat.c — the purgatory as flat bytes: poked, not linked */
#define pr_fmt(fmt) "purgatory: " fmt

#include <crypto/hash.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>
#include <asm/kexec_purgatory.h>

#include "loader.h"

static_assert(KEXEC_SEGMENT_MAX <= PURGATORY_MAX_REGIONS); /* so there is a region for every other segment */

static int digest(struct crypto_shash *sha256, const u8 *data, size_t size, u8 *out)
{
	SHASH_DESC_ON_STACK(state, sha256);
	int ret;

	state->tfm = sha256;
	ret = crypto_shash_init(state);
	while (!ret && size) {
		unsigned int part = min_t(size_t, size, SZ_1G);

		ret = crypto_shash_update(state, data, part);
		data += part;
		size -= part;
	}
	return ret ?: crypto_shash_final(state, out);
}

/*
 * Every segment's bytes are verified, not the zeros behind them: a kernel clears its own. One without bytes is filled in
 * after it was loaded: IMA's list of measurements, since 6.12.
 */
static int expect_segments(struct purgatory_blob_info *info, const struct kimage *image)
{
	struct crypto_shash *sha256 = crypto_alloc_shash("sha256", 0, 0);
	unsigned long i, count = 0;
	int ret = 0;

	if (IS_ERR(sha256))
		return PTR_ERR(sha256);
	for (i = 0; i < image->nr_segments && !ret; i++) {
		const struct kexec_segment *segment = &image->segment[i];

		if (!segment->bufsz)
			continue;
		info->regions[count].base = segment->mem;
		info->regions[count].size = segment->bufsz;
		ret = digest(sha256, segment->kbuf, segment->bufsz, info->digests[count++]);
	}
	crypto_free_shash(sha256);
	info->flags &= ~(u64)PURGATORY_FLAG_VERIFY_COMBINED;
	info->flags |= PURGATORY_FLAG_VERIFY_REGIONS;
	return ret;
}

/* All other segments are there, and image->start is the next kernel. */
int kexec_purgatory_add(struct kimage *image)
{
	void *blob = vmalloc(kexec_purgatory_size);
	struct purgatory_blob_info *info = blob + PURGATORY_INFO_OFFSET;
	struct kexec_buf kbuf = {
		.image = image,
		.buffer = blob,
		.bufsz = kexec_purgatory_size,
		.mem = KEXEC_BUF_MEM_UNKNOWN,
		.buf_align = PURGATORY_LOAD_ALIGNMENT,
		.buf_max = PURGATORY_MAX_ADDRESS,
		.top_down = true,
	};
	int ret;

	if (!blob)
		return -ENOMEM;
	image->purgatory_info.purgatory_buf = blob; /* kimage_file_post_load_cleanup() frees it */
	memcpy(blob, kexec_purgatory, kexec_purgatory_size);
	ret = kexec_purgatory_fill(info, image, image->start);
	if (!ret)
		ret = expect_segments(info, image);
	if (ret)
		return ret;

	kbuf.memsz = info->memory_size;
	ret = kexec_add_buffer(&kbuf);
	if (ret) {
		pr_err("no room for its %llu bytes among %lu segments\n", info->memory_size, image->nr_segments);
		return ret;
	}
	image->start = kbuf.mem;
	return 0;
}
