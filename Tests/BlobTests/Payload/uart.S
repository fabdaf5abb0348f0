// uart.S — strings, numbers and memory to a PL011
// SPDX-License-Identifier: MIT

#include "probe.h"

#define PL011_FR         0x18
#define PL011_FR_TXFF    (1 << 5)

// void put_char(w0 = character): "\n" goes out as "\r\n"
// Clobbers: x1-x3
func put_char
    adr     x1, parameters
    ldr     x1, [x1, #PARAM_UART]
    cmp     w0, #'\n'
    b.ne    .Lput_char_wait
    mov     w3, #'\r'
    str     w3, [x1]
.Lput_char_wait:
    ldr     w2, [x1, #PL011_FR]
    tst     w2, #PL011_FR_TXFF
    b.ne    .Lput_char_wait
    str     w0, [x1]
    ret
endfunc put_char

// x0 = put_string(x0 = NUL-terminated string): past its NUL
// Clobbers: x1-x5
func put_string
    mov     x5, x30
    mov     x4, x0
.Lput_string_next:
    ldrb    w0, [x4], #1
    cbz     w0, .Lput_string_done
    bl      put_char
    b       .Lput_string_next
.Lput_string_done:
    mov     x0, x4
    mov     x30, x5
    ret
endfunc put_string

// void put_hex(x0 = number): 0x and sixteen digits
// Clobbers: x0-x6, x16
func put_hex
    mov     x6, x30
    mov     x16, x0
    print   "0x"
    mov     x4, #64
.Lput_hex_digit:
    sub     x4, x4, #4
    lsr     x0, x16, x4
    bl      put_digit
    cbnz    x4, .Lput_hex_digit
    mov     x30, x6
    ret
endfunc put_hex

// void put_digit(w0 = value; its low four bits count)
// Clobbers: x0-x3
func put_digit
    and     w0, w0, #0xf
    add     w1, w0, #'a' - 10
    add     w2, w0, #'0'
    cmp     w0, #10
    csel    w0, w1, w2, hs
    b       put_char
endfunc put_digit
