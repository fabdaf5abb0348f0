// flips.S — a purgatory entered again and again, with other bits flipped each time, and a note of how it ended
// SPDX-License-Identifier: MIT

#include "probe.h"

// Where a case begins: what memory was is written, a byte of it flipped, the purgatory entered. After the last, a key ends it.
// In:       what PARAM_X0 points to (Flips.swift writes it): FLIPS_*
func flips
    list    .req x19
    index   .req x21
    adr     list, parameters
    ldr     list, [list, #PARAM_X0]
    adr     x0, flips_index
    ldr     index, [x0]
    ldr     x0, [list, #FLIPS_CASE_COUNT]
    cmp     index, x0
    b.eq    .Lflips_done
    ldr     x5, [list, #FLIPS_COPY_COUNT]
    add     x6, list, #FLIPS_LISTS
.Lflips_copy:
    cbz     x5, .Lflips_flip
    sub     x5, x5, #1
    ldp     x0, x1, [x6], #16               // to, from
    ldr     x2, [x6], #8                    // a multiple of 8 bytes
.Lflips_word:
    ldr     x3, [x1], #8
    str     x3, [x0], #8
    subs    x2, x2, #8
    b.ne    .Lflips_word
    b       .Lflips_copy
.Lflips_flip:
    add     x6, x6, index, lsl #4
    ldp     x0, x1, [x6]                    // address, bits
    ldrb    w2, [x0]
    eor     w2, w2, w1
    strb    w2, [x0]
    adr     x0, flips_vectors
    mrs     x1, CurrentEL
    cmp     x1, #CURRENTEL_EL2
    b.eq    .Lflips_el2
    msr     vbar_el1, x0
    b       .Lflips_enter
.Lflips_el2:
    msr     vbar_el2, x0
.Lflips_enter:
    isb
    ldr     x30, [list, #FLIPS_BLOB]
    ldr     x0, [list, #FLIPS_X0]
    br      x30

.Lflips_done:
    print   "flips.done\n"
    adr     x1, parameters
    ldr     x1, [x1, #PARAM_UART]
.Lflips_key:
    ldr     w0, [x1, #0x18]
    tbnz    w0, #4, .Lflips_key             // UARTFR.RXFE
    b       power_off
endfunc flips

// The purgatory's kernel, and our exceptions, which nothing of the purgatory's may be: note it, and go on.
// In:       x0 as the kernel gets it
func flips_return
    mov     x3, x0
    mov     x4, xzr                         // no exception
    b       .Lflips_return_note
flips_exception:
    mov     x3, x0
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.eq    .Lflips_return_el2
    mrs     x4, elr_el1
    b       .Lflips_return_note
.Lflips_return_el2:
    mrs     x4, elr_el2
.Lflips_return_note:
    adr     list, parameters
    ldr     list, [list, #PARAM_X0]
    adr     x0, flips_index
    ldr     index, [x0]
    add     x2, index, #1
    str     x2, [x0]
    ldr     x0, [list, #FLIPS_BLOB]
    add     x0, x0, #FLIPS_STATUS
    ldr     x1, [x0]                        // status, failed_region
    ldr     x0, [list, #FLIPS_NOTES]
    add     x0, x0, index, lsl #5
    stp     x1, x3, [x0]
    stp     x4, xzr, [x0, #16]
    b       flips
    .unreq  list
    .unreq  index
endfunc flips_return

    .section .vectors, "ax", %progbits
    .balign 2048
flips_vectors:
    .rept   16
    b       flips_exception
    .balign 128
    .endr

    .section .scratch, "aw", %progbits
    .balign 8
flips_index:
    .quad   0
