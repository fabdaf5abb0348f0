// info.S — what struct purgatory_info asks for: is it sane, which regions does it name; and the status it gets
// SPDX-License-Identifier: MIT

#include "routine.h"

#define INSTRUCTION_SIZE 4

// const char *check_info(void)
// Out:      x0 = why info is refused, 0 if it is good; region_totals
// Clobbers: x0-x5
func check_info
    push    x30, xzr
    ldr     x1, [info, #PURGATORY_INFO_magic]
    mov64   x2, PURGATORY_INFO_MAGIC
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
    bl      check_entry
    cbnz    x0, .Lcheck_info_done
    string  x0, "result_addr"
    ldr     x1, [info, #PURGATORY_INFO_result_addr]
    tst     x1, #(PURGATORY_RESULT_ALIGNMENT - 1)
    b.ne    .Lcheck_info_done
    cbz     x1, .Lcheck_info_regions        // nowhere
    orr     mode, mode, #(1 << MODE_RESULT_BIT)
.Lcheck_info_regions:
    adr     x0, region_totals
    stp     xzr, xzr, [x0]
    adr     x0, check_region
    bl      each_region
    cbnz    x0, .Lcheck_info_done
    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w1, .Lcheck_info_done           // x0 = 0
    string  x0, "nothing to verify"         // verifying nothing must never say "verified"
    adr     x1, region_totals
    ldr     x1, [x1, #TOTALS_COUNT]
    cbz     x1, .Lcheck_info_done
    tst     flags, #(PURGATORY_FLAG_VERIFY_REGIONS | PURGATORY_FLAG_VERIFY_COMBINED)
    csel    x0, x0, xzr, eq
.Lcheck_info_done:
    pop     x30, xzr
    ret
endfunc check_info

// const char *check_entry(void): why there is no kernel to enter, or 0
// Clobbers: x0, x1
func check_entry
    string  x0, "kernel_entry"
    ldr     x1, [info, #PURGATORY_INFO_kernel_entry]
    cbz     x1, .Lcheck_entry_done
    tst     x1, #(INSTRUCTION_SIZE - 1)     // the base is aligned
    csel    x0, x0, xzr, ne
.Lcheck_entry_done:
    ret
endfunc check_entry

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

// (x0, x1) each_region(x0 = uint64_t routine(x0 = base, x1 = size)): for every region in use, in order, with RELATIVE
// applied, until one answers other than 0
// Out:      x0 = that answer, or 0; x1 = the index of the region that it is about
// Clobbers: what the routine does. The routine finds the index in `region`
func each_region
    routine .req x27
    push    x30, xzr
    push    region, routine
    mov     routine, x0
    mov     region, xzr
.Leach_region_next:
    add     x0, info, region, lsl #REGION_SHIFT
    ldp     x0, x1, [x0, #PURGATORY_INFO_regions]
    cbz     x1, .Leach_region_unused
    add     x0, x0, bias
    blr     routine
    cbnz    x0, .Leach_region_done
.Leach_region_unused:
    add     region, region, #1
    cmp     region, #PURGATORY_MAX_REGIONS
    b.lo    .Leach_region_next
    mov     x0, xzr
.Leach_region_done:
    mov     x1, region
    pop     region, routine
    pop     x30, xzr
    ret
    .unreq  routine
endfunc each_region

// void record_status(w0 = PURGATORY_STATUS_*): the last word in info, and info in memory is what everybody will read
// What was read of info with the caches on may still be there, and would be found instead of what was written past it.
// Requires: caches_off
// Clobbers: x0-x3
func record_status
    push    x30, xzr
    str     w0, [info, #PURGATORY_INFO_status]
    mov     x0, info
    mov     x1, #PURGATORY_INFO_SIZE
    bl      clean_range
    pop     x30, xzr
    ret
endfunc record_status

    .section .scratch, "aw", %nobits
    .balign 16
    .global region_totals
    .hidden region_totals
region_totals:
    .space  TOTALS_SIZE
