// windows.S — what memory holds: a dump of all bytes, runs of words, or the bytes' FNV-1a hash
// SPDX-License-Identifier: MIT

#include "probe.h"

// void put_windows(void): a line for each of the parameter block's windows
// Clobbers: x0-x7, x16-x26
func put_windows
    mov     x26, x30
    adr     x19, parameters
    ldr     x20, [x19, #PARAM_WINDOW_COUNT]
    ldr     x0, [x19, #PARAM_POKE_COUNT]
    add     x19, x19, #PARAM_PAIRS
    add     x19, x19, x0, lsl #4            // x19 = next window
.Lput_windows_next:
    cbz     x20, .Lput_windows_done
    sub     x20, x20, #1
    ldp     x21, x22, [x19], #16            // x21 = address, x22 = size
    tbnz    x22, #WINDOW_DUMP, .Lput_windows_dump
    tbnz    x22, #WINDOW_WORDS, .Lput_windows_words

    movz    x23, #0xcbf2, lsl #48           // FNV-1a: offset basis,
    movk    x23, #0x9ce4, lsl #32
    movk    x23, #0x8422, lsl #16
    movk    x23, #0x2325
    movz    x24, #0x100, lsl #32            // prime
    movk    x24, #0x1b3
    add     x22, x22, x21
    mov     x25, x21
.Lput_windows_hash:
    cmp     x25, x22
    b.eq    .Lput_windows_hashed
    ldrb    w0, [x25], #1
    eor     x23, x23, x0
    mul     x23, x23, x24
    b       .Lput_windows_hash
.Lput_windows_hashed:
    print   "hash "
    mov     x0, x21
    bl      put_hex
    print   "="
    mov     x0, x23
    bl      put_hex
    print   "\n"
    b       .Lput_windows_next

.Lput_windows_dump:
    and     x22, x22, #~(1 << WINDOW_DUMP)
    add     x22, x22, x21
    print   "dump "
    mov     x0, x21
    bl      put_hex
    print   "="
.Lput_windows_byte:
    cmp     x21, x22
    b.eq    .Lput_windows_dumped
    ldrb    w23, [x21], #1
    lsr     w0, w23, #4
    bl      put_digit
    mov     w0, w23
    bl      put_digit
    b       .Lput_windows_byte
.Lput_windows_dumped:
    print   "\n"
    b       .Lput_windows_next

.Lput_windows_words:                        // each run is its word and its length
    and     x22, x22, #~(1 << WINDOW_WORDS)
    add     x22, x22, x21
    print   "words "
    mov     x0, x21
    bl      put_hex
    print   "="
.Lput_windows_run:
    cmp     x21, x22
    b.eq    .Lput_windows_dumped
    ldr     x23, [x21]
    mov     x24, xzr
.Lput_windows_same:
    add     x21, x21, #8
    add     x24, x24, #1
    cmp     x21, x22
    b.eq    .Lput_windows_put_run
    ldr     x25, [x21]
    cmp     x25, x23
    b.eq    .Lput_windows_same
.Lput_windows_put_run:
    mov     x0, x23
    bl      put_hex
    mov     x0, x24
    bl      put_hex
    b       .Lput_windows_run
.Lput_windows_done:
    mov     x30, x26
    ret
endfunc put_windows
