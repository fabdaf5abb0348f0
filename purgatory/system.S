// system.S — the system registers that the purgatory changes while it runs, and their way back
// SPDX-License-Identifier: MIT

#include "routine.h"

#define CURRENTEL_EL2    (2 << 2)
#define HCR_EL2_E2H      34         // bit number
#define CPTR_EL2_TFP     (1 << 10)  // E2H = 0: FP/SIMD traps while set
#define CPACR_FPEN       (3 << 20)  // EL1, and EL2 with E2H = 1: nothing traps while both bits are set

// SCTLR bits forced off: A (alignment faults on normal memory), SA (SP alignment), WXN (this code is writable),
// EE (data accesses are big-endian).
#define SCTLR_OFF_LOW    (1 << 3 | 1 << 1)          // SA, A
#define SCTLR_OFF_HIGH   (1 << 9 | 1 << 3)          // EE (bit 25), WXN (bit 19)

// saved_state
#define SAVED_SCTLR      0x00
#define SAVED_FP_TRAP    0x08       // CPACR_EL1 or CPTR_EL2
#define SAVED_SPSEL      0x10
#define SAVED_SP         0x18
#define SAVED_SIZE       0x20

// void save_system_state(void): save, then set SCTLR, FP/SIMD access and SPSel as this code needs them
// Requires: EL1 or EL2. No stack; no memory access before SCTLR.EE is known to be 0
// Clobbers: x0-x7, sp (selects SP_ELx)
func save_system_state
    sctlr       .req x1
    fp_trap     .req x2
    new_sctlr   .req x3
    new_fp_trap .req x4
    mov     w5, #SCTLR_OFF_LOW
    movk    w5, #SCTLR_OFF_HIGH, lsl #16
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.eq    .Lsave_system_state_el2

    mrs     sctlr, sctlr_el1
    mrs     fp_trap, cpacr_el1
    bic     new_sctlr, sctlr, x5
    orr     new_fp_trap, fp_trap, #CPACR_FPEN
    msr     cpacr_el1, new_fp_trap
    msr     sctlr_el1, new_sctlr
    b       .Lsave_system_state_store

.Lsave_system_state_el2:
    mrs     sctlr, sctlr_el2
    mrs     fp_trap, cptr_el2
    bic     new_sctlr, sctlr, x5
    mrs     x6, hcr_el2
    bic     new_fp_trap, fp_trap, #CPTR_EL2_TFP
    orr     x7, fp_trap, #CPACR_FPEN        // with E2H, CPTR_EL2 has CPACR_EL1's layout
    tst     x6, #(1 << HCR_EL2_E2H)
    csel    new_fp_trap, x7, new_fp_trap, ne
    msr     cptr_el2, new_fp_trap
    msr     sctlr_el2, new_sctlr

.Lsave_system_state_store:
    isb                                     // data accesses are little-endian, FP/SIMD is usable from here
    adr     x0, saved_state
    mrs     x5, spsel
    msr     spsel, #1
    mov     x6, sp
    stp     sctlr, fp_trap, [x0, #SAVED_SCTLR]
    stp     x5, x6, [x0, #SAVED_SPSEL]
    ret
endfunc save_system_state

// void restore_system_state(void): everything save_system_state changed is as it was found
// Requires: the same EL. No stack and no memory access afterwards: data accesses may be big-endian again
// Clobbers: x0-x2, x5, x6, sp
func restore_system_state
    adr     x0, saved_state
    ldp     sctlr, fp_trap, [x0, #SAVED_SCTLR]
    ldp     x5, x6, [x0, #SAVED_SPSEL]
    mov     sp, x6
    msr     spsel, x5
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.eq    .Lrestore_system_state_el2
    msr     cpacr_el1, fp_trap
    msr     sctlr_el1, sctlr
    b       .Lrestore_system_state_done
.Lrestore_system_state_el2:
    msr     cptr_el2, fp_trap
    msr     sctlr_el2, sctlr
.Lrestore_system_state_done:
    isb                                     // the next kernel runs under the restored state
    ret
endfunc restore_system_state

    .section .scratch, "aw", %nobits
    .balign 16
saved_state:
    .space  SAVED_SIZE
