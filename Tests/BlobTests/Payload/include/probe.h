/* probe.h — the parameter block that a test appends to the payload, and struct state
 * SPDX-License-Identifier: MIT
 */
#ifndef PROBE_H
#define PROBE_H

/* The parameter block (Probe.swift writes it): 64-bit fields, then {address, value} pairs, then {address, size}. */
#define PARAM_UART          0x00    /* a PL011 */
#define PARAM_CONDUIT       0x08    /* of PSCI: 0 smc, 1 hvc, 2 there is none */
#define PARAM_TARGET        0x10    /* where the stub jumps to */
#define PARAM_X0            0x18    /* ... with this x0 */
#define PARAM_SETUP         0x20    /* SETUP_* */
#define PARAM_SCTLR_SET     0x28    /* ... with these bits of SCTLR set */
#define PARAM_HCR           0x30    /* ... under this HCR_EL2; 0: as it is */
#define PARAM_ISAR0_CLEAR   0x38    /* the firmware's ID_AA64ISAR0_EL1 has these bits not, */
#define PARAM_MMFR0_SET     0x40    /* ... and its ID_AA64MMFR0_EL1 these */
#define PARAM_REGIME        0x48    /* what TCR, TTBR0, MAIR and VBAR hold; 0: something that passes for normal */
#define PARAM_FREQUENCY     0x50    /* CNTFRQ_EL0 under SETUP_FREQUENCY */
#define PARAM_SPY_NEXT      0x58    /* where the spy goes on */
#define PARAM_LOG           0x60    /* the firmware's log of maintenance: records from here, the next one's address first */
#define PARAM_NMI           0x68    /* not 0: the firmware has a superpriority IRQ pending once it was asked for MMFR0 */
#define PARAM_POKE_COUNT    0x70
#define PARAM_WINDOW_COUNT  0x78
#define PARAM_PAIRS         0x80

#define SETUP_E2H           0       /* bit numbers */
#define SETUP_TRAP_FP       1
#define SETUP_JUNK          2       /* registers, SPSel = 0, misaligned stack pointers */
#define SETUP_UNMASK        3       /* DAIF = 0 */
#define SETUP_EL1           4       /* from EL2 down to EL1, under the firmware of firmware.S */
#define SETUP_MMU           5       /* a translation regime that SCTLR.M may turn on */
#define SETUP_FREQUENCY     6       /* at the highest exception level that there is */
#define SETUP_STREAMING     7       /* SME is accessible, PSTATE.SM and PSTATE.ZA are 1 */
#define SETUP_PAN           8       /* PSTATE.PAN is 1 */

/* What PARAM_X0 points to for flips.S: 64-bit fields, then {to, from, bytes} of what is copied before each case, then cases of
 * {address, bits to flip of its byte}. */
#define FLIPS_BLOB          0x00    /* the purgatory's base */
#define FLIPS_X0            0x08    /* which it is entered with */
#define FLIPS_NOTES         0x10    /* where 32 bytes for each case are written: status, failed_region, x0, ELR or 0 */
#define FLIPS_COPY_COUNT    0x18
#define FLIPS_CASE_COUNT    0x20
#define FLIPS_LISTS         0x28
#define FLIPS_STATUS        0x3a0   /* of the struct's status, from the purgatory's base */

#define WINDOW_DUMP         63      /* bit numbers in a window's size: dump the bytes, rather than hash them; */
#define WINDOW_WORDS        62      /* ... or runs of 64-bit words */

/* struct state: 64-bit fields in the order of state_names (state.S) */
#define STATE_X0            0x00
#define STATE_X2            0x10
#define STATE_EL            0x20    /* and SCTLR */
#define STATE_SCTLR         0x28
#define STATE_DAIF          0x30    /* and SPSel */
#define STATE_SP            0x40    /* SP_ELx and SP_EL0 */
#define STATE_FP_TRAP       0x50    /* CPACR_EL1 or CPTR_EL2, and HCR_EL2 (0 at EL1) */
#define STATE_TCR           0x60    /* and TTBR0 */
#define STATE_MAIR          0x70    /* and VBAR */
#define STATE_VBAR          0x78
#define STATE_TCR2          0x80    /* 0 where there is none; and CNTVCT */
#define STATE_FREQUENCY     0x90    /* CNTFRQ, and FPCR */
#define STATE_SVCR          0xa0    /* under SETUP_STREAMING; else 0. And FPSR */
#define STATE_ALLINT        0xb0    /* 0 where there is none */
#define STATE_SIZE          0xc0

#define CURRENTEL_EL2       (2 << 2)
#define CURRENTEL_EL3       (3 << 2)
#define SCTLR_SA_A          (1 << 3 | 1 << 1)
#define SCTLR_EE_HIGH       (1 << 9)            /* bit 25 */
#define TCR2_EL1            s3_0_c2_c0_3        /* names that older assemblers do not know */
#define TCR2_EL2            s3_4_c2_c0_3
#define CPACR_FPEN          (3 << 20)
#define CPTR_EL2_TFP        (1 << 10)
#define CPACR_SMEN          (3 << 24)
#define CPTR_EL2_TSM        (1 << 12)
#define SVCR                s3_3_c4_c2_2
#define FPCR_JUNK           (0xf << 22) /* round towards zero, flush to zero, default NaN */
#define FPSR_JUNK_HIGH      (1 << 11)   /* QC, as bit 27 */
#define ID_AA64PFR1_SME     (0xf << 24)
#define ID_AA64PFR1_NMI     (0xf << 36)
#define ALLINT              s3_0_c4_c3_0
#define CPTR_EL3_ESM        (1 << 12)
#define HCRX_EL2            s3_4_c1_c2_2
#define HCRX_VINMI          (1 << 7)
#define HCR_VI_IMO          (1 << 7 | 1 << 4)

#ifdef __ASSEMBLER__
    .macro func name
    .pushsection .text
    .global \name
    .hidden \name
    .type   \name, %function
\name:
    .endm

    .macro endfunc name
    .size   \name, . - \name
    .popsection
    .endm

    /* Print a constant string. */
    .macro print text
    .pushsection .rodata
.Lstring\@:
    .asciz  "\text"
    .popsection
    adr     x0, .Lstring\@
    bl      put_string
    .endm
#endif
#endif
