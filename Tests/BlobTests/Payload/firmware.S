// firmware.S — a firmware at EL2: refuses every HVC and SMC of EL1 that it sees, hides features of the core, and keeps
// a log of cache and TLB maintenance
// SPDX-License-Identifier: MIT

#include "probe.h"

#define PSCI_NOT_SUPPORTED  -1
#define ESR_EC_SHIFT        26
#define ESR_EC_SMC          0x17    // a trapped SMC: unlike an HVC's, ELR is its own address
#define ESR_EC_SYSREG       0x18    // a trapped MRS: the ID registers under HCR_EL2.TID3; or maintenance
#define ESR_OP0_READ        21      // bit number: op0 is 3, a register; else 1, an instruction
#define ISAR0               5 * 8   // their numbers: (CRm - 1) * 8 + Op2
#define MMFR0               6 * 8
#define FRAME_SIZE          0x100   // x0-x30; the last slot is for xzr

// Goes to x0 at EL1, with the same stack; HCR_EL2 is the test's.
// Clobbers: x1, x2
func enter_el1
    msr     cptr_el2, xzr
    adr     x1, firmware_vectors
    msr     vbar_el2, x1
    mov     x1, #0x3c5                      // EL1h, DAIF masked
    msr     spsr_el2, x1
    msr     elr_el2, x0
    mov     x1, sp
    msr     sp_el1, x1
    adr     x2, firmware_stack
    mov     sp, x2
    eret
endfunc enter_el1

func firmware
    sub     sp, sp, #FRAME_SIZE
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    str     x\n, [sp, #(8 * \n)]
    .endr
    mrs     x0, esr_el2
    lsr     x1, x0, #ESR_EC_SHIFT
    cmp     x1, #ESR_EC_SYSREG
    b.eq    .Lfirmware_sysreg
    mov     x2, #PSCI_NOT_SUPPORTED
    str     x2, [sp]
    cmp     x1, #ESR_EC_SMC
    b.eq    .Lfirmware_skip
    b       .Lfirmware_return

.Lfirmware_sysreg:
    tbz     x0, #ESR_OP0_READ, .Lfirmware_log
    // ISS: Op2 in bits 19-17, Rt in 9-5, CRm in 4-1
    ubfx    x1, x0, #1, #4
    ubfx    x2, x0, #17, #3
    sub     x1, x1, #1
    add     x1, x2, x1, lsl #3              // the register's number
    adr     x3, read_id_register
    add     x3, x3, x1, lsl #3
    blr     x3
    adr     x4, parameters
    ldr     x5, [x4, #PARAM_NMI]
    cbz     x5, .Lfirmware_id
    cmp     x1, #MMFR0                      // which only the purgatory asks for
    b.ne    .Lfirmware_id
    mov     x5, #HCRX_VINMI
    msr     HCRX_EL2, x5
    mrs     x5, hcr_el2
    mov     x6, #HCR_VI_IMO
    orr     x5, x5, x6
    msr     hcr_el2, x5
.Lfirmware_id:
    ldp     x5, x6, [x4, #PARAM_ISAR0_CLEAR]
    bic     x5, x2, x5
    orr     x6, x2, x6
    cmp     x1, #ISAR0
    csel    x2, x5, x2, eq
    cmp     x1, #MMFR0
    csel    x2, x6, x2, eq
    ubfx    x0, x0, #5, #5
    str     x2, [sp, x0, lsl #3]
    b       .Lfirmware_skip

.Lfirmware_log:                             // a record: the syndrome and SCTLR_EL1 as halves of a word, and the operand
    ubfx    x1, x0, #5, #5
    str     xzr, [sp, #(8 * 31)]
    ldr     x1, [sp, x1, lsl #3]
    mrs     x2, sctlr_el1
    bfi     x0, x2, #32, #32
    adr     x4, parameters
    ldr     x4, [x4, #PARAM_LOG]
    ldr     x3, [x4]
    stp     x0, x1, [x3], #16
    str     x3, [x4]
    tlbi    vmalle1                         // whatever it was: no more is needed of an emulator without caches
    ic      iallu
    dsb     sy
.Lfirmware_skip:
    mrs     x0, elr_el2
    add     x0, x0, #4
    msr     elr_el2, x0
.Lfirmware_return:
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    ldr     x\n, [sp, #(8 * \n)]
    .endr
    add     sp, sp, #FRAME_SIZE
    eret
endfunc firmware

// x2 = every ID register that HCR_EL2.TID3 traps, two instructions each
func read_id_register
    .irp    m, 1, 2, 3, 4, 5, 6, 7
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
    mrs     x2, s3_0_c0_c\m\()_\n
    ret
    .endr
    .endr
endfunc read_id_register

    .section .vectors, "ax", %progbits
    .balign 2048
firmware_vectors:
    .rept   16
    b       firmware
    .balign 128
    .endr

    .section .scratch, "aw", %progbits
    .balign 16
    .space  FRAME_SIZE
firmware_stack:
