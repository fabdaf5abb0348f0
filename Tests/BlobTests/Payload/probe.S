// probe.S — the payload's two entries: the stub that runs before the purgatory, the "kernel" that runs after it
// SPDX-License-Identifier: MIT

#include "probe.h"

    .section .head, "ax", %progbits
    b       stub
    b       kernel                          // Probe.kernel
    b       park                            // Probe.park
    b       spy                             // Probe.spy
    b       flips                           // Flips.stub
    b       flips_return                    // Flips.kernel branches here

// Entered like a kernel: reports the state it finds and the windows of memory, then powers off.
func kernel
    adr     x17, state_after
    bl      capture
    print   "after."
    adr     x17, state_after
    bl      put_state
    bl      put_spied
    bl      put_windows
    print   "after.end=0x0000000000000001\n"
    b       power_off
endfunc kernel

// Makes the machine the one that the test asked for, reports it, and enters PARAM_TARGET.
func stub
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL3
    b.ne    .Lstub_dropped
    mov     x0, #0x531                      // SCR_EL3: NS, RES1, HCE, RW
    msr     scr_el3, x0
    mrs     x0, id_aa64pfr1_el1
    and     x0, x0, #ID_AA64PFR1_SME
    cmp     x0, #0
    mov     x1, #CPTR_EL3_ESM
    csel    x0, xzr, x1, eq
    msr     cptr_el3, x0
    mov     x0, #(1 << 31)                  // HCR_EL2.RW
    msr     hcr_el2, x0
    movz    x0, #0x30c5, lsl #16            // SCTLR_EL2: RES1
    movk    x0, #0x0830
    msr     sctlr_el2, x0
    mov     x0, #0x3c9                      // EL2h, DAIF masked
    msr     spsr_el3, x0
    adr     x0, .Lstub_dropped
    msr     elr_el3, x0
    eret
.Lstub_dropped:
    msr     spsel, #1
    adr     x0, stack_top
    mov     sp, x0
    adr     x19, parameters
    ldr     x20, [x19, #PARAM_SETUP]

    add     x0, x19, #PARAM_PAIRS
    ldr     x1, [x19, #PARAM_POKE_COUNT]
.Lstub_poke:
    cbz     x1, .Lstub_poked
    ldp     x2, x3, [x0], #16
    str     w3, [x2]                        // a device register
    sub     x1, x1, #1
    b       .Lstub_poke
.Lstub_poked:

    ldr     x1, [x19, #PARAM_HCR]
    cbz     x1, .Lstub_frequency
    msr     hcr_el2, x1
    isb                                     // with E2H the _EL1 names reach EL2's registers from here
    tbz     x20, #SETUP_E2H, .Lstub_level
    movz    x0, #0x3050, lsl #16            // booting.rst's SCTLR with the MMU off: RES1 bits only
    movk    x0, #0x0800
    msr     sctlr_el1, x0
    isb
.Lstub_level:
    tbz     x20, #SETUP_EL1, .Lstub_frequency
    adr     x0, .Lstub_frequency
    bl      enter_el1
.Lstub_frequency:
    tbz     x20, #SETUP_FREQUENCY, .Lstub_regime
    ldr     x0, [x19, #PARAM_FREQUENCY]
    msr     cntfrq_el0, x0
.Lstub_regime:
    bl      set_registers
    tbz     x20, #SETUP_MMU, .Lstub_registers
    bl      set_translation
.Lstub_registers:

    tbz     x20, #SETUP_JUNK, .Lstub_stack
    adr     x0, stack_top
    sub     x1, x0, #3                      // neither may be used: both are misaligned
    sub     x0, x0, #5
    mov     sp, x0
    msr     spsel, #0
    mov     sp, x1
.Lstub_stack:
    tbz     x20, #SETUP_UNMASK, .Lstub_masked
    msr     daifclr, #0xf                   // no interrupt controller is set up: nothing is pending
.Lstub_masked:
    ldr     x21, [x19, #PARAM_SCTLR_SET]
    mrs     x0, CurrentEL
    cmp     x0, #CURRENTEL_EL2
    b.eq    .Lstub_sctlr_el2
    mrs     x0, sctlr_el1
    orr     x0, x0, x21
    msr     sctlr_el1, x0
    b       .Lstub_capture
.Lstub_sctlr_el2:
    mrs     x0, sctlr_el2
    orr     x0, x0, x21
    msr     sctlr_el2, x0
.Lstub_capture:
    isb                                     // data accesses may be big-endian from here to capture's end
    adr     x17, state_before
    bl      capture
    ldr     x0, [x19, #PARAM_X0]
    str     x0, [x17, #STATE_X0]
    print   "before."
    adr     x17, state_before
    bl      put_state

    ldr     x30, [x19, #PARAM_TARGET]
    adr     x17, state_before
    ldr     x0, [x17, #STATE_X0]
    ldp     x1, x2, [x17, #STATE_EL]
    ldp     x3, x4, [x17, #STATE_DAIF]
    ldp     x5, x6, [x17, #STATE_SP]
    ldr     x7, [x17, #STATE_VBAR]
    mov     sp, x5
    msr     spsel, #0
    mov     sp, x6
    msr     spsel, x4
    msr     daif, x3
    cmp     x1, #CURRENTEL_EL2
    b.eq    .Lstub_enter_el2
    msr     vbar_el1, x7
    msr     sctlr_el1, x2
    b       .Lstub_enter
.Lstub_enter_el2:
    msr     vbar_el2, x7
    msr     sctlr_el2, x2
.Lstub_enter:
    isb
    tbz     x20, #SETUP_PAN, .Lstub_junk
    .inst   0xd500419f                      // msr pan, #1
.Lstub_junk:
    tbz     x20, #SETUP_JUNK, .Lstub_jump
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
    movz    x\n, #(0xba00 + \n), lsl #48
    movk    x\n, #(0xad00 + \n)
    .endr
.Lstub_jump:
    br      x30
endfunc stub

    .macro  set_fpcr                        // while FP/SIMD does not trap
    isb
    tbz     x20, #SETUP_STREAMING, .Lset_fpcr\@
    .inst   0xd503477f                      // smstart: sets FPSR, too
.Lset_fpcr\@:
    mov     x2, #FPCR_JUNK
    msr     fpcr, x2
    movz    x2, #FPSR_JUNK_HIGH, lsl #16
    msr     fpsr, x2
    .endm

// void set_registers(x19 = parameters, x20 = SETUP_*): values that nobody has by chance, so that a register not
// restored is seen
// Clobbers: x0-x4
func set_registers
    adr     x0, vectors                     // an exception in the purgatory, too, is reported rather than a hang
    movz    x1, #0x1122, lsl #48            // MAIR
    movk    x1, #0x44ff
    movz    x2, #0x8080, lsl #16            // TCR: RES1 bits of EL2, EPD1 of EL1; 4 KiB pages, 48 bits
    movk    x2, #0x3510
    movz    x3, #0x1234, lsl #16            // TTBR0
    ldr     x4, [x19, #PARAM_REGIME]
    cmp     x4, #0
    csel    x0, x0, x4, eq
    csel    x1, x1, x4, eq
    csel    x2, x2, x4, eq
    csel    x3, x3, x4, eq
    mrs     x4, CurrentEL
    cmp     x4, #CURRENTEL_EL2
    b.eq    .Lset_registers_el2
    msr     vbar_el1, x0
    msr     mair_el1, x1
    msr     tcr_el1, x2
    msr     ttbr0_el1, x3
    mrs     x4, s3_0_c0_c7_3                // ID_AA64MMFR3_EL1
    tst     x4, #0xf                        // TCRX
    b.eq    .Lset_registers_cpacr
    msr     TCR2_EL1, x3
    b       .Lset_registers_cpacr
.Lset_registers_el2:
    msr     vbar_el2, x0
    msr     mair_el2, x1
    msr     tcr_el2, x2
    msr     ttbr0_el2, x3
    mrs     x4, s3_0_c0_c7_3                // ID_AA64MMFR3_EL1
    tst     x4, #0xf                        // TCRX
    b.eq    .Lset_registers_fp
    msr     TCR2_EL2, x3
.Lset_registers_fp:
    tbz     x20, #SETUP_E2H, .Lset_registers_cptr
.Lset_registers_cpacr:                      // with E2H the name reaches CPTR_EL2
    mrs     x0, cpacr_el1
    bic     x0, x0, #CPACR_FPEN
    tbz     x20, #SETUP_STREAMING, .Lset_registers_no_sme
    orr     x0, x0, #CPACR_SMEN
.Lset_registers_no_sme:
    orr     x1, x0, #CPACR_FPEN
    msr     cpacr_el1, x1
    set_fpcr
    tst     x20, #(1 << SETUP_TRAP_FP)
    csel    x0, x0, x1, ne
    msr     cpacr_el1, x0
    b       .Lset_registers_done
.Lset_registers_cptr:
    mrs     x0, cptr_el2
    orr     x0, x0, #CPTR_EL2_TFP
    orr     x0, x0, #CPTR_EL2_TSM           // RES1 where there is no SME
    tbz     x20, #SETUP_STREAMING, .Lset_registers_tsm
    bic     x0, x0, #CPTR_EL2_TSM
.Lset_registers_tsm:
    bic     x1, x0, #CPTR_EL2_TFP
    msr     cptr_el2, x1
    set_fpcr
    tst     x20, #(1 << SETUP_TRAP_FP)
    csel    x0, x0, x1, ne
    msr     cptr_el2, x0
.Lset_registers_done:
    isb
    ret
endfunc set_registers

// Ends the run.
func power_off
    adr     x1, parameters
    ldr     x1, [x1, #PARAM_CONDUIT]
    movz    w0, #0x8400, lsl #16            // PSCI SYSTEM_OFF
    movk    w0, #8
    cmp     x1, #1
    b.hi    park                            // no PSCI: the test waits for the last line instead
    b.eq    .Lpower_off_hvc
    smc     #0
    b       park
.Lpower_off_hvc:
    hvc     #0
    b       park
endfunc power_off

func park
    wfi
    b       park
endfunc park

    .section .scratch, "aw", %progbits
    .balign 16
    .space  512
    .global stack_top
    .hidden stack_top
stack_top:
state_before:
    .space  STATE_SIZE
state_after:
    .space  STATE_SIZE
