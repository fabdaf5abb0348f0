// print.S — formatted text, to the console
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

    // \value = its digit
    .macro digit value, scratch
    add     \scratch, \value, #'a' - 10
    cmp     \value, #10
    add     \value, \value, #'0'
    csel    \value, \scratch, \value, hs
    .endm

// void put_message(x0 = format, x1-x6 = arguments, in order): a line that begins with our name
// void put_format(the same): without it
// %s: string; %d: decimal; %x: hexadecimal; %h: a digest, 64 digits
// Clobbers: x0-x13
func put_message
    push    x5, x6
    push    x3, x4
    push    x1, x2
    push    x0, x30
    string  x0, "purgatory: "
    bl      put_string
    pop     x0, x30
    pop     x1, x2
    pop     x3, x4
    pop     x5, x6
    // goes on in put_format
endfunc put_message

func put_format
    push    x5, x6
    push    x3, x4
    push    x1, x2
    mov     x12, sp                         // x12 = next argument
    push    x30, xzr
    mov     x11, x0                         // x11 = rest of the format
.Lput_format_next:
    ldrb    w0, [x11], #1
    cbz     w0, .Lput_format_done
    cmp     w0, #'%'
    b.eq    .Lput_format_argument
    bl      put_char
    b       .Lput_format_next
.Lput_format_argument:
    ldrb    w13, [x11], #1
    ldr     x0, [x12], #8
    adr     x30, .Lput_format_next          // all four return there
    cmp     w13, #'s'
    b.eq    put_string
    cmp     w13, #'d'
    b.eq    put_decimal
    cmp     w13, #'h'
    b.eq    put_digest
    b       put_hex
.Lput_format_done:
    pop     x30, xzr
    add     sp, sp, #48
    ret
endfunc put_format

// void put_string(x0 = NUL-terminated string)
// Clobbers: x0-x8
func put_string
    mov     x8, x30
    mov     x7, x0
.Lput_string_next:
    ldrb    w0, [x7], #1
    cbz     w0, .Lput_string_done
    bl      put_char
    b       .Lput_string_next
.Lput_string_done:
    ret     x8
endfunc put_string

// void put_decimal(x0 = number), put_hex(x0 = number)
// Clobbers: x0-x10
func put_hex
    mov     x3, #16
    b       put_number
endfunc put_hex

func put_decimal
    mov     x3, #10
    // goes on in put_number
endfunc put_decimal

// void put_number(x0 = number, x3 = base)
// Clobbers: x0-x10
func put_number
    mov     x9, x30
    mov     x10, sp
    sub     sp, sp, #32                     // 20 digits and a NUL
    add     x7, sp, #31
    strb    wzr, [x7]
.Lput_number_digit:
    udiv    x1, x0, x3
    msub    x2, x1, x3, x0                  // remainder
    mov     x0, x1
    digit   w2, w4
    strb    w2, [x7, #-1]!
    cbnz    x0, .Lput_number_digit
    mov     x0, x7
    bl      put_string
    mov     sp, x10
    ret     x9
endfunc put_number

// void put_digest(x0 = 32 bytes)
// Clobbers: x0-x10
func put_digest
    mov     x10, x30
    mov     x9, x0
    add     x8, x0, #PURGATORY_DIGEST_SIZE
.Lput_digest_byte:
    ldrb    w7, [x9], #1
    lsr     w0, w7, #4
    bl      put_hex_digit
    mov     w0, w7
    bl      put_hex_digit
    cmp     x9, x8
    b.ne    .Lput_digest_byte
    ret     x10
endfunc put_digest

// void put_hex_digit(w0 = value; its low four bits count)
// Clobbers: x0-x6
func put_hex_digit
    and     w0, w0, #0xf
    digit   w0, w1
    b       put_char
endfunc put_hex_digit
