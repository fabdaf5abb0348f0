// system.S — the system registers that the purgatory changes from its start to its end, and their way back
// SPDX-License-Identifier: MIT
//
// At EL1, and at EL2 with HCR_EL2.E2H (where the _EL1 names reach the EL2 registers, in EL1's layout), they go by their
// _EL1 names; at EL2 without E2H by their _EL2 names. MODE_EL2 tells which.

#include "routine.h"

#define CURRENTEL_EL2    (2 << 2)
#define HCR_EL2_E2H_BIT  34
#define CPTR_EL2_TFP     (1 << 10)  // EL2 without E2H: FP/SIMD traps while set
#define CPACR_FPEN       (3 << 20)  // elsewhere: nothing traps while both bits are set

// Names that older assemblers do not know.
#define ID_AA64MMFR4_EL1 s3_0_c0_c7_4
#define MMFR4_E2H0_SIGN_BIT 27      // E2H0 is negative where E2H is 1, whatever HCR_EL2 reads as

// SCTLR while the purgatory runs: the bits that are RES1 where they mean nothing, and have to do with more than EL0; and I:
// instruction fetches may be cached with the MMU off, too. Whatever else a kernel may set (WXN, EE, A, EPAN, NMI, ...) is off.
// Those of EL2 without E2H have no names.
#define SCTLR_I          (1 << 12)
#define SCTLR_EL1_SET    (1 << 29 /* LSMAOE */ | 1 << 28 /* nTLSMD */ | 1 << 23 /* SPAN */ | 1 << 22 /* EIS */ \
                          | 1 << 20 /* TSCXT */ | 1 << 11 /* EOS */ | SCTLR_I)
#define SCTLR_EL2_SET    (3 << 28 | 3 << 22 | 1 << 18 | 1 << 16 | 1 << 11 | 3 << 4 | SCTLR_I)

    // x0 = the SCTLR to run under; M and C stay as they were found.
    .macro own_sctlr set
    mov     x0, #(SCTLR_M | SCTLR_C)
    and     x1, found_sctlr, x0
    mov32   x0, \set
    orr     x0, x0, x1
    .endm

// (x9-x13) take_over(void): vectors first, then SCTLR, FP/SIMD access and SPSel as this code needs them
// Out:      mode; found_*, but for found_x0
// Requires: interrupts masked; install_vectors; info, base, console = 0 and flags = 0, for handle_exception. No memory is
//           accessed before SCTLR.EE is known to be 0
// Clobbers: x0, x1, SPSel (SP_ELx)
func take_over
    mov     mode, xzr
    adr     x1, vector_table
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.lo    .Ltake_over_el1
    b.hi    .Ltake_over_el3
    mrs     x0, hcr_el2
    tbnz    x0, #HCR_EL2_E2H_BIT, .Ltake_over_el1
    mrs     x0, ID_AA64MMFR4_EL1
    tbnz    x0, #MMFR4_E2H0_SIGN_BIT, .Ltake_over_el1
    mov     mode, #(1 << MODE_EL2_BIT)
    mrs     found_vbar, vbar_el2
    msr     vbar_el2, x1
    ic      iallu                           // what was fetched from these addresses earlier, the table's too,
    dsb     nsh                             // is forgotten, on this core, also for SCTLR.I
    isb                                     // an exception from here on is ours
    mrs     found_sctlr, sctlr_el2
    own_sctlr SCTLR_EL2_SET
    msr     sctlr_el2, x0
    mrs     found_fp_trap, cptr_el2
    bic     x0, found_fp_trap, #CPTR_EL2_TFP
    msr     cptr_el2, x0
    b       .Ltake_over_stack

.Ltake_over_el1:
    mrs     found_vbar, vbar_el1
    msr     vbar_el1, x1
    ic      iallu                           // as above
    dsb     nsh
    isb
    mrs     found_sctlr, sctlr_el1
    own_sctlr SCTLR_EL1_SET
    msr     sctlr_el1, x0
    mrs     found_fp_trap, cpacr_el1        // with E2H: CPTR_EL2
    orr     x0, found_fp_trap, #CPACR_FPEN
    msr     cpacr_el1, x0
    b       .Ltake_over_stack

.Ltake_over_el3:
    mov     mode, #(1 << MODE_EL3_BIT)      // no register of it is touched: no more than a message comes of it
.Ltake_over_stack:
    isb                                     // data accesses are little-endian, FP/SIMD is accessible
    mrs     found_spsel, spsel
    msr     spsel, #1
    mov     found_sp, sp
    ret
endfunc take_over

// void save_system_state(found_*)
// Clobbers: x0
func save_system_state
    adr     x0, saved_state
    stp     found_x0, found_sctlr, [x0, #SAVED_X0_SCTLR]
    stp     found_fp_trap, found_vbar, [x0, #SAVED_FP_TRAP_VBAR]
    stp     found_spsel, found_sp, [x0, #SAVED_SPSEL_SP]
    ret
endfunc save_system_state

// (x8-x13) restore_system_state(void): what take_over changed is as it was found
// Requires: caches_off. No stack and no memory access afterwards: data accesses may be big-endian again
// Clobbers: x0, sp
func restore_system_state
    adr     x0, saved_state
    ldp     found_x0, found_sctlr, [x0, #SAVED_X0_SCTLR]
    ldp     found_fp_trap, found_vbar, [x0, #SAVED_FP_TRAP_VBAR]
    ldp     found_spsel, found_sp, [x0, #SAVED_SPSEL_SP]
    mov     sp, found_sp
    msr     spsel, found_spsel
    ic      iallu                           // the next kernel's code was data
    dsb     nsh                             // ... and is forgotten as such, on this core
    tbnz    mode, #MODE_EL2_BIT, .Lrestore_system_state_el2
    msr     cpacr_el1, found_fp_trap
    msr     vbar_el1, found_vbar
    msr     sctlr_el1, found_sctlr
    b       .Lrestore_system_state_done
.Lrestore_system_state_el2:
    msr     cptr_el2, found_fp_trap
    msr     vbar_el2, found_vbar
    msr     sctlr_el2, found_sctlr
.Lrestore_system_state_done:
    isb                                     // the next kernel runs under them
    ret
endfunc restore_system_state

// x0 = read_sctlr(void)
func read_sctlr
    tbnz    mode, #MODE_EL2_BIT, .Lread_sctlr_el2
    mrs     x0, sctlr_el1
    ret
.Lread_sctlr_el2:
    mrs     x0, sctlr_el2
    ret
endfunc read_sctlr

// void write_sctlr(x0 = value)
func write_sctlr
    tbnz    mode, #MODE_EL2_BIT, .Lwrite_sctlr_el2
    msr     sctlr_el1, x0
    isb                                     // what follows runs under the new value
    ret
.Lwrite_sctlr_el2:
    msr     sctlr_el2, x0
    isb                                     // as above
    ret
endfunc write_sctlr

    .section .scratch, "aw", %nobits
    .balign 16
    .global saved_state
    .hidden saved_state
saved_state:
    .space  SAVED_SIZE
