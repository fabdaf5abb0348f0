/* routine.h — what every routine of the purgatory shares: func/endfunc and the registers that live across calls
 * SPDX-License-Identifier: MIT
 *
 * Each routine says what it clobbers. No code here needs a relocation: adr reaches the whole blob (it is smaller than
 * 1 MiB), and there is no literal pool and no GOT.
 *
 * Registers that keep one meaning from entry.S to the jump:
 *   reg  name          set by         meaning
 *   x18  handler       exception.S    where the vectors branch to
 *   x19  info          entry.S        &purgatory_info
 *   x20  base          entry.S        physical address of the blob's byte 0
 *   x21  console       console.S      UART base; 0: silent, or dropped because it timed out or faulted
 *   w22  console_type  console.S      PURGATORY_CONSOLE_*
 *   x23  link          entry.S        return address of the routines that entry.S calls
 *   x24  flags         entry.S        info->flags
 *   x25  bias          entry.S        what is added to every address in info: base if RELATIVE, else 0
 *   x29  path          system.S       PURGATORY_PATH_* and PATH_*: how this run goes
 */
#ifndef PURGATORY_ROUTINE_H
#define PURGATORY_ROUTINE_H

#include "purgatory_info.h"

handler      .req x18
info         .req x19
base         .req x20
console      .req x21
console_type .req w22
link         .req x23
flags        .req x24
bias         .req x25
path         .req x29

/* path: what info->verify_path shows, and more */
#define PATH_CACHED_BIT  0          /* PURGATORY_PATH_CACHED */
#define PATH_SHA2_BIT    1          /* PURGATORY_PATH_SHA2 */
#define PATH_EL2_BIT     8          /* the _EL2 registers control our regime: EL2 without E2H */
#define PATH_MMU_ON_BIT  63
#define PATH_EL2         (1 << PATH_EL2_BIT)
#define PATH_MMU_ON      (1 << PATH_MMU_ON_BIT)

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
    same_flag PATH_CACHED_BIT, PURGATORY_PATH_CACHED
    same_flag PATH_SHA2_BIT, PURGATORY_PATH_SHA2

#define CURRENTEL_EL2_BIT 3         /* set at EL2, clear at EL1 */
#define SCTLR_M          (1 << 0)
#define SCTLR_C          (1 << 2)
#define SCTLR_I          (1 << 12)
#define SCTLR_M_BIT      0

/* saved_state: what restore_system_state puts back */
#define SAVED_SCTLR      0x00
#define SAVED_FP_TRAP    0x08
#define SAVED_VBAR       0x10
#define SAVED_TCR        0x18
#define SAVED_TTBR0      0x20
#define SAVED_MAIR       0x28
#define SAVED_TCR2       0x30
#define SAVED_SPSEL      0x38
#define SAVED_SP         0x40
#define SAVED_X0         0x48       /* not ours to change, but the next kernel may get it */
#define SAVED_SIZE       0x50

/* A translation regime as read_regime and write_regime pass it (system.S) */
sctlr        .req x1
fp_trap      .req x2                /* CPACR_EL1 or CPTR_EL2 */
vbar         .req x3
tcr          .req x4
ttbr0        .req x5
mair         .req x6
tcr2         .req x7                /* where there is one */

#define PAGE_TABLES_SIZE 0x20000    /* 32 tables */
#define CONSOLE_SIZE     0x20       /* the registers of the UARTs that console.S touches */
#define CONSOLE_CODE     0x58       /* bytes from console_start that touch them */
#define SHA256_CONSTANTS_SIZE 0x100

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

/* What put_message writes for an argument: these bytes in its text. The number's own is its base. */
#define STRING  "\001"
#define DIGEST  "\002"              /* 32 bytes, as 64 digits */
#define DECIMAL "\012"
#define HEX     "\020"

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
