// exception.S — an exception that nobody else caught is reported, and ends the run
// SPDX-License-Identifier: MIT

#include "probe.h"

func report_exception
    adr     x17, state_exception
    bl      capture                         // little-endian, own stack
    print   "exception."
    adr     x17, state_exception
    bl      put_state
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.eq    .Lreport_exception_el2
    mrs     x20, esr_el1
    mrs     x21, elr_el1
    mrs     x22, far_el1
    b       .Lreport_exception_print
.Lreport_exception_el2:
    mrs     x20, esr_el2
    mrs     x21, elr_el2
    mrs     x22, far_el2
.Lreport_exception_print:
    print   "exception.esr="
    mov     x0, x20
    bl      put_hex
    print   " elr="
    mov     x0, x21
    bl      put_hex
    print   " far="
    mov     x0, x22
    bl      put_hex
    print   "\n"
    b       power_off
endfunc report_exception

    .section .vectors, "ax", %progbits
    .balign 2048
    .global vectors
    .hidden vectors
vectors:
    .rept   16
    b       report_exception
    .balign 128
    .endr

    .section .scratch, "aw", %progbits
    .balign 16
state_exception:
    .space  STATE_SIZE
