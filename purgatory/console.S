// console.S — one byte at a time to the diagnostics UART, which never stops a boot
// SPDX-License-Identifier: MIT

#include "routine.h"

#define PL011_FR         0x18
#define PL011_FR_BUSY    3          // bit number: still sending
#define UART_8250_LSR    5          // register number: times the stride
#define UART_8250_TEMT   6          // bit number: all sent
#define BYTES_BIT        0          // of console_type: raw and 8250 have registers of a byte, the others of a word
    .if     (PURGATORY_CONSOLE_RAW & PURGATORY_CONSOLE_8250 & ~PURGATORY_CONSOLE_PL011 \
             & ~PURGATORY_CONSOLE_8250_MMIO32) != 1 << BYTES_BIT
    .error  "BYTES_BIT does not tell the widths of the ABI's console types"
    .endif

// A full FIFO of 32 bytes takes 270 ms at 1200 baud and a poll some 100 ns: a working UART is never given up.
#define POLLS_HIGH       (1 << 6)   // 2^22 polls, as movz's upper half

// void console_init(void)
// Out:      console, console_type
// Clobbers: x0
func console_init
    ldr     console, [info, #PURGATORY_INFO_console_base]
    ldr     console_type, [info, #PURGATORY_INFO_console_type]
    sub     w0, console_type, #PURGATORY_CONSOLE_RAW
    cmp     w0, #(PURGATORY_CONSOLE_8250_MMIO32 - PURGATORY_CONSOLE_RAW)
    csel    console, console, xzr, ls       // any other type is silent, "none" too
    b       console_flush                   // what the last kernel sent
endfunc console_init

    // From here to the end of this file a fault is the UART's: exception.S makes the console silent and goes on at x30.
    // So every routine here has its caller in x30.
    .global console_start
    .hidden console_start
console_start:

// void put_char(w0 = character): on the wire at return
// Clobbers: x3, x4
func put_char
    cbz     console, .Lconsole_flush_done
    tbz     console_type, #BYTES_BIT, .Lput_char_word
    strb    w0, [console]                   // the data register is the first of every type
    b       console_flush
.Lput_char_word:
    str     w0, [console]
    // goes on in console_flush
endfunc put_char

// void console_flush(void): all that was sent is on the wire; a UART that never gets there is dropped
// Clobbers: x3, x4
func console_flush
    cbz     console, .Lconsole_flush_done
    movz    w3, #POLLS_HIGH, lsl #16
.Lconsole_flush_poll:
    cmp     console_type, #PURGATORY_CONSOLE_PL011
    b.lo    .Lconsole_flush_done            // raw: nothing to ask
    b.eq    .Lconsole_flush_pl011
    tbz     console_type, #BYTES_BIT, .Lconsole_flush_word
    ldrb    w4, [console, #UART_8250_LSR]
    b       .Lconsole_flush_8250
.Lconsole_flush_word:
    ldr     w4, [console, #(UART_8250_LSR * 4)]
.Lconsole_flush_8250:
    tbnz    w4, #UART_8250_TEMT, .Lconsole_flush_done
    b       .Lconsole_flush_again
.Lconsole_flush_pl011:
    ldr     w4, [console, #PL011_FR]
    tbz     w4, #PL011_FR_BUSY, .Lconsole_flush_done
.Lconsole_flush_again:
    subs    w3, w3, #1
    b.ne    .Lconsole_flush_poll
    mov     console, xzr
.Lconsole_flush_done:
    ret
endfunc console_flush

    .if     . - console_start != CONSOLE_CODE
    .error  "CONSOLE_CODE is not the size of the code that touches the UART"
    .endif
