/* routine.h — what every routine of the purgatory shares: func/endfunc and the registers that live across calls
 * SPDX-License-Identifier: MIT
 *
 * Each routine says what it clobbers. Return addresses are on the stack (mmu_off has its own in x1). No code here needs a
 * relocation: adr reaches the whole blob (it is smaller than 1 MiB), and there is no literal pool and no GOT.
 *
 * Registers that keep one meaning from entry.S to the jump:
 *   reg  name     set by      meaning
 *   x18  handler  exception.S where the vectors branch to
 *   x19  info     entry.S     &purgatory_info
 *   x20  base     entry.S     physical address of the blob's byte 0
 *   x21  console  console.S   UART base; 0: silent, or dropped because it timed out or faulted
 *   x24  flags    entry.S     info->flags; fail() clears the failure action when it takes it
 *   x25  bias     entry.S     what is added to every address in info: base if RELATIVE, else 0
 *   x26  region   info.S      in what each_region calls, and in report_mismatch: the region's index; else a local
 *   x29  mode     system.S    MODE_*: where and how this run goes
 *
 * x8-x13 are the state that the purgatory was entered with: from take_over to save_system_state, and again from
 * restore_system_state to the jump.
 */
#ifndef PURGATORY_ROUTINE_H
#define PURGATORY_ROUTINE_H

#include "purgatory_info.h"

handler       .req x18
info          .req x19
base          .req x20
console       .req x21
flags         .req x24
bias          .req x25
region        .req x26
mode          .req x29

found_x0      .req x8               /* not ours to change, but the next kernel may get it */
found_sctlr   .req x9
found_fp_trap .req x10              /* CPACR_EL1 or CPTR_EL2 */
found_vbar    .req x11
found_spsel   .req x12
found_sp      .req x13

/* mode, by bit number. The first two are what info->verify_path shows. */
#define MODE_CACHED_BIT  0          /* PURGATORY_PATH_CACHED: the translation regime is ours and the caches are on, or were */
#define MODE_SHA2_BIT    1          /* PURGATORY_PATH_SHA2 */
#define MODE_EL2_BIT     8          /* the _EL2 registers control our regime: EL2 without E2H */
#define MODE_EL3_BIT     9          /* entered where no purgatory can run */
#define MODE_TCR2_BIT    10         /* the regime has a TCR2 */
#define MODE_FAULTED_BIT 11         /* an exception was taken, */
#define MODE_AGAIN_BIT   12         /* ... and another since */
#define MODE_NOT_STREAMING_BIT 13   /* streaming SVE mode was left, or there is none, or that was tried */
#define MODE_RESULT_BIT  14         /* there is a place for the result, and none is there yet */

/* flags, by bit number: the ABI has them by value */
#define FLAG_VERIFY_REGIONS_BIT   0
#define FLAG_VERIFY_COMBINED_BIT  1
#define FLAG_RELATIVE_BIT         2
#define FLAG_NO_CACHE_BIT         3
#define FLAG_NO_CRYPTO_BIT        4
#define FLAG_QUIET_BIT            5
#define FLAG_PSCI_HVC_BIT         10
    .macro same_flag bit, value
    .if     (1 << \bit) != \value
    .error  "a flag's bit number is not that of the ABI"
    .endif
    .endm
    same_flag FLAG_VERIFY_REGIONS_BIT, PURGATORY_FLAG_VERIFY_REGIONS
    same_flag FLAG_VERIFY_COMBINED_BIT, PURGATORY_FLAG_VERIFY_COMBINED
    same_flag FLAG_RELATIVE_BIT, PURGATORY_FLAG_RELATIVE
    same_flag FLAG_NO_CACHE_BIT, PURGATORY_FLAG_NO_CACHE
    same_flag FLAG_NO_CRYPTO_BIT, PURGATORY_FLAG_NO_CRYPTO
    same_flag FLAG_QUIET_BIT, PURGATORY_FLAG_QUIET
    same_flag FLAG_PSCI_HVC_BIT, PURGATORY_FLAG_PSCI_HVC
    same_flag MODE_CACHED_BIT, PURGATORY_PATH_CACHED
    same_flag MODE_SHA2_BIT, PURGATORY_PATH_SHA2

#define CURRENTEL_SHIFT  2
#define CURRENTEL_EL2_BIT 3         /* set at EL2, clear at EL1 */
#define SCTLR_M          (1 << 0)
#define SCTLR_C          (1 << 2)
#define SCTLR_M_BIT      0

/* saved_state: pairs of registers, which save_system_state and caches_on put there */
#define SAVED_X0_SCTLR     0x00
#define SAVED_FP_TRAP_VBAR 0x10
#define SAVED_SPSEL_SP     0x20
#define SAVED_TCR_TTBR0    0x30
#define SAVED_MAIR_TCR2    0x40
#define SAVED_SIZE         0x50

/* struct purgatory_info's arrays */
#define REGION_SHIFT     4          /* log2 of bytes */
#define DIGEST_SHIFT     5
    .if     (PURGATORY_DIGEST_SIZE != 1 << DIGEST_SHIFT) || (PURGATORY_INFO_digests - PURGATORY_INFO_regions != PURGATORY_MAX_REGIONS << REGION_SHIFT)
    .error  "the arrays of struct purgatory_info are not what their shifts say"
    .endif

/* region_totals: of the regions in use */
#define TOTALS_COUNT     0
#define TOTALS_BYTES     8
#define TOTALS_SIZE      16

#define PAGE_SIZE        0x1000
#define PAGE_TABLES_SIZE 0x20000    /* 32 tables */

    .macro func name
    .pushsection .text
    .global \name
    .hidden \name
    .type   \name, %function
    .if     .Lfalls_through
    .ifndef .Lfalls_into_\name
    .error  "the routine before \name falls into another"
    .elseif . - .Lfalls_into_\name
    .error  "there is something between \name and the routine that falls into it"
    .endif
    .set    .Lfalls_through, 0
    .endif
\name:
    .endm

    .macro endfunc name
    .size   \name, . - \name
    .popsection
    .endm

    /* Instead of a branch to the next routine in the file, at the end of one. */
    .set    .Lfalls_through, 0
    .macro falls_into name
    .if     .Lfalls_through
    .error  "the routine before \name falls into another"
    .endif
    .set    .Lfalls_through, 1
.Lfalls_into_\name:
    .endm

    /* \reg = a constant that is too wide for one instruction. */
    .macro mov32 reg, value
    movz    \reg, #((\value) & 0xffff)
    movk    \reg, #((\value) >> 16 & 0xffff), lsl #16
    .endm

    .macro mov64 reg, value
    movz    \reg, #((\value) >> 48 & 0xffff), lsl #48
    movk    \reg, #((\value) >> 32 & 0xffff), lsl #32
    movk    \reg, #((\value) >> 16 & 0xffff), lsl #16
    movk    \reg, #((\value) & 0xffff)
    .endm

/* In the text of put_message stands a code for each argument. */
#define STRING       "\001"
#define DIGEST       "\002"         /* 32 bytes, as 64 digits */
#define DECIMAL      "\003"
#define HEX          "\004"
#define STRING_CODE  1
#define DIGEST_CODE  2
#define DECIMAL_CODE 3
#define HEX_CODE     4

    /* \reg = address of the text, kept with all others behind the code. */
    .macro string reg, text:vararg
    .pushsection .rodata
.Lstring\@:
    .ascii  \text
    .byte   0
    .popsection
    adr     \reg, .Lstring\@
    .endm

    .macro push first, second
    stp     \first, \second, [sp, #-16]!
    .endm

    .macro pop first, second
    ldp     \first, \second, [sp], #16
    .endm

#endif /* PURGATORY_ROUTINE_H */
