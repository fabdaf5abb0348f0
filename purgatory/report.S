// report.S — what the purgatory says when all is well: one line at entry, one before the jump
// SPDX-License-Identifier: MIT

#include "routine.h"

// void print_banner(void)
// Clobbers: x0-x12
func print_banner
    push    x30, xzr
    mov     x1, #PURGATORY_INFO_VERSION
    mov     x2, base
    mrs     x3, CurrentEL
    lsr     x3, x3, #CURRENTEL_SHIFT
    adr     x0, region_totals
    ldp     x4, x5, [x0]
    string  x0, "version " DECIMAL " at 0x" HEX ", EL" DECIMAL ", " DECIMAL " regions, " DECIMAL " bytes"
    bl      put_message
    pop     x30, xzr
    ret
endfunc print_banner

// void print_result(void): after verify() found nothing wrong
// Clobbers: x0-x12
func print_result
    push    x30, xzr
    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    string  x0, "checks skipped"
    cbnz    w1, .Lprint_result_print
    bl      verify_microseconds
    mov     x2, x0
    adr     x0, region_totals
    ldr     x1, [x0, #TOTALS_BYTES]
    string  x3, "sha2"
    tbnz    mode, #MODE_SHA2_BIT, .Lprint_result_cache
    string  x3, "scalar"
.Lprint_result_cache:
    string  x4, "cache"
    tbnz    mode, #MODE_CACHED_BIT, .Lprint_result_text
    string  x4, "nocache"
.Lprint_result_text:
    string  x0, "verified " DECIMAL " bytes in " DECIMAL " us (" STRING "+" STRING ")"
.Lprint_result_print:
    bl      put_message
    pop     x30, xzr
    ret
endfunc print_result
