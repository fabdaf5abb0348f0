// state.S — capture and print the state that a purgatory must hand over
// SPDX-License-Identifier: MIT

#include "probe.h"

// void capture(x17 = struct state): x0-x3 as they are and the system state; then little-endian, own stack and vectors
// Requires: no memory access between the state in question and this call. EL1 or EL2
// Clobbers: x0-x16. Keeps x17-x29
func capture
    mrs     x6, daif
    msr     daifset, #0xf
    mrs     x7, spsel
    mov     w9, #SCTLR_SA_A
    movk    w9, #SCTLR_EE_HIGH, lsl #16
    mrs     x4, CurrentEL
    cmp     x4, #CURRENTEL_EL2
    b.eq    .Lcapture_sctlr_el2
    mrs     x5, sctlr_el1
    bic     x8, x5, x9
    msr     sctlr_el1, x8
    b       .Lcapture_store
.Lcapture_sctlr_el2:
    mrs     x5, sctlr_el2
    bic     x8, x5, x9
    msr     sctlr_el2, x8
.Lcapture_store:
    isb                                     // data accesses are little-endian from here
    stp     x0, x1, [x17, #STATE_X0]
    stp     x2, x3, [x17, #STATE_X2]
    stp     x4, x5, [x17, #STATE_EL]
    stp     x6, x7, [x17, #STATE_DAIF]
    msr     spsel, #1
    mov     x0, sp
    mrs     x1, sp_el0
    stp     x0, x1, [x17, #STATE_SP]
    adr     x0, stack_top
    mov     sp, x0

    mov     x15, x30
    bl      capture_regime
    mov     x30, x15
    adr     x0, vectors
    cmp     x4, #CURRENTEL_EL2
    b.eq    .Lcapture_vectors_el2
    msr     vbar_el1, x0
    b       .Lcapture_done
.Lcapture_vectors_el2:
    msr     vbar_el2, x0
.Lcapture_done:
    isb
    ret
endfunc capture

    // x1 = FPCR, x11 = FPSR, which may trap, as the register that decides it is in x2
    .macro  get_fpcr trap
    orr     x0, x2, #CPACR_FPEN
    bic     x0, x0, #CPTR_EL2_TFP
    msr     \trap, x0
    isb
    mrs     x1, fpcr
    mrs     x11, fpsr
    msr     \trap, x2
    isb
    .endm

// void capture_regime(x17 = struct state, x4 = CurrentEL): what the stub set and the purgatory changes
// Clobbers: x0-x3, x5-x11
func capture_regime
    mov     x9, xzr
    mrs     x0, s3_0_c0_c7_3                // ID_AA64MMFR3_EL1
    ands    x10, x0, #0xf                   // TCRX
    cmp     x4, #CURRENTEL_EL2
    b.eq    .Lcapture_regime_el2
    mrs     x2, cpacr_el1
    mov     x3, xzr
    mrs     x5, tcr_el1
    mrs     x6, ttbr0_el1
    mrs     x7, mair_el1
    mrs     x8, vbar_el1
    get_fpcr cpacr_el1
    cbz     x10, .Lcapture_regime_done
    mrs     x9, TCR2_EL1
    b       .Lcapture_regime_done
.Lcapture_regime_el2:
    mrs     x2, cptr_el2
    mrs     x3, hcr_el2
    mrs     x5, tcr_el2
    mrs     x6, ttbr0_el2
    mrs     x7, mair_el2
    mrs     x8, vbar_el2
    get_fpcr cptr_el2
    cbz     x10, .Lcapture_regime_done
    mrs     x9, TCR2_EL2
.Lcapture_regime_done:
    stp     x2, x3, [x17, #STATE_FP_TRAP]
    stp     x5, x6, [x17, #STATE_TCR]
    stp     x7, x8, [x17, #STATE_MAIR]
    mrs     x10, cntvct_el0
    stp     x9, x10, [x17, #STATE_TCR2]
    mrs     x0, cntfrq_el0
    stp     x0, x1, [x17, #STATE_FREQUENCY]
    mov     x0, xzr
    adr     x1, parameters
    ldr     x1, [x1, #PARAM_SETUP]
    tbz     x1, #SETUP_STREAMING, .Lcapture_regime_svcr
    mrs     x0, SVCR
.Lcapture_regime_svcr:
    stp     x0, x11, [x17, #STATE_SVCR]
    mov     x0, xzr
    mrs     x1, id_aa64pfr1_el1
    tst     x1, #ID_AA64PFR1_NMI
    b.eq    .Lcapture_regime_allint
    mrs     x0, ALLINT
.Lcapture_regime_allint:
    str     x0, [x17, #STATE_ALLINT]
    ret
endfunc capture_regime

// void put_state(x17 = struct state): after its first word ("before." or "after.") one line for all fields
// Clobbers: x0-x7, x17, x18
func put_state
    mov     x18, x30
    adr     x7, .Lstate_names
.Lput_state_field:
    ldrb    w0, [x7]
    cbz     w0, .Lput_state_done
.Lput_state_name:                           // "name=": put_string keeps x7
    mov     x0, x7
    bl      put_string
    mov     x7, x0                          // past the NUL
    ldr     x0, [x17], #8
    bl      put_hex
    b       .Lput_state_field
.Lput_state_done:
    print   "\n"
    mov     x30, x18
    ret
endfunc put_state

    .section .rodata
.Lstate_names:
    .asciz  "x0=", " x1=", " x2=", " x3=", " el=", " sctlr=", " daif=", " spsel=", " sp=", " sp_el0=", " fp_trap="
    .asciz  " hcr=", " tcr=", " ttbr0=", " mair=", " vbar=", " tcr2=", " counter="
    .asciz  " frequency=", " fpcr=", " svcr=", " fpsr=", " allint=", ""
