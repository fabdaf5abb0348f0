// mmu.S — a translation regime for a purgatory that is entered with the MMU on: 512 GiB, identity, 1 GiB blocks
// SPDX-License-Identifier: MIT

#include "probe.h"

#define BLOCKS           512
#define BLOCK            0x701      // valid, inner-shareable, accessed
#define BLOCK_DEVICE     0x705      // MAIR attribute 1
#define BLOCK_AP1        (1 << 6)   // RES1 at EL2 without E2H
#define BLOCK_XN         (3 << 53)  // UXN or XN, and PXN
#define TRANSLATION_MAIR 0x04ff
#define TCR_HIGH         0x8080     // RES1 at EL2 without E2H; else TG1, and EPD1: no TTBR1
#define TCR_LOW          0x3519     // write-back and inner-shareable walks, 39 bits
#define TCR_EL1_IPS      32
#define TCR_EL2_PS       16
#define ADDRESS_40_BITS  2

// void set_translation(x20 = SETUP_*): all but SCTLR.M
// Clobbers: x0-x6
func set_translation
    adr     x0, translation_table
    mov     x4, #BLOCK
    movz    x2, #TCR_HIGH, lsl #16
    movk    x2, #TCR_LOW
    mrs     x5, CurrentEL
    cmp     x5, #CURRENTEL_EL2
    b.ne    .Lset_translation_el1
    tbnz    x20, #SETUP_E2H, .Lset_translation_el1
    orr     x4, x4, #BLOCK_AP1
    mov     x3, #ADDRESS_40_BITS
    orr     x2, x2, x3, lsl #TCR_EL2_PS
    b       .Lset_translation_fill
.Lset_translation_el1:
    mov     x3, #ADDRESS_40_BITS
    orr     x2, x2, x3, lsl #TCR_EL1_IPS
.Lset_translation_fill:
    mov     x3, #BLOCKS
    mov     x6, #(1 << 30)
    mov     x1, x0
.Lset_translation_block:
    str     x4, [x1], #8
    add     x4, x4, x6
    subs    x3, x3, #1
    b.ne    .Lset_translation_block
    ldr     x4, [x0]                        // the first: the devices of virt
    mov     x3, #BLOCK_XN
    orr     x4, x4, x3
    orr     x4, x4, #(BLOCK ^ BLOCK_DEVICE)
    str     x4, [x0]
    dsb     sy                              // the table is written before a walk can start
    mov     x1, #TRANSLATION_MAIR
    cmp     x5, #CURRENTEL_EL2
    b.eq    .Lset_translation_el2
    msr     mair_el1, x1
    msr     tcr_el1, x2
    msr     ttbr0_el1, x0
    isb
    tlbi    vmalle1
    b       .Lset_translation_done
.Lset_translation_el2:
    msr     mair_el2, x1
    msr     tcr_el2, x2
    msr     ttbr0_el2, x0
    isb
    tlbi    alle2
.Lset_translation_done:
    dsb     nsh
    isb
    ret
endfunc set_translation

    .section .scratch.pages, "aw", %progbits
    .balign 4096
translation_table:
    .space  8 * BLOCKS
