/* routine.h — what every routine of the purgatory shares: func/endfunc and the registers that live across calls
 * SPDX-License-Identifier: MIT
 *
 * Calls follow AAPCS64: x0-x18 may be clobbered by a call, x19-x30 are preserved. No code here needs a relocation:
 * adr reaches the whole blob (it is far smaller than 1 MiB), and there is no literal pool and no GOT.
 *
 * Registers that keep one meaning from entry.S to the jump:
 *   reg  name          set by         meaning
 *   x19  info          entry.S        &purgatory_info
 *   x20  base          entry.S        physical address of the blob's byte 0
 *   x21  console       console.S      UART base; 0: silent, or dropped because it timed out
 *   w22  console_type  console.S      PURGATORY_CONSOLE_*
 *   x23  entry_x0      entry.S        the x0 that purgatory was entered with
 *   x24  flags         entry.S        info->flags
 *   x25  bias          entry.S        what is added to every address in info: base if RELATIVE, else 0
 *   w26  region_count  info.S         regions in use
 *   x27  byte_count    info.S         bytes in them
 */
#ifndef PURGATORY_ROUTINE_H
#define PURGATORY_ROUTINE_H

info         .req x19
base         .req x20
console      .req x21
console_type .req w22
entry_x0     .req x23
flags        .req x24
bias         .req x25
region_count .req w26
byte_count   .req x27

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

    /* \reg = address of the string, kept among the constants. */
    .macro string reg, text
    .pushsection .rodata
.Lstring\@:
    .asciz  "\text"
    .popsection
    adr     \reg, .Lstring\@
    .endm

    /* Print a constant string. */
    .macro print text
    string  x0, "\text"
    bl      put_string
    .endm

    .macro push first, second
    stp     \first, \second, [sp, #-16]!
    .endm

    .macro pop first, second
    ldp     \first, \second, [sp], #16
    .endm

#endif /* PURGATORY_ROUTINE_H */
