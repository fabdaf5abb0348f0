// failure.S — what happens after a failure: halt, PSCI reset, PSCI power-off, or boot anyway
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

// Arm DEN0022, "PSCI function prototypes": SMC32 function identifiers
#define PSCI_FUNCTION    0x84000000
#define PSCI_SYSTEM_OFF  8
#define PSCI_SYSTEM_RESET 9

// void fail(void): take the action that info asks for; boot_kernel if that is to boot anyway, else no way back
// Requires: the failure was reported, info->status is set, MMU as it was found
func fail
    adr     x0, stack_top                   // whatever was going on is over
    mov     sp, x0
    tbnz    path, #PATH_FAILED_BIT, .Lfail_halt             // the action itself failed
    orr     path, path, #PATH_FAILED
    ubfx    x9, flags, #PURGATORY_FLAG_ON_FAILURE_SHIFT, #2
    cbz     x9, .Lfail_halt
    cmp     x9, #PURGATORY_ON_FAILURE_BOOT
    b.eq    .Lfail_boot
    string  x0, "resetting\n"
    mov     w14, #PSCI_SYSTEM_RESET
    cmp     x9, #PURGATORY_ON_FAILURE_RESET
    b.eq    .Lfail_psci
    string  x0, "powering off\n"
    mov     w14, #PSCI_SYSTEM_OFF
.Lfail_psci:
    bl      put_message
    bl      console_flush
    movz    w0, #(PSCI_FUNCTION >> 16), lsl #16
    orr     w0, w0, w14
    tbnz    flags, #10, .Lfail_hvc                          // PSCI_HVC
    smc     #0
    b       .Lfail_returned
.Lfail_hvc:
    hvc     #0
.Lfail_returned:
    string  x0, "psci call failed\n"
    bl      put_message

.Lfail_halt:
    string  x0, "halted\n"
    bl      put_message
.Lfail_forever:
    wfi                                                     // DAIF is masked: a wake-up goes nowhere
    b       .Lfail_forever

.Lfail_boot:
    ldr     x10, [info, #PURGATORY_INFO_kernel_entry]
    cbz     x10, .Lfail_halt                                // nowhere to go
    tst     x10, #3
    b.ne    .Lfail_halt
    string  x0, "booting anyway\n"
    bl      put_message
    b       boot_kernel
endfunc fail
