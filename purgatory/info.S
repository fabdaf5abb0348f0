// info.S — what struct purgatory_info asks for: is it sane, which regions does it name
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

// const char *check_info(void)
// Out:      x0 = why info is refused, 0 if it is good
// Clobbers: x0-x10
func check_info
    mov     x10, x30
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

    mov     w6, wzr                         // regions in use
    mov     x7, xzr                         // bytes in them
    mov     w9, wzr
.Lcheck_info_region:                        // for (w9 = 0; w9 < 16; w9++)
    mov     w0, w9
    bl      get_region
    cbz     x1, .Lcheck_info_next
    add     w6, w6, #1
    add     x7, x7, x1
    add     x3, x0, x1
    tst     x0, #(PURGATORY_REGION_ALIGNMENT - 1)
    string  x0, "region alignment"
    b.ne    .Lcheck_info_done
    string  x0, "region size"
    cmp     x3, x1                          // the end must not wrap
    b.lo    .Lcheck_info_done
.Lcheck_info_next:
    add     w9, w9, #1
    cmp     w9, #PURGATORY_MAX_REGIONS
    b.ne    .Lcheck_info_region
    adr     x0, region_totals
    stp     x6, x7, [x0]

    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w1, .Lcheck_info_good
    string  x0, "nothing to verify"         // verifying nothing must never say "verified"
    cbz     w6, .Lcheck_info_done
    tst     flags, #(PURGATORY_FLAG_VERIFY_REGIONS | PURGATORY_FLAG_VERIFY_COMBINED)
    b.eq    .Lcheck_info_done
.Lcheck_info_good:
    mov     x0, xzr
.Lcheck_info_done:
    ret     x10
endfunc check_info

// void each_region(void routine(x0 = base, x1 = size)): for every region in use, in order
// Clobbers: x0, x1, x3, and what the routine does
func each_region
    push    x26, x30
    push    x27, x28
    mov     x27, x0
    mov     w26, wzr
.Leach_region_next:
    mov     w0, w26
    bl      get_region
    cbz     x1, .Leach_region_unused
    blr     x27
.Leach_region_unused:
    add     w26, w26, #1
    cmp     w26, #PURGATORY_MAX_REGIONS
    b.ne    .Leach_region_next
    pop     x27, x28
    pop     x26, x30
    ret
endfunc each_region

// (x0 = base, x1 = size) get_region(w0 = index): RELATIVE is applied; size 0: unused
// Clobbers: x3
func get_region
    add     x3, info, x0, lsl #4
    ldp     x0, x1, [x3, #PURGATORY_INFO_regions]
    add     x0, x0, bias
    ret
endfunc get_region

    .section .scratch, "aw", %nobits
    .balign 16
    .global region_totals
    .hidden region_totals
region_totals:                              // how many are in use, and their bytes
    .space  16
