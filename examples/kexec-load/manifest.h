/* manifest.h — what manifest.json of `purgatory build` says
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "system.h"

#define MAXIMUM_SEGMENTS 17 /* the purgatory, and 16 that it verifies */
#define MAXIMUM_PATH 4096

struct segment {
    char name[32];
    char file[MAXIMUM_PATH]; /* relative to the manifest */
    uint64_t base;
    uint64_t size;
    uint64_t memory_size;
};

struct manifest {
    uint64_t entry;
    size_t count;
    struct segment segments[MAXIMUM_SEGMENTS];
};

/* Reads the JSON text of the file at `path`; leaves the program where it is none, or lacks something. */
void read_manifest(struct bytes text, const char *path, struct manifest *manifest);
