// exception.S — vectors of our own, so that nothing ends in those of the last kernel
// SPDX-License-Identifier: MIT
//
// The table is written into the scratch: sixteen entries of eight bytes, 0x80 apart, are not worth 2 KiB of the file.

#include "purgatory_info.h"
#include "routine.h"

#define ENTRY_SIZE       0x80
#define TABLE_SIZE       0x800

// Any exception. A fault of the console drops it and goes on without; any other is reported and is a failure.
// In:       x30 = the table's entry + 8, and on the stack what it was
func handle_exception
    push    x0, x1
    push    x2, x3
    mrs     x0, elr_el1
    mrs     x1, esr_el1
    mrs     x2, far_el1
    tbz     path, #PATH_EL2_BIT, .Lhandle_exception_console
    mrs     x0, elr_el2
    mrs     x1, esr_el2
    mrs     x2, far_el2
.Lhandle_exception_console:
    cbz     console, .Lhandle_exception_report
    adr     x3, console_start
    cmp     x0, x3
    b.lo    .Lhandle_exception_report
    adr     x3, console_end
    cmp     x0, x3
    b.hs    .Lhandle_exception_report
    mov     console, xzr                    // silent from now on
    adr     x0, console_dropped
    tbnz    path, #PATH_EL2_BIT, .Lhandle_exception_el2
    msr     elr_el1, x0
    b       .Lhandle_exception_return
.Lhandle_exception_el2:
    msr     elr_el2, x0
.Lhandle_exception_return:
    pop     x2, x3
    pop     x0, x1
    pop     x30, xzr
    eret

.Lhandle_exception_report:
    mov     x26, x0                         // nothing returns to where these are in use
    mov     x27, x1
    mov     x28, x2
    ubfx    x15, x30, #7, #2                // the entry: synchronous, IRQ, FIQ, SError
    bl      caches_off
    adr     x0, stack_top
    mov     sp, x0
    mov     w0, #PURGATORY_STATUS_EXCEPTION
    str     w0, [info, #PURGATORY_INFO_status]
    b       report_exception                // x15: which of the four
endfunc handle_exception

// void install_vectors(void): VBAR = the table
// Clobbers: x0-x10
func install_vectors
    mov     x10, x30
    adr     x0, vector_table
    adr     x1, .Lvector
    ldp     w2, w3, [x1]
    sub     x4, x0, x1
    sub     w3, w3, w4, lsr #2              // the same branch from the first entry: it goes back further
.Linstall_vectors_entry:
    stp     w2, w3, [x0]
    dc      cvau, x0                        // where the D-cache was found on, that is where the entry is
    add     x0, x0, #ENTRY_SIZE
    sub     w3, w3, #(ENTRY_SIZE / 4)
    tst     x0, #(TABLE_SIZE - 1)
    b.ne    .Linstall_vectors_entry
    dsb     sy                              // the entries are in memory before they are fetched
    bl      read_regime
    adr     vbar, vector_table
    mov     x30, x10
    b       write_regime
.Lvector:
    push    x30, xzr
    bl      handle_exception                // x30 tells which entry it was
endfunc install_vectors

    .section .scratch, "aw", %nobits
    .balign TABLE_SIZE
vector_table:
    .space  TABLE_SIZE
