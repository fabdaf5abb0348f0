// exception.S — vectors of our own, so that nothing ends in those of the last kernel
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ENTRY_SIZE       0x80
#define TABLE_SIZE       0x800
#define KIND_SHIFT       7          // of the entry's number, whose low two bits are the kind of exception:
#define KIND_BITS        2
#define KIND_IRQ         1
#define KIND_FIQ         2
#define KIND_SERROR      3          // 0: synchronous

#define ESR_EC_SHIFT     26         // 6-bit field: the class of a synchronous exception (Arm ARM, ESR_EL1)
#define EC_UNKNOWN       0x00       // an undefined instruction, and little else
#define EC_INSTRUCTION   0x21       // aborts at our own level
#define EC_DATA          0x25

vector .req x17                     // address of the entry that was taken

// void install_vectors(void): the table, for take_over to set VBAR to
// It is written into the scratch: sixteen entries of eight bytes, 0x80 apart, are not worth 2 KiB of the file.
// Requires: nothing of data's byte order, for the table is a copy. Nothing here can trap
// Out:      handler
// Clobbers: x0-x3
func install_vectors
    place   .req x0
    end     .req x1
    adr     handler, handle_exception
    adr     x1, .Linstall_vectors_code
    ldp     w2, w3, [x1]
    adr     place, vector_table
    add     end, place, #TABLE_SIZE
.Linstall_vectors_entry:
    dc      civac, place                    // what the last kernel left in the cache must not come back over it:
    dsb     sy                              // it is gone before the store
    stp     w2, w3, [place]
    dc      civac, place                    // where the D-cache was found on, that is where it is now
    add     place, place, #ENTRY_SIZE
    cmp     place, end
    b.lo    .Linstall_vectors_entry
    dsb     sy                              // the entries are in memory before they are fetched
    ret
.Linstall_vectors_code:
    adr     vector, .
    br      handler
    .unreq  place
    .unreq  end
endfunc install_vectors

// Any exception. Of the console, or where a PSCI call is not there, it goes on as console.S and failure.S say; any other is
// reported and is a failure.
// In:       vector
// Clobbers: x0, x15-x17 if it returns. What it calls before it reports keeps x16 and x17
func handle_exception
    bound   .req x15
    elr     .req x16
    tbnz    mode, #MODE_EL2_BIT, .Lhandle_exception_el2
    mrs     elr, elr_el1
    b       .Lhandle_exception_psci
.Lhandle_exception_el2:
    mrs     elr, elr_el2
.Lhandle_exception_psci:
    adr     bound, psci_conduit
    cmp     elr, bound
    b.lo    .Lhandle_exception_console
    adr     bound, psci_conduit_end
    cmp     elr, bound
    b.hs    .Lhandle_exception_console
    string  x0, "unanswered"
    ret                                     // same level, same stack, all masked: no eret is needed
.Lhandle_exception_console:
    adr     bound, console_start
    cmp     elr, bound
    b.lo    .Lhandle_exception_report
    adr     bound, console_end
    cmp     elr, bound
    b.hs    .Lhandle_exception_report
    mov     console, xzr                    // silent from now on
    ret                                     // as above

.Lhandle_exception_report:
    tbnz    mode, #MODE_AGAIN_BIT, halt     // reports only bring more of them
    adr     x0, stack_top                   // whatever was going on is over
    mov     sp, x0
    tbnz    mode, #MODE_FAULTED_BIT, .Lhandle_exception_again
    orr     mode, mode, #(1 << MODE_FAULTED_BIT)
    bl      caches_off
    mov     w0, #PURGATORY_STATUS_EXCEPTION
    bl      record_status
    b       .Lhandle_exception_say

.Lhandle_exception_again:                   // perhaps in what the first one needed: as little as possible, then halt
    orr     mode, mode, #(1 << MODE_AGAIN_BIT)
    bic     flags, flags, #PURGATORY_FLAG_ON_FAILURE_MASK
    tbz     mode, #MODE_CACHED_BIT, .Lhandle_exception_status
    bl      mmu_off
.Lhandle_exception_status:
    mov     w0, #PURGATORY_STATUS_EXCEPTION
    add     x1, info, #PURGATORY_INFO_status
    str     w0, [x1]
    dsb     sy                              // in memory before its line is dropped,
    dc      civac, x1                       // as record_status does
    dsb     sy                              // ... in memory, too

.Lhandle_exception_say:
    mov     x3, elr
    sub     x4, x3, base
    tbnz    mode, #MODE_EL2_BIT, .Lhandle_exception_syndrome_el2
    mrs     x2, esr_el1
    mrs     x5, far_el1
    b       .Lhandle_exception_kind
.Lhandle_exception_syndrome_el2:
    mrs     x2, esr_el2
    mrs     x5, far_el2
.Lhandle_exception_kind:
    ubfx    x6, vector, #KIND_SHIFT, #KIND_BITS
    string  x1, "irq"
    cmp     w6, #KIND_IRQ
    b.eq    .Lhandle_exception_print
    string  x1, "fiq"
    cmp     w6, #KIND_FIQ
    b.eq    .Lhandle_exception_print
    string  x1, "serror"
    cmp     w6, #KIND_SERROR
    b.eq    .Lhandle_exception_print
    lsr     w6, w2, #ESR_EC_SHIFT
    string  x1, "undefined"
    cmp     w6, #EC_UNKNOWN
    b.eq    .Lhandle_exception_print
    string  x1, "instruction abort"
    cmp     w6, #EC_INSTRUCTION
    b.eq    .Lhandle_exception_print
    string  x1, "data abort"
    cmp     w6, #EC_DATA
    b.eq    .Lhandle_exception_print
    string  x1, "sync"
.Lhandle_exception_print:
    string  x0, "exception: " STRING ", esr 0x" HEX ", elr 0x" HEX " (blob+0x" HEX "), far 0x" HEX
    bl      put_message
    b       fail
    .unreq  bound
    .unreq  elr
endfunc handle_exception

    .section .scratch, "aw", %nobits
    .balign TABLE_SIZE
    .global vector_table
    .hidden vector_table
vector_table:
    .space  TABLE_SIZE
