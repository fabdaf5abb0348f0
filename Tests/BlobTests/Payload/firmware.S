// firmware.S — a firmware at EL2 that answers every HVC and SMC of EL1 with "not supported"
// SPDX-License-Identifier: MIT

#include "probe.h"

#define PSCI_NOT_SUPPORTED  -1
#define ESR_EC_SHIFT        26
#define ESR_EC_SMC          0x17    // a trapped SMC: unlike an HVC's, ELR is its own address

// Goes to x0 at EL1, with the same stack.
// Clobbers: x1
func enter_el1
    movz    x1, #0x8008, lsl #16            // HCR_EL2: RW, TSC (SMC traps)
    msr     hcr_el2, x1
    msr     cptr_el2, xzr
    adr     x1, firmware_vectors
    msr     vbar_el2, x1
    mov     x1, #0x3c5                      // EL1h, DAIF masked
    msr     spsr_el2, x1
    msr     elr_el2, x0
    mov     x1, sp
    msr     sp_el1, x1
    eret
endfunc enter_el1

func refuse
    mrs     x0, esr_el2
    lsr     x0, x0, #ESR_EC_SHIFT
    cmp     x0, #ESR_EC_SMC
    b.ne    .Lrefuse_return
    mrs     x0, elr_el2
    add     x0, x0, #4
    msr     elr_el2, x0
.Lrefuse_return:
    mov     x0, #PSCI_NOT_SUPPORTED
    eret
endfunc refuse

    .section .vectors, "ax", %progbits
    .balign 2048
firmware_vectors:
    .rept   16
    b       refuse
    .balign 128
    .endr
