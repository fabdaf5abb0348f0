// print.S — one line of formatted text, to the console
// SPDX-License-Identifier: MIT

#include "routine.h"

#define NUMBER_SIZE      24         // 20 digits at most, and a NUL

// void put_message(x0 = text, x1-x5 = its arguments, in order): a line that begins with our name
// In the text stand STRING, DIGEST, DECIMAL and HEX (routine.h) for an argument.
// Clobbers: x0-x12
func put_message
    text     .req x11                       // the rest of it
    argument .req x12                       // where the next one is
    push    x30, xzr
    mov     text, x0
    adr     argument, arguments
    stp     x1, x2, [argument]
    stp     x3, x4, [argument, #16]
    str     x5, [argument, #32]
    string  x0, "purgatory: "
    bl      put_string
.Lput_message_next:
    ldrb    w0, [text], #1
    cbz     w0, .Lput_message_end
    cmp     w0, #' '
    b.lo    .Lput_message_argument
    bl      put_char
    b       .Lput_message_next
.Lput_message_argument:
    mov     w3, w0
    ldr     x0, [argument], #8
    cmp     w3, #STRING_CODE
    b.eq    .Lput_message_string
    cmp     w3, #DIGEST_CODE
    b.eq    .Lput_message_digest
    mov     w1, #10
    cmp     w3, #DECIMAL_CODE
    b.eq    .Lput_message_number
    mov     w1, #16                         // HEX_CODE: there is no other
.Lput_message_number:
    mov     w2, #1
    bl      put_number
    b       .Lput_message_next
.Lput_message_digest:
    bl      put_digest
    b       .Lput_message_next
.Lput_message_string:
    bl      put_string
    b       .Lput_message_next
.Lput_message_end:
    string  x0, "\r\n"
    bl      put_string
    pop     x30, xzr
    ret
    .unreq  text
    .unreq  argument
endfunc put_message

// void put_digest(x0 = 32 bytes, 8-byte aligned)
// Clobbers: x0-x10
func put_digest
    bytes   .req x9
    end     .req x10
    push    x30, xzr
    mov     bytes, x0
    add     end, bytes, #PURGATORY_DIGEST_SIZE
.Lput_digest_next:
    ldr     x0, [bytes], #8
    rev     x0, x0                          // the first byte first
    mov     w1, #16
    mov     w2, #16
    bl      put_number
    cmp     bytes, end
    b.lo    .Lput_digest_next
    pop     x30, xzr
    ret
    .unreq  bytes
    .unreq  end
endfunc put_digest

// void put_number(x0 = number, w1 = radix, w2 = least number of digits)
// Clobbers: x0-x8
func put_number
    radix   .req x1
    left    .req w2
    number  .req x3
    digit   .req w4
    first   .req x8                         // of the digits so far
    adr     first, digits + NUMBER_SIZE     // from the last to the first
    strb    wzr, [first, #-1]!
    mov     number, x0
.Lput_number_digit:
    udiv    x5, number, radix
    msub    x4, x5, radix, number           // the remainder is the digit
    mov     number, x5
    add     w6, digit, #'a' - 10
    add     w7, digit, #'0'
    cmp     digit, #10
    csel    digit, w6, w7, hs
    strb    digit, [first, #-1]!
    sub     left, left, #1
    cmp     left, #0
    b.gt    .Lput_number_digit
    cbnz    number, .Lput_number_digit
    mov     x0, first
    falls_into put_string
    .unreq  radix
    .unreq  left
    .unreq  number
    .unreq  digit
    .unreq  first
endfunc put_number

// void put_string(x0 = NUL-terminated string)
// Clobbers: x0-x6
func put_string
    rest    .req x6
    push    x30, xzr
    mov     rest, x0
.Lput_string_next:
    ldrb    w0, [rest], #1
    cbz     w0, .Lput_string_done
    bl      put_char
    b       .Lput_string_next
.Lput_string_done:
    pop     x30, xzr
    ret
    .unreq  rest
endfunc put_string

    .section .scratch, "aw", %nobits
    .balign 16
arguments:
    .space  5 * 8
digits:
    .space  NUMBER_SIZE
