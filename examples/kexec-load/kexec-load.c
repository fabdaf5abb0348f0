/* kexec-load.c — load what a manifest.json names with kexec_load(2), on a running arm64 Linux
 * SPDX-License-Identifier: MIT
 */
#include "manifest.h"

static const char usage[] = "usage: kexec-load [--exec] MANIFEST.json\n"
                            "  --exec  then leave this kernel at once, without shutting anything down\n";

static struct manifest manifest;
static struct kexec_segment segments[MAXIMUM_SEGMENTS];

/* `file`, which is relative to the folder of the file `from`. */
static const char *beside(const char *from, const char *file) {
    static char path[2 * MAXIMUM_PATH];
    size_t folder = 0, length = 0;
    for (size_t i = 0; from[i]; i++) {
        if (from[i] == '/') folder = i + 1;
    }
    if (file[0] == '/') folder = 0;
    if (folder >= MAXIMUM_PATH) fail(from, ": the path is too long");
    for (; length < folder; length++) path[length] = from[length];
    while ((path[length] = *file++)) length++;
    return path;
}

/* What kexec_load(2) is to load; all that it would refuse without saying why is refused here. */
static struct kexec_segment load(const struct segment *segment, const char *path, uint64_t page) {
    const char *file = beside(path, segment->file);
    struct bytes bytes = map_file(file);
    if (bytes.size != segment->size)
        fail(file, ": ", decimal(bytes.size), " bytes, the manifest says ", decimal(segment->size), ": build it again");
    if (segment->memory_size < segment->size)
        fail(path, ": ", segment->name, ": memory_size ", decimal(segment->memory_size), " is less than size ", decimal(segment->size));
    if (segment->base % page)
        fail(path, ": ", segment->name, ": base ", hex(segment->base), ", kexec needs a multiple of this kernel's page size ", hex(page));
    if (segment->memory_size > UINT64_MAX - page || segment->base > UINT64_MAX - page - segment->memory_size)
        fail(path, ": ", segment->name, ": ends above 2^64");
    uint64_t memory_size = (segment->memory_size + page - 1) / page * page;
    return (struct kexec_segment){bytes.start, bytes.size, segment->base, memory_size};
}

/* The page size is in the auxiliary vector, which follows the arguments and the environment. */
static uint64_t page_size(const uint64_t *stack) {
    const uint64_t *at = stack + 1 + stack[0] + 1;
    while (*at++) {}
    for (; at[0]; at += 2) {
        if (at[0] == 6 /* AT_PAGESZ */) return at[1];
    }
    return 4096;
}

/* Called from start.S with the initial stack. */
_Noreturn void start(const uint64_t *stack) {
    char *const *arguments = (char *const *)(stack + 1);
    int exec = stack[0] > 1 && same(arguments[1], "--exec");
    if (stack[0] != (exec ? 3 : 2) || arguments[1 + exec][0] == '-') {
        say(usage, (char *)0);
        leave(64);
    }
    const char *path = arguments[1 + exec];
    read_manifest(map_file(path), path, &manifest);

    int entered = 0;
    for (size_t i = 0; i < manifest.count; i++) {
        segments[i] = load(&manifest.segments[i], path, page_size(stack));
        if (manifest.entry >= segments[i].mem && manifest.entry - segments[i].mem < segments[i].bufsz) entered = 1;
    }
    if (!entered) fail(path, ": entry ", hex(manifest.entry), " is in no segment");

    kexec_load(manifest.entry, manifest.count, segments);
    say("kexec-load: ", decimal(manifest.count), " segments, entry ", hex(manifest.entry), "\n", (char *)0);
    if (exec) reboot_into_kexec();
    leave(0);
}
