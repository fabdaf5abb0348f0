// info.S — what struct purgatory_info asks for: is it sane, which regions does it name
// SPDX-License-Identifier: MIT

#include "routine.h"

#define MAX_REGIONS_SHIFT 4
    .if     PURGATORY_MAX_REGIONS != 1 << MAX_REGIONS_SHIFT
    .error  "each_region counts to a power of two"
    .endif

// const char *check_info(void)
// Out:      x0 = why info is refused, 0 if it is good; region_totals
// Clobbers: x0-x5, x26, x27, link
func check_info
    mov     link, x30
    ldr     x1, [info, #PURGATORY_INFO_magic]
    mov     x2, #(PURGATORY_INFO_MAGIC & 0xffff)
    movk    x2, #(PURGATORY_INFO_MAGIC >> 16 & 0xffff), lsl #16
    movk    x2, #(PURGATORY_INFO_MAGIC >> 32 & 0xffff), lsl #32
    movk    x2, #(PURGATORY_INFO_MAGIC >> 48 & 0xffff), lsl #48
    string  x0, "magic"
    cmp     x1, x2
    b.ne    .Lcheck_info_done
    ldp     w1, w2, [info, #PURGATORY_INFO_version]
    string  x0, "version"
    cmp     w1, #PURGATORY_INFO_VERSION
    b.ne    .Lcheck_info_done
    string  x0, "size"
    cmp     w2, #PURGATORY_INFO_SIZE
    b.ne    .Lcheck_info_done
    string  x0, "kernel_entry"
    ldr     x1, [info, #PURGATORY_INFO_kernel_entry]
    cbz     x1, .Lcheck_info_done
    tst     x1, #3                          // an instruction is 4 bytes; the base is aligned
    b.ne    .Lcheck_info_done
    adr     x0, region_totals
    stp     xzr, xzr, [x0]
    adr     x0, check_region
    bl      each_region
    cbnz    x0, .Lcheck_info_done
    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w1, .Lcheck_info_done           // x0 = 0
    string  x0, "nothing to verify"         // verifying nothing must never say "verified"
    ldr     x1, region_totals
    cbz     x1, .Lcheck_info_done
    tst     flags, #(PURGATORY_FLAG_VERIFY_REGIONS | PURGATORY_FLAG_VERIFY_COMBINED)
    csel    x0, x0, xzr, eq
.Lcheck_info_done:
    ret     link
endfunc check_info

// const char *check_region(x0 = base, x1 = size): why it is refused, or 0; region_totals
// Clobbers: x0-x5
func check_region
    adr     x2, region_totals
    ldp     x3, x4, [x2]
    add     x3, x3, #1
    add     x4, x4, x1
    stp     x3, x4, [x2]
    mov     x5, x0
    string  x0, "region base"
    tst     x5, #(PURGATORY_REGION_ALIGNMENT - 1)
    b.ne    .Lcheck_region_done
    string  x0, "region size"
    adds    x5, x5, x1                      // the end must not wrap
    csel    x0, x0, xzr, cs
.Lcheck_region_done:
    ret
endfunc check_region

// x0 = each_region(uint64_t routine(x0 = base, x1 = size)): for every region in use, in order, with RELATIVE applied,
// until one answers other than 0, which is the answer
// Out:      x26 = the region that it is about; the routine finds it there, too
// Clobbers: x0, x1, x3, x27, and what the routine does
func each_region
    push    x30, xzr
    mov     x27, x0
    mov     x26, xzr
.Leach_region_next:
    add     x3, info, x26, lsl #4
    ldp     x0, x1, [x3, #PURGATORY_INFO_regions]
    add     x0, x0, bias
    cbz     x1, .Leach_region_unused
    blr     x27
    cbnz    x0, .Leach_region_done
.Leach_region_unused:
    add     x26, x26, #1
    tbz     x26, #MAX_REGIONS_SHIFT, .Leach_region_next
    mov     x0, xzr
.Leach_region_done:
    pop     x30, xzr
    ret
endfunc each_region

    .section .scratch, "aw", %nobits
    .balign 16
    .global region_totals
    .hidden region_totals
region_totals:                              // how many are in use, and their bytes
    .space  16
