// info.S — what struct purgatory_info asks for: is it sane, which regions does it name
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

// const char *check_info(void)
// Out:      x0 = why info is refused, 0 if it is good; region_count, byte_count
// Clobbers: x0-x9
func check_info
    push    x29, x30
    mov     region_count, wzr
    mov     byte_count, xzr

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

    mov     w9, wzr
.Lcheck_info_region:                        // for (w9 = 0; w9 < 16; w9++)
    mov     w0, w9
    bl      get_region
    cbz     x2, .Lcheck_info_next
    string  x0, "region alignment"
    tst     x1, #(PURGATORY_REGION_ALIGNMENT - 1)
    b.ne    .Lcheck_info_done
    string  x0, "region size"
    adds    x3, x1, x2                      // the end must not wrap
    b.cs    .Lcheck_info_done
    add     region_count, region_count, #1
    add     byte_count, byte_count, x2
.Lcheck_info_next:
    add     w9, w9, #1
    cmp     w9, #PURGATORY_MAX_REGIONS
    b.ne    .Lcheck_info_region

    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w1, .Lcheck_info_good
    string  x0, "nothing to verify"         // verifying nothing must never say "verified"
    cbz     region_count, .Lcheck_info_done
    tst     flags, #(PURGATORY_FLAG_VERIFY_REGIONS | PURGATORY_FLAG_VERIFY_COMBINED)
    b.eq    .Lcheck_info_done
.Lcheck_info_good:
    mov     x0, xzr
.Lcheck_info_done:
    pop     x29, x30
    ret
endfunc check_info

// (x1 = base, x2 = size) get_region(w0 = index): RELATIVE is applied; size 0: unused
// Clobbers: x1, x2, x3
func get_region
    add     x3, info, x0, lsl #4
    ldp     x1, x2, [x3, #PURGATORY_INFO_regions]
    add     x1, x1, bias
    ret
endfunc get_region
