// print.S — one line of formatted text, to the console
// SPDX-License-Identifier: MIT

#include "routine.h"

#define NUMBER_SIZE      24         // 20 digits at most, and a NUL

// void put_message(x0 = text, x1-x5 = its arguments, in order): a line that begins with our name
// In the text stand STRING, DIGEST, DECIMAL and HEX (routine.h) for an argument.
// Clobbers: x0-x14
func put_message
    mov     x14, x30
    mov     x13, x0                         // x13 = rest of the text
    adr     x12, arguments                  // x12 = next argument
    stp     x1, x2, [x12]
    stp     x3, x4, [x12, #16]
    str     x5, [x12, #32]
    string  x7, "purgatory: "
    bl      put_string
.Lput_message_next:
    adr     x30, .Lput_message_next         // whatever writes what comes next returns here
    ldrb    w0, [x13], #1
    cmp     w0, #' '
    b.hs    put_char
    cbz     w0, .Lput_message_end
    mov     w1, w0
    ldr     x7, [x12], #8
    cmp     w1, #2
    b.lo    put_string                      // STRING
    b.eq    put_digest                      // DIGEST
    mov     w2, #1
    b       put_number                      // DECIMAL, HEX
.Lput_message_end:
    string  x7, "\r\n"
    mov     x30, x14
    b       put_string
endfunc put_message

// void put_digest(x7 = 32 bytes, at a multiple of 32)
// Clobbers: x0-x5, x7-x10
func put_digest
    mov     x10, x30
    mov     x9, x7
.Lput_digest_next:
    ldr     x7, [x9], #8
    rev     x7, x7                          // the first byte first
    mov     w1, #16
    mov     w2, w1
    bl      put_number
    tst     x9, #(PURGATORY_DIGEST_SIZE - 1)
    b.ne    .Lput_digest_next
    ret     x10
endfunc put_digest

// void put_number(x7 = number, w1 = base, w2 = least number of digits)
// Clobbers: x0-x8
func put_number
    mov     x0, x7
    adr     x7, number + NUMBER_SIZE        // from its last digit to its first
    strb    wzr, [x7, #-1]!
.Lput_number_digit:
    udiv    x3, x0, x1
    msub    x4, x3, x1, x0                  // remainder
    mov     x0, x3
    add     w5, w4, #'a' - 10
    cmp     w4, #10
    add     w4, w4, #'0'
    csel    w4, w5, w4, hs
    strb    w4, [x7, #-1]!
    subs    w2, w2, #1
    ccmp    x0, #0, #0, le                  // while (w2 > 0 || x0 != 0)
    b.ne    .Lput_number_digit
    // goes on in put_string
endfunc put_number

// void put_string(x7 = NUL-terminated string)
// Clobbers: x0, x3, x4, x7, x8
func put_string
    mov     x8, x30
.Lput_string_next:
    adr     x30, .Lput_string_next          // put_char returns here
    ldrb    w0, [x7], #1
    cbnz    w0, put_char
    ret     x8
endfunc put_string

    .section .scratch, "aw", %nobits
    .balign 16
arguments:
    .space  5 * 8
number:
    .space  NUMBER_SIZE
