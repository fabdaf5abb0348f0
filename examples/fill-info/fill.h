/* fill.h — the part of a loader that tells a purgatory what to verify and where to go
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include <purgatory_info.h>

/* A file that the loader puts at a physical address. */
struct file {
    const char *name;
    unsigned char *bytes;
    size_t size;
    uint64_t address;
};

/* Fills `info` in: every file is verified, the first is entered, the second is its device tree. Returns what is wrong,
 * or a null pointer. */
const char *fill_info(struct purgatory_info *info, const struct file *files, size_t count);
