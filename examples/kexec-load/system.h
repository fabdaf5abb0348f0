/* system.h — the system calls that kexec-load makes, and how it fails
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* linux/kexec.h */
#define KEXEC_ARCH_AARCH64 (183UL << 16)
struct kexec_segment {
    const void *buf;
    size_t bufsz;
    uint64_t mem;
    size_t memsz;
};

/* A file, mapped. */
struct bytes {
    const char *start;
    size_t size;
};

/* system.c */
struct bytes map_file(const char *path);
void kexec_load(uint64_t entry, size_t count, const struct kexec_segment *segments);
_Noreturn void reboot_into_kexec(void);
_Noreturn void leave(int status);

/* Writes strings to standard error, up to a null pointer. */
void say(const char *text, ...);
/* Says `error: `, the strings and a new line, and leaves with exit status 1. */
#define fail(...) (say("error: ", __VA_ARGS__, "\n", (char *)0), leave(1))

/* Whether two strings are equal. */
int same(const char *a, const char *b);
/* Numbers as text, each in a buffer of its own until 8 more have been made. */
const char *hex(uint64_t value);
const char *decimal(uint64_t value);
