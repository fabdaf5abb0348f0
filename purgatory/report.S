// report.S — what the purgatory says: one line at entry, one when all is well, and what was wrong
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

    // Print "\bytes bytes in \count regions"
    .macro print_regions
    mov     w0, region_count
    bl      put_decimal
    print   " regions, "
    mov     x0, byte_count
    bl      put_decimal
    print   " bytes"
    .endm

// void print_banner(void)
// Clobbers: x0-x10
func print_banner
    tbnz    flags, #5, .Lprint_banner_done  // QUIET
    push    x29, x30
    print   "purgatory: version 1 at "
    mov     x0, base
    bl      put_hex
    print   ", EL"
    mrs     x0, CurrentEL
    lsr     x0, x0, #2
    bl      put_decimal
    print   ", "
    print_regions
    print   "\n"
    pop     x29, x30
.Lprint_banner_done:
    ret
endfunc print_banner

// void print_result(void): after verify() found nothing wrong
// Clobbers: x0-x10
func print_result
    tbnz    flags, #5, .Lprint_result_done  // QUIET
    push    x29, x30
    ldr     w0, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w0, .Lprint_result_skipped
    print   "purgatory: verified "
    print_regions
    print   " in "
    ldr     x0, [info, #PURGATORY_INFO_verify_ticks]
    mrs     x1, cntfrq_el0
    cbz     x1, .Lprint_result_ticks        // firmware forgot it
    movz    w2, #(1000000 >> 16), lsl #16
    movk    w2, #(1000000 & 0xffff)
    mul     x0, x0, x2
    udiv    x0, x0, x1
    bl      put_decimal
    print   " us (scalar)\n"
    b       .Lprint_result_end
.Lprint_result_ticks:
    bl      put_decimal
    print   " ticks (scalar)\n"
    b       .Lprint_result_end
.Lprint_result_skipped:
    print   "purgatory: checks skipped\n"
.Lprint_result_end:
    pop     x29, x30
.Lprint_result_done:
    ret
endfunc print_result

// void report_bad_info(x0 = reason)
// Clobbers: x0-x10
func report_bad_info
    push    x29, x30
    mov     x9, x0
    mov     w0, #PURGATORY_STATUS_BAD_INFO
    str     w0, [info, #PURGATORY_INFO_status]
    print   "purgatory: bad info: "
    mov     x0, x9
    bl      put_string
    print   "\n"
    pop     x29, x30
    ret
endfunc report_bad_info

// void report_mismatch(x0 = expected digest): info->failed_region says where, computed_digest what was found
// Clobbers: x0-x18
func report_mismatch
    push    x29, x30
    mov     x18, x0
    ldr     w17, [info, #PURGATORY_INFO_failed_region]
    cmn     w17, #1                         // PURGATORY_FAILED_COMBINED
    b.eq    .Lreport_mismatch_combined
    print   "purgatory: region "
    mov     w0, w17
    bl      put_decimal
    print   " at "
    mov     w0, w17
    bl      get_region
    mov     x16, x1
    mov     x17, x2
    mov     x0, x16
    bl      put_hex
    print   ", "
    mov     x0, x17
    bl      put_decimal
    print   " bytes"
    b       .Lreport_mismatch_digests
.Lreport_mismatch_combined:
    print   "purgatory: all regions together"
.Lreport_mismatch_digests:
    print   ": digest mismatch\n  expected "
    mov     x0, x18
    bl      put_digest
    print   "\n  computed "
    adr     x0, computed_digest
    bl      put_digest
    print   "\n"
    pop     x29, x30
    ret
endfunc report_mismatch
