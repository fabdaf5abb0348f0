/* fill.c — everything that a loader has to do to a purgatory: no linking, no symbol look-up, no address of its own
 * SPDX-License-Identifier: MIT
 */
#include "fill.h"

#include "sha256.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "every field is little-endian: on this machine they have to be swapped"
#endif

static const struct purgatory_console pl011 = PURGATORY_CONSOLE_PL011;

const char *fill_info(struct purgatory_info *info, const struct file *files, size_t count) {
    if (info->magic != PURGATORY_INFO_MAGIC) return "no struct purgatory_info";
    if (info->version != PURGATORY_INFO_VERSION || info->size != sizeof *info) return "another version of it";
    if (count < 2 || count > PURGATORY_MAX_REGIONS) return "2 to 16 files are needed";

    info->kernel_entry = files[0].address;
    info->dtb_addr = files[1].address;
    for (size_t i = 0; i < count; i++) {
        if (files[i].address % PURGATORY_REGION_ALIGNMENT) return "an address is not a multiple of 16";
        info->regions[i] = (struct purgatory_region){files[i].address, files[i].size};
        sha256(files[i].bytes, files[i].size, info->digests[i]);
    }
    info->flags = PURGATORY_FLAG_VERIFY_REGIONS | PURGATORY_FLAG_PSCI_HVC |
                  PURGATORY_ON_FAILURE_RESET << PURGATORY_FLAG_ON_FAILURE_SHIFT;
    purgatory_set_console(info, 0x09000000, &pl011);
    return NULL;
}
