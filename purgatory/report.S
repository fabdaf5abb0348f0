// report.S — what the purgatory says: one line at entry, one when all is well, and what was wrong
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

#define MICROSECONDS     1000000
#define SHOWN_AS_MS      10000      // from so many microseconds on

#define ESR_EC           26         // 6-bit field
#define VECTOR_CLASS     0x40       // beyond every EC
#define VECTOR_ANY       0xff

// void print_banner(void)
// Clobbers: x0-x13
func print_banner
    tbnz    flags, #5, .Lprint_banner_done  // QUIET
    mov     x15, x30
    adr     x0, region_totals
    ldp     x3, x4, [x0]
    mov     x1, base
    mrs     x2, CurrentEL
    lsr     x2, x2, #2
    string  x0, "version 1 at 0x%x, EL%d, %d regions, %d bytes\n"
    bl      put_message
    mov     x30, x15
.Lprint_banner_done:
    ret
endfunc print_banner

// void print_result(void): after verify() found nothing wrong
// Clobbers: x0-x15
func print_result
    tbnz    flags, #5, .Lprint_result_done  // QUIET
    mov     x15, x30
    ldr     w1, [info, #PURGATORY_INFO_skip_checks]
    string  x0, "checks skipped\n"
    cbnz    w1, .Lprint_result_print
    adr     x0, region_totals
    ldp     x1, x2, [x0]
    ldr     x3, [info, #PURGATORY_INFO_verify_ticks]
    string  x4, "ticks"
    mrs     x5, cntfrq_el0
    cbz     x5, .Lprint_result_path         // firmware forgot it
    movz    w4, #(MICROSECONDS >> 16), lsl #16
    movk    w4, #(MICROSECONDS & 0xffff)
    mul     x3, x3, x4
    udiv    x3, x3, x5
    string  x4, "us"
    mov     w5, #SHOWN_AS_MS
    cmp     x3, x5
    b.lo    .Lprint_result_path
    mov     w5, #1000
    udiv    x3, x3, x5
    string  x4, "ms"
.Lprint_result_path:
    string  x5, "scalar"
    tbz     path, #PATH_SHA2_BIT, .Lprint_result_cache
    string  x5, "sha2"
.Lprint_result_cache:
    string  x6, "nocache"
    tbz     path, #PATH_CACHED_BIT, .Lprint_result_format
    string  x6, "cache"
.Lprint_result_format:
    string  x0, "verified %d regions, %d bytes in %d %s (%s+%s)\n"
.Lprint_result_print:
    bl      put_message
    mov     x30, x15
.Lprint_result_done:
    ret
endfunc print_result

// void report_bad_info(x0 = reason)
// Clobbers: x0-x13
func report_bad_info
    mov     w1, #PURGATORY_STATUS_BAD_INFO
    str     w1, [info, #PURGATORY_INFO_status]
    mov     x1, x0
    string  x0, "bad info: %s\n"
    b       put_message
endfunc report_bad_info

// void report_mismatch(x0 = expected digest): info->failed_region says where, computed_digest what was found
// Clobbers: x0-x15
func report_mismatch
    mov     x15, x30
    mov     x14, x0
    ldr     w4, [info, #PURGATORY_INFO_failed_region]
    string  x0, "all regions together"
    cmn     w4, #1                          // PURGATORY_FAILED_COMBINED
    b.eq    .Lreport_mismatch_print
    mov     w0, w4
    bl      get_region
    mov     x3, x1
    mov     x2, x0
    mov     x1, x4
    string  x0, "region %d at 0x%x, %d bytes"
.Lreport_mismatch_print:
    bl      put_message
    mov     x1, x14
    adr     x2, computed_digest
    string  x0, ": digest mismatch\n  expected %h\n  computed %h\n"
    mov     x30, x15
    b       put_format
endfunc report_mismatch

// void report_exception(x15 = vector & 3, x26 = ELR, x27 = ESR, x28 = FAR): then the failure action, never back
func report_exception
    lsr     w2, w27, #ESR_EC
    orr     w0, w15, #VECTOR_CLASS          // not synchronous: ESR may say nothing
    cmp     w15, #0
    csel    w2, w2, w0, eq
    adr     x1, .Lexception_names
.Lreport_exception_name:
    ldrb    w0, [x1], #1                    // the class, then its name
    cmp     w0, w2
    b.eq    .Lreport_exception_print
    cmp     w0, #VECTOR_ANY
    b.eq    .Lreport_exception_print
.Lreport_exception_skip:
    ldrb    w0, [x1], #1
    cbnz    w0, .Lreport_exception_skip
    b       .Lreport_exception_name
.Lreport_exception_print:
    mov     x2, x27
    mov     x3, x26
    sub     x4, x26, base
    mov     x5, x28
    string  x0, "exception: %s, esr 0x%x, elr 0x%x (blob+0x%x), far 0x%x\n"
    bl      put_message
    b       fail
endfunc report_exception

    .section .rodata
.Lexception_names:                          // ESR_ELx.EC (Arm ARM D24.2.40), or the vector's class
    .byte   0x00
    .asciz  "undefined instruction"
    .byte   0x07
    .asciz  "FP/SIMD trap"
    .byte   0x18
    .asciz  "system register trap"
    .byte   0x21
    .asciz  "instruction abort"
    .byte   0x22
    .asciz  "PC alignment"
    .byte   0x25
    .asciz  "data abort"
    .byte   0x26
    .asciz  "SP alignment"
    .byte   VECTOR_CLASS | 1
    .asciz  "irq"
    .byte   VECTOR_CLASS | 2
    .asciz  "fiq"
    .byte   VECTOR_CLASS | 3
    .asciz  "serror"
    .byte   VECTOR_ANY
    .asciz  "synchronous"
