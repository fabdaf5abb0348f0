// console.S — one byte at a time to the diagnostics UART that info describes, which never stops a boot
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ACCESS_BYTE      1          // bytes; 0 is a byte, too
#define ACCESS_WORD      4

// A full FIFO of 32 bytes takes 270 ms at 1200 baud and a poll some 100 ns: a working UART is never given up.
#define POLLS            (1 << 22)

// void console_init(void)
// Out:      console
// Clobbers: x0-x5
func console_init
    push    x30, xzr
    ldr     console, [info, #PURGATORY_INFO_console_base]
    ldr     w2, [info, #PURGATORY_INFO_console_access]
    cmp     w2, #ACCESS_WORD
    b.eq    .Lconsole_init_flush
    cmp     w2, #ACCESS_BYTE
    b.ls    .Lconsole_init_flush
    mov     console, xzr                    // nobody knows how: silent
.Lconsole_init_flush:
    bl      console_flush                   // what the last kernel sent
    pop     x30, xzr
    ret
endfunc console_init

    // From here to console_end a fault is the UART's: exception.S makes the console silent and goes on at x30. So both
    // routines have their caller there.
    .pushsection .text
    .global console_start
    .hidden console_start
console_start:
    .popsection

// void put_char(w0 = character): on the wire at return
// Clobbers: x0-x5
func put_char
    cbz     console, console_flush          // which has nothing to do, either
    ldr     w1, [info, #PURGATORY_INFO_console_data]
    add     x1, console, x1
    ldr     w2, [info, #PURGATORY_INFO_console_access]
    cmp     w2, #ACCESS_WORD
    b.eq    .Lput_char_word
    strb    w0, [x1]
    b       console_flush
.Lput_char_word:
    str     w0, [x1]
    falls_into console_flush
endfunc put_char

// void console_flush(w2 = info->console_access): all that was sent is on the wire; a UART that never gets there is dropped
// Clobbers: x0-x5
func console_flush
    register .req x1
    access   .req w2
    mask     .req w3
    ready    .req w4
    cbz     console, .Lconsole_flush_done
    ldr     mask, [info, #PURGATORY_INFO_console_mask]
    cbz     mask, .Lconsole_flush_done      // nothing to ask
    ldr     ready, [info, #PURGATORY_INFO_console_ready]
    ldr     w1, [info, #PURGATORY_INFO_console_status]
    add     register, console, x1
    mov     x5, #POLLS
.Lconsole_flush_poll:
    cmp     access, #ACCESS_WORD
    b.eq    .Lconsole_flush_word
    ldrb    w0, [register]
    b       .Lconsole_flush_ask
.Lconsole_flush_word:
    ldr     w0, [register]
.Lconsole_flush_ask:
    and     w0, w0, mask
    cmp     w0, ready
    b.eq    .Lconsole_flush_done
    subs    x5, x5, #1
    b.ne    .Lconsole_flush_poll
    mov     console, xzr
.Lconsole_flush_done:
    ret
    .unreq  register
    .unreq  access
    .unreq  mask
    .unreq  ready
endfunc console_flush

    .pushsection .text
    .global console_end
    .hidden console_end
console_end:
    .popsection
