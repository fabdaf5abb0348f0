// spy.S — looks at the system registers in the middle of a purgatory
// SPDX-License-Identifier: MIT

#include "probe.h"

// Called instead of a routine of the purgatory: captures the regime, then goes on there. Keeps all registers but x16.
func spy
    sub     sp, sp, #0xa0
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18
    str     x\n, [sp, #(8 * \n)]
    .endr
    str     x30, [sp, #(8 * 19)]
    adr     x17, state_during
    mrs     x4, CurrentEL
    cmp     x4, #CURRENTEL_EL2
    mrs     x5, sctlr_el1
    b.ne    .Lspy_sctlr
    mrs     x5, sctlr_el2
.Lspy_sctlr:
    stp     x4, x5, [x17, #STATE_EL]
    mrs     x6, daif
    mrs     x7, spsel
    stp     x6, x7, [x17, #STATE_DAIF]
    bl      capture_regime
    adr     x16, parameters
    ldr     x16, [x16, #PARAM_SPY_NEXT]
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18
    ldr     x\n, [sp, #(8 * \n)]
    .endr
    ldr     x30, [sp, #(8 * 19)]
    add     sp, sp, #0xa0
    br      x16
endfunc spy

// void put_spied(void): nothing if the spy saw nothing
// Clobbers: x0-x7, x16-x18, x26
func put_spied
    adr     x17, state_during
    ldr     x0, [x17, #STATE_EL]
    cbz     x0, .Lput_spied_done
    mov     x26, x30
    print   "during."
    adr     x17, state_during
    bl      put_state
    mov     x30, x26
.Lput_spied_done:
    ret
endfunc put_spied

    .section .scratch, "aw", %progbits
    .balign 16
state_during:
    .space  STATE_SIZE
