// system.S — the system registers that the purgatory changes while it runs, and their way back
// SPDX-License-Identifier: MIT
//
// A regime is seven registers. At EL1, and at EL2 with HCR_EL2.E2H (where the _EL1 names reach the EL2 registers, in
// EL1's layout), they go by their _EL1 names; at EL2 without E2H by their _EL2 names. PATH_EL2 in path tells which.

#include "routine.h"

#define HCR_EL2_E2H      34         // bit number
#define CPTR_EL2_TFP     (1 << 10)  // EL2 without E2H: FP/SIMD traps while set
#define CPACR_FPEN       (3 << 20)  // elsewhere: nothing traps while both bits are set

// SCTLR bits forced off: A (alignment faults on normal memory), SA (SP alignment), WXN (this code is writable; where the
// MMU was found on it cannot be set, or the page of info, which is written, would not be executed), EE (data accesses
// are big-endian).
#define SCTLR_OFF_LOW    (1 << 3 | 1 << 1)          // SA, A
#define SCTLR_OFF_HIGH   (1 << 9 | 1 << 3)          // EE (bit 25), WXN (bit 19)

// FEAT_TCR2's registers have names that older assemblers do not know.
#define ID_AA64MMFR3_EL1 s3_0_c0_c7_3
#define MMFR3_TCRX       0xf
#define TCR2_EL1         s3_0_c2_c0_3
#define TCR2_EL2         s3_4_c2_c0_3

// void save_system_state(void): save, then set SCTLR, VBAR, FP/SIMD access and SPSel as this code needs them
// In:       x12 = the x0 that purgatory was entered with
// Out:      path; saved_state
// Requires: EL1 or EL2; install_vectors, whose table VBAR is set to. No stack; no memory access before SCTLR.EE is 0
// Clobbers: x0-x9, x11, link, sp (selects SP_ELx)
func save_system_state
    mov     link, x30
    mov     path, xzr
    mrs     x0, CurrentEL
    tbz     x0, #CURRENTEL_EL2_BIT, .Lsave_system_state_read
    mrs     x0, hcr_el2
    tbnz    x0, #HCR_EL2_E2H, .Lsave_system_state_read
    mov     path, #PATH_EL2
.Lsave_system_state_read:
    bl      read_regime
    mov     x8, sctlr
    mov     x9, fp_trap
    mov     x11, vbar
    mov     w0, #SCTLR_OFF_LOW
    movk    w0, #SCTLR_OFF_HIGH, lsl #16
    bic     sctlr, sctlr, x0
    orr     sctlr, sctlr, #SCTLR_I          // instruction fetches may be cached with the MMU off, too
    orr     fp_trap, fp_trap, #CPACR_FPEN
    tbz     path, #PATH_EL2_BIT, .Lsave_system_state_write
    bic     fp_trap, x9, #CPTR_EL2_TFP
.Lsave_system_state_write:
    adr     vbar, vector_table
    bl      write_regime                    // data accesses are little-endian from here

    adr     x0, saved_state
    stp     x8, x9, [x0, #SAVED_SCTLR]
    stp     x11, tcr, [x0, #SAVED_VBAR]
    stp     ttbr0, mair, [x0, #SAVED_TTBR0]
    mrs     x1, spsel
    stp     tcr2, x1, [x0, #SAVED_TCR2]
    msr     spsel, #1
    mov     x1, sp
    stp     x1, x12, [x0, #SAVED_SP]
    ret     link
endfunc save_system_state

// void restore_system_state(void): everything that was changed is as it was found
// Requires: caches_off. No stack and no memory access afterwards: data accesses may be big-endian again
// Out:      x8 = the x0 that purgatory was entered with
// Clobbers: x0-x7, sp
func restore_system_state
    adr     x0, saved_state
    ldp     x1, x8, [x0, #SAVED_SP]
    mov     sp, x1
    ldp     tcr2, x1, [x0, #SAVED_TCR2]
    msr     spsel, x1
    ldp     sctlr, fp_trap, [x0, #SAVED_SCTLR]
    ldp     vbar, tcr, [x0, #SAVED_VBAR]
    ldp     ttbr0, mair, [x0, #SAVED_TTBR0]
    b       write_regime                    // its I-cache invalidation is for the next kernel, too: its code was data
endfunc restore_system_state

// (x1-x7) read_regime(void): tcr2 is undefined where there is none
// Clobbers: x0
func read_regime
    mrs     x0, ID_AA64MMFR3_EL1
    tst     x0, #MMFR3_TCRX
    tbnz    path, #PATH_EL2_BIT, .Lread_regime_el2
    mrs     sctlr, sctlr_el1
    mrs     fp_trap, cpacr_el1              // with E2H: CPTR_EL2
    mrs     vbar, vbar_el1
    mrs     tcr, tcr_el1
    mrs     ttbr0, ttbr0_el1
    mrs     mair, mair_el1
    b.eq    .Lread_regime_done
    mrs     tcr2, TCR2_EL1
.Lread_regime_done:
    ret
.Lread_regime_el2:
    mrs     sctlr, sctlr_el2
    mrs     fp_trap, cptr_el2
    mrs     vbar, vbar_el2
    mrs     tcr, tcr_el2
    mrs     ttbr0, ttbr0_el2
    mrs     mair, mair_el2
    b.eq    .Lread_regime_done
    mrs     tcr2, TCR2_EL2
    ret
endfunc read_regime

// void write_regime(x1-x7): SCTLR last, with nothing in TLB or I-cache that was there before. No memory access
// Clobbers: x0
func write_regime
    mrs     x0, ID_AA64MMFR3_EL1
    tst     x0, #MMFR3_TCRX
    tbnz    path, #PATH_EL2_BIT, .Lwrite_regime_el2
    msr     cpacr_el1, fp_trap
    msr     vbar_el1, vbar
    msr     tcr_el1, tcr
    msr     ttbr0_el1, ttbr0
    msr     mair_el1, mair
    b.eq    .Lwrite_regime_tlb
    msr     TCR2_EL1, tcr2
    b       .Lwrite_regime_tlb
.Lwrite_regime_el2:
    msr     cptr_el2, fp_trap
    msr     vbar_el2, vbar
    msr     tcr_el2, tcr
    msr     ttbr0_el2, ttbr0
    msr     mair_el2, mair
    b.eq    .Lwrite_regime_tlb
    msr     TCR2_EL2, tcr2
.Lwrite_regime_tlb:
    mrs     x0, CurrentEL
    tbz     x0, #CURRENTEL_EL2_BIT, .Lwrite_regime_tlb_el1
    tlbi    alle2
.Lwrite_regime_tlb_el1:
    tlbi    vmalle1                         // no use at EL2, and no harm
    ic      iallu                           // what was fetched from these addresses before may be something else
    dsb     nsh                             // all are complete, on this core
    isb                                     // the registers hold, and nothing fetched earlier is used
    tbnz    path, #PATH_EL2_BIT, .Lwrite_regime_sctlr_el2
    msr     sctlr_el1, sctlr
    b       .Lwrite_regime_done
.Lwrite_regime_sctlr_el2:
    msr     sctlr_el2, sctlr
.Lwrite_regime_done:
    isb                                     // what follows runs under the new value
    ret
endfunc write_regime

    .section .scratch, "aw", %nobits
    .balign 16
saved_state:
    .space  SAVED_SIZE
    .global saved_state
    .hidden saved_state
