// exception.S — vectors of our own, so that nothing ends in those of the last kernel
// SPDX-License-Identifier: MIT
//
// The table is written into the scratch: sixteen entries of eight bytes, 0x80 apart, are not worth 2 KiB of the file.

#include "routine.h"

#define ENTRY_SIZE       0x80
#define TABLE_SIZE       0x800

#define ESR_EC           26         // 6-bit field
#define ANY_CLASS        0x1f       // ends the list of names
#define CC_EQ            4          // flags for which "eq" is true

// void install_vectors(void): the table; VBAR and the I-cache are save_system_state's
// Requires: nothing of data's byte order, for the table is a copy
// Out:      handler
// Clobbers: x0-x3
func install_vectors
    adr     handler, handle_exception
    adr     x0, vector_table
    adr     x1, .Lvector
    ldp     w2, w3, [x1]
.Linstall_vectors_entry:
    stp     w2, w3, [x0]
    dc      cvau, x0                        // where the D-cache was found on, that is where the entry is
    add     x0, x0, #ENTRY_SIZE
    tst     x0, #(TABLE_SIZE - 1)
    b.ne    .Linstall_vectors_entry
    dsb     sy                              // the entries are in memory before they are fetched
    ret
.Lvector:
    adr     x17, .                          // tells which entry it was
    br      handler
endfunc install_vectors

// Any exception. A fault of the console drops it and goes on without; any other is reported and is a failure.
// In:       x17 = the table's entry
// Clobbers: x15-x17 if it returns: nothing that is live where the console is touched
func handle_exception
    mrs     x16, elr_el1
    tbz     path, #PATH_EL2_BIT, .Lhandle_exception_console
    mrs     x16, elr_el2
.Lhandle_exception_console:
    adr     x15, console_start
    sub     x15, x16, x15
    cmp     x15, #CONSOLE_CODE
    b.hs    .Lhandle_exception_report
    mov     console, xzr                    // silent from now on
    ret                                     // same level, same stack, all masked: no eret is needed

.Lhandle_exception_report:
    bl      caches_off
    adr     x0, stack_top                   // whatever was going on is over
    mov     sp, x0
    mov     w0, #PURGATORY_STATUS_EXCEPTION
    str     w0, [info, #PURGATORY_INFO_status]
    mrs     x2, esr_el1
    mrs     x5, far_el1
    tbz     path, #PATH_EL2_BIT, .Lhandle_exception_class
    mrs     x2, esr_el2
    mrs     x5, far_el2
.Lhandle_exception_class:
    lsr     w6, w2, #ESR_EC
    ubfx    x0, x17, #7, #2                 // the entry: synchronous, IRQ, FIQ, SError
    cmp     x0, #0
    csel    x6, x6, x0, eq                  // if it is not synchronous, ESR may say nothing
    adr     x1, .Lexception_names
.Lhandle_exception_name:
    ldrb    w0, [x1], #1
    cmp     w0, w6
    ccmp    w0, #ANY_CLASS, #CC_EQ, ne
    b.eq    .Lhandle_exception_print
.Lhandle_exception_skip:
    ldrb    w0, [x1], #1
    cbnz    w0, .Lhandle_exception_skip
    b       .Lhandle_exception_name
.Lhandle_exception_print:
    mov     x3, x16
    sub     x4, x16, base
    string  x0, "exception: " STRING ", esr 0x" HEX ", elr 0x" HEX " (blob+0x" HEX "), far 0x" HEX
    bl      put_message
    b       fail
endfunc handle_exception

// A class, then its name: ESR_ELx.EC (Arm ARM D24.2.40), or the vector. No EC from our own level is 1 to 3, or 0x1f.
    .section .rodata
.Lexception_names:
    .ascii  "\x00", "undefined\0"
    .ascii  "\x21", "instruction abort\0"
    .ascii  "\x25", "data abort\0"
    .ascii  "\x01", "irq\0"
    .ascii  "\x02", "fiq\0"
    .ascii  "\x03", "serror\0"
    .byte   ANY_CLASS
    .asciz  "sync"

    .section .scratch, "aw", %nobits
    .balign TABLE_SIZE
    .global vector_table
    .hidden vector_table
vector_table:
    .space  TABLE_SIZE
