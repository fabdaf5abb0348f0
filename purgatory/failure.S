// failure.S — what happens after a failure: halt, PSCI reset, PSCI power-off, or boot anyway
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

// Arm DEN0022, "PSCI function prototypes": SMC32 function identifiers
#define PSCI_FUNCTION    0x84000000
#define PSCI_SYSTEM_OFF  8
#define PSCI_SYSTEM_RESET 9

// void take_failure_action(void): returns only if the kernel is to be booted anyway
// Requires: the failure was reported and info->status is set
// Clobbers: x0-x10
func take_failure_action
    push    x29, x30
    ubfx    x9, flags, #PURGATORY_FLAG_ON_FAILURE_SHIFT, #2
    cmp     w9, #PURGATORY_ON_FAILURE_BOOT
    b.eq    .Ltake_failure_action_boot
    cbz     w9, .Ltake_failure_action_halt
    mov     w10, #PSCI_SYSTEM_RESET
    cmp     w9, #PURGATORY_ON_FAILURE_RESET
    b.eq    .Ltake_failure_action_reset
    mov     w10, #PSCI_SYSTEM_OFF
    print   "purgatory: powering off\n"
    b       .Ltake_failure_action_psci
.Ltake_failure_action_reset:
    print   "purgatory: resetting\n"
.Ltake_failure_action_psci:
    bl      console_flush
    movz    w0, #(PSCI_FUNCTION >> 16), lsl #16
    orr     w0, w0, w10
    tbnz    flags, #10, .Ltake_failure_action_hvc           // PSCI_HVC
    smc     #0
    b       .Ltake_failure_action_returned
.Ltake_failure_action_hvc:
    hvc     #0
.Ltake_failure_action_returned:
    print   "purgatory: psci call failed\n"

.Ltake_failure_action_halt:
    print   "purgatory: halted\n"
.Ltake_failure_action_forever:
    wfi                                                     // DAIF is masked: a wake-up goes nowhere
    b       .Ltake_failure_action_forever

.Ltake_failure_action_boot:
    ldr     x10, [info, #PURGATORY_INFO_kernel_entry]
    cbz     x10, .Ltake_failure_action_halt                 // nowhere to go
    tst     x10, #3
    b.ne    .Ltake_failure_action_halt
    print   "purgatory: booting anyway\n"
    pop     x29, x30
    ret
endfunc take_failure_action
