// count.S — a stub that starts a purgatory, and a "kernel" that prints what the counter says when it is entered
// SPDX-License-Identifier: MIT
//
// Under -icount shift=0 the counter has counted the instructions since reset: those of the purgatory, and five of ours.

#define UART             0x0900     // PL011 of QEMU's virt, upper half
#define PSCI_SYSTEM_OFF  0x84000008
#define CPACR_FPEN       (3 << 20)

    .text
    .global _start
    .type   _start, %function
_start:
    b       stub
    .balign 64
kernel:                                     // at 0x40
    isb                                     // the counter is not read before what comes before it
    mrs     x0, cntvct_el0
    movz    x1, #UART, lsl #16
    mov     w2, #60
.Lkernel_digit:                             // sixteen hexadecimal digits
    lsr     x3, x0, x2
    and     w3, w3, #0xf
    add     w4, w3, #'a' - 10
    add     w5, w3, #'0'
    cmp     w3, #10
    csel    w3, w4, w5, hs
    str     w3, [x1]
    subs    w2, w2, #4
    b.pl    .Lkernel_digit
    movz    w0, #(PSCI_SYSTEM_OFF >> 16), lsl #16
    movk    w0, #(PSCI_SYSTEM_OFF & 0xffff)
    hvc     #0

// A kernel leaves FP/SIMD open, QEMU does not; kexec-tools' C code needs it. x9 is set by the line below.
stub:
    mov     x0, #CPACR_FPEN
    msr     cpacr_el1, x0
    isb                                     // before the first FP/SIMD instruction
    ldr     x9, .Ltarget
    br      x9
    .balign 8
.Ltarget:                                   // the last eight bytes: the bench writes the purgatory's entry here
    .quad   0
    .size   _start, . - _start
