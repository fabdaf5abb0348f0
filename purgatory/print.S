// print.S — strings and numbers, to the console
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

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
    mov     x30, x8
    ret
endfunc put_string

// void put_hex(x0 = number): 0x and as many digits as it needs
// Clobbers: x0-x10
func put_hex
    push    x29, x30
    mov     x9, x0
    print   "0x"
    clz     x10, x9
    mov     w0, #60
    bic     w10, w10, #3                    // whole leading zero digits, in bits
    subs    w10, w0, w10                    // shift of the first digit that is not 0
    csel    w10, w10, wzr, pl               // 0 itself has one digit
.Lput_hex_digit:
    lsr     x0, x9, x10
    bl      put_hex_digit
    subs    w10, w10, #4
    b.pl    .Lput_hex_digit
    pop     x29, x30
    ret
endfunc put_hex

// void put_hex_digit(w0 = value; its low four bits count)
// Clobbers: x0-x6
func put_hex_digit
    and     w0, w0, #0xf
    add     w1, w0, #'a' - 10
    add     w2, w0, #'0'
    cmp     w0, #10
    csel    w0, w1, w2, hs
    b       put_char
endfunc put_hex_digit

// void put_digest(x0 = 32 bytes): 64 digits
// Clobbers: x0-x10
func put_digest
    push    x29, x30
    mov     x9, x0
    mov     w10, #(2 * PURGATORY_DIGEST_SIZE)
.Lput_digest_byte:
    ldrb    w8, [x9], #1
    lsr     w0, w8, #4
    bl      put_hex_digit
    mov     w0, w8
    bl      put_hex_digit
    subs    w10, w10, #2
    b.ne    .Lput_digest_byte
    pop     x29, x30
    ret
endfunc put_digest

// void put_decimal(x0 = number)
// Clobbers: x0-x10
func put_decimal
    mov     x9, #10
    mov     x10, sp
    sub     sp, sp, #48                     // 20 digits and a NUL, then x30
    str     x30, [sp, #32]
    strb    wzr, [sp, #20]
    add     x7, sp, #20
.Lput_decimal_digit:
    udiv    x1, x0, x9
    msub    x2, x1, x9, x0                  // remainder
    add     w2, w2, #'0'
    strb    w2, [x7, #-1]!
    mov     x0, x1
    cbnz    x0, .Lput_decimal_digit
    mov     x0, x7
    bl      put_string
    ldr     x30, [sp, #32]
    mov     sp, x10
    ret
endfunc put_decimal
