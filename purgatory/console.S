// console.S — one byte at a time to the diagnostics UART, which never stops a boot
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

#define PL011_FR         0x18
#define PL011_FR_BUSY    (1 << 3)   // still sending
#define PL011_FR_TXFF    (1 << 5)   // transmit FIFO full
#define UART_8250_LSR    5          // register number: times the stride
#define UART_8250_THRE   (1 << 5)   // room in the transmitter
#define UART_8250_TEMT   (1 << 6)   // all sent

// A byte takes 9 ms at 1200 baud and a poll some 100 ns: a working UART is never given up.
#define POLLS_HIGH       (1 << 4)   // 2^20 polls, as movz's upper half

// void console_init(void)
// Out:      console, console_type
// Clobbers: x0
func console_init
    ldr     console, [info, #PURGATORY_INFO_console_base]
    ldr     console_type, [info, #PURGATORY_INFO_console_type]
    sub     w0, console_type, #PURGATORY_CONSOLE_RAW
    cmp     w0, #(PURGATORY_CONSOLE_8250_MMIO32 - PURGATORY_CONSOLE_RAW)
    csel    console, console, xzr, ls       // any other type is silent, "none" too
    ret
endfunc console_init

    // From here to console_end a fault is the UART's: exception.S makes the console silent and goes on at
    // console_dropped. Every routine here has its caller in x30 where it touches the UART.
    .global console_start, console_end, console_dropped
    .hidden console_start, console_end, console_dropped
console_start:

// void put_char(w0 = character): "\n" goes out as "\r\n"
// Clobbers: x0-x6
func put_char
    cmp     w0, #'\n'
    b.ne    send_byte
    mov     x6, x30
    mov     w0, #'\r'
    bl      send_byte
    mov     x30, x6
    mov     w0, #'\n'
    b       send_byte
endfunc put_char

// void send_byte(w0 = byte)
// Clobbers: x1-x5
func send_byte
    mov     x5, x30
    mov     w1, #PL011_FR_TXFF
    mov     w2, #UART_8250_THRE
    bl      wait_transmitter
    mov     x30, x5
    cbz     console, .Lsend_byte_done
    cmp     console_type, #PURGATORY_CONSOLE_PL011
    b.eq    .Lsend_byte_word
    cmp     console_type, #PURGATORY_CONSOLE_8250_MMIO32
    b.eq    .Lsend_byte_word
    strb    w0, [console]                   // raw and 8250: the data register is a byte at the base
    ret
.Lsend_byte_word:
    str     w0, [console]                   // pl011 and 8250-mmio32: a word at the base
.Lsend_byte_done:
    ret
endfunc send_byte

// void console_flush(void): all that was sent is on the wire
// Clobbers: x1-x4
func console_flush
    mov     w1, #PL011_FR_BUSY
    mov     w2, #UART_8250_TEMT
    b       wait_transmitter
endfunc console_flush

// void wait_transmitter(w1 = PL011 flags to be 0, w2 = 8250 flags to be 1): a UART that never gets there is dropped
// Clobbers: x3, x4
func wait_transmitter
    cbz     console, .Lwait_transmitter_done
    movz    w3, #POLLS_HIGH, lsl #16
.Lwait_transmitter_poll:
    cmp     console_type, #PURGATORY_CONSOLE_PL011
    b.lo    .Lwait_transmitter_done         // raw: nothing to ask
    b.eq    .Lwait_transmitter_pl011
    cmp     console_type, #PURGATORY_CONSOLE_8250
    b.eq    .Lwait_transmitter_8250
    ldr     w4, [console, #(UART_8250_LSR * 4)]
    b       .Lwait_transmitter_lsr
.Lwait_transmitter_8250:
    ldrb    w4, [console, #UART_8250_LSR]
.Lwait_transmitter_lsr:
    tst     w4, w2
    b.ne    .Lwait_transmitter_done
    b       .Lwait_transmitter_again
.Lwait_transmitter_pl011:
    ldr     w4, [console, #PL011_FR]
    tst     w4, w1
    b.eq    .Lwait_transmitter_done
.Lwait_transmitter_again:
    subs    w3, w3, #1
    b.ne    .Lwait_transmitter_poll
    mov     console, xzr
.Lwait_transmitter_done:
console_dropped:
    ret
endfunc wait_transmitter
console_end:
