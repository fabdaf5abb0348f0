/* fill-info.c — fill in a flat purgatory.bin through purgatory_info.h alone
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "files.h"

int main(int argc, char **argv) {
    if (argc < 5) {
        fputs("usage: fill-info PURGATORY.bin OUT.bin KERNEL@ADDR DTB@ADDR [FILE@ADDR]...\n", stderr);
        return 64;
    }
    struct file purgatory = read_file(argv[1]);
    if (purgatory.size < PURGATORY_INFO_OFFSET + sizeof(struct purgatory_info)) fail(argv[1], "no flat purgatory");

    struct file files[PURGATORY_MAX_REGIONS];
    size_t count = 0;
    for (int i = 3; i < argc && count < PURGATORY_MAX_REGIONS; i++) files[count++] = read_file(argv[i]);

    struct purgatory_info *info = (void *)(purgatory.bytes + PURGATORY_INFO_OFFSET);
    const char *problem = fill_info(info, files, count);
    if (problem) fail(argv[1], problem);
    write_file(argv[2], &purgatory);
    return 0;
}
