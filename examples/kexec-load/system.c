/* system.c — system calls of arm64 Linux without a C library
 * SPDX-License-Identifier: MIT
 */
#include "system.h"

#include <stdarg.h>

enum { /* asm-generic/unistd.h */
    SYS_openat = 56,
    SYS_close = 57,
    SYS_lseek = 62,
    SYS_write = 64,
    SYS_sync = 81,
    SYS_exit_group = 94,
    SYS_kexec_load = 104,
    SYS_reboot = 142,
    SYS_mmap = 222,
};

/* Up to six arguments; a result from -4095 to -1 is a negated errno. */
static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    register uint64_t x4 __asm__("x4") = e;
    register uint64_t x5 __asm__("x5") = f;
    register long x8 __asm__("x8") = number;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return (long)x0;
}

/* The errors that these calls give where something is amiss that one can mend. */
static const char *reason(long error) {
    switch (-error) {
    case 1: return "not permitted (EPERM): needs root, and kernel.kexec_load_disabled=0";
    case 2: return "no such file (ENOENT)";
    case 12: return "out of memory (ENOMEM)";
    case 13: return "permission denied (EACCES)";
    case 16: return "another kexec_load is at work, or another core cannot be stopped (EBUSY)";
    case 21: return "is a directory (EISDIR)";
    case 22: return "refused (EINVAL): segments overlap, no kernel is loaded, or they take more than half of the memory";
    case 38: return "this kernel has no kexec_load (ENOSYS): CONFIG_KEXEC";
    case 99: return "an address that this machine does not have, or not page-aligned (EADDRNOTAVAIL)";
    default: return "failed";
    }
}

#define check(result, what)                                                                                 \
    do {                                                                                                    \
        long check_result = (result);                                                                       \
        if (check_result < 0 && check_result >= -4095)                                                      \
            fail(what, ": ", reason(check_result), ", errno ", decimal((uint64_t)-check_result));           \
    } while (0)

struct bytes map_file(const char *path) {
    long file = call(SYS_openat, (uint64_t)-100 /* AT_FDCWD */, (uint64_t)path, 0 /* O_RDONLY */, 0, 0, 0);
    check(file, path);
    long size = call(SYS_lseek, (uint64_t)file, 0, 2 /* SEEK_END */, 0, 0, 0);
    check(size, path);
    if (size == 0) fail(path, ": is empty");
    long start = call(SYS_mmap, 0, (uint64_t)size, 1 /* PROT_READ */, 2 /* MAP_PRIVATE */, (uint64_t)file, 0);
    check(start, path);
    call(SYS_close, (uint64_t)file, 0, 0, 0, 0, 0);
    return (struct bytes){(const char *)start, (size_t)size};
}

void kexec_load(uint64_t entry, size_t count, const struct kexec_segment *segments) {
    check(call(SYS_kexec_load, entry, count, (uint64_t)segments, KEXEC_ARCH_AARCH64, 0, 0), "kexec_load");
}

void reboot_into_kexec(void) {
    call(SYS_sync, 0, 0, 0, 0, 0, 0);
    check(call(SYS_reboot, 0xfee1dead, 672274793, 0x45584543 /* LINUX_REBOOT_CMD_KEXEC */, 0, 0, 0), "reboot");
    fail("reboot: came back");
}

void leave(int status) {
    for (;;) call(SYS_exit_group, (uint64_t)status, 0, 0, 0, 0, 0);
}

void say(const char *text, ...) {
    va_list rest;
    va_start(rest, text);
    for (; text; text = va_arg(rest, const char *)) {
        size_t size = 0;
        while (text[size]) size++;
        call(SYS_write, 2, (uint64_t)text, size, 0, 0, 0);
    }
    va_end(rest);
}

int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static const char *digits(uint64_t value, unsigned base, const char *prefix) {
    static char buffers[8][24];
    static unsigned next;
    char *at = buffers[next++ % 8] + 23;
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (prefix[0]) {
        *--at = prefix[1];
        *--at = prefix[0];
    }
    return at;
}

const char *hex(uint64_t value) { return digits(value, 16, "0x"); }
const char *decimal(uint64_t value) { return digits(value, 10, ""); }
