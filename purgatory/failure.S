// failure.S — what was wrong, and what happens then: halt, PSCI reset, PSCI power-off, or boot anyway
// SPDX-License-Identifier: MIT

#include "routine.h"

// Arm DEN0022, "PSCI function prototypes": SYSTEM_OFF is 0x84000008, SYSTEM_RESET 0x84000009. Their order is the
// reverse of that of PURGATORY_ON_FAILURE_*.
#define PSCI_HIGH        0x8400     // upper half
#define PSCI_LOW         (8 + PURGATORY_ON_FAILURE_POWEROFF)

// void report_bad_info(x0 = reason): then the failure action
func report_bad_info
    mov     w1, #PURGATORY_STATUS_BAD_INFO
    str     w1, [info, #PURGATORY_INFO_status]
    mov     x1, x0
    string  x0, "bad info: " STRING
    bl      put_message
    b       fail
endfunc report_bad_info

// void report_mismatch(x27 = expected digest, w26 = region or PURGATORY_FAILED_COMBINED): then the failure action
func report_mismatch
    string  x0, "digest mismatch"
    bl      put_message
    tbnz    w26, #31, .Lreport_mismatch_digests // all regions together: none to name
    mov     x1, x26
    add     x3, info, x26, lsl #4
    ldp     x2, x3, [x3, #PURGATORY_INFO_regions]
    add     x2, x2, bias
    string  x0, "region " DECIMAL " at 0x" HEX ", " DECIMAL " bytes"
    bl      put_message
.Lreport_mismatch_digests:
    mov     x1, x27
    string  x0, "expected " DIGEST
    bl      put_message
    adr     x1, computed_digest
    string  x0, "computed " DIGEST
    bl      put_message
    // goes on in fail
endfunc report_mismatch

// void fail(void): take the action that info asks for; boot_kernel if that is to boot anyway, else no way back
// Requires: the failure was reported, info->status is set, MMU as it was found
func fail
    ubfx    x26, flags, #PURGATORY_FLAG_ON_FAILURE_SHIFT, #2
    and     flags, flags, #~PURGATORY_FLAG_ON_FAILURE_MASK  // if the action fails, too: halt
    cbz     x26, .Lfail_halt
    cmp     x26, #PURGATORY_ON_FAILURE_BOOT
    b.ne    .Lfail_psci
    ldr     x0, [info, #PURGATORY_INFO_kernel_entry]
    cbz     x0, .Lfail_halt                                 // nowhere to go
    tst     x0, #3
    b.eq    boot_kernel
    b       .Lfail_halt
.Lfail_psci:
    movz    w0, #PSCI_HIGH, lsl #16
    add     w0, w0, #PSCI_LOW
    sub     w0, w0, w26                                     // SYSTEM_RESET or SYSTEM_OFF
    tbnz    flags, #FLAG_PSCI_HVC_BIT, .Lfail_hvc
    smc     #0
    b       .Lfail_halt                                     // refused
.Lfail_hvc:
    hvc     #0
.Lfail_halt:
    string  x0, "halted"
    bl      put_message
.Lfail_forever:
    wfi                                                     // DAIF is masked: a wake-up goes nowhere
    b       .Lfail_forever
endfunc fail
