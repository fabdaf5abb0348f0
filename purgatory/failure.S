// failure.S — what was wrong, and what happens then: halt, PSCI reset, PSCI power-off, or boot anyway
// SPDX-License-Identifier: MIT

#include "routine.h"

// Arm DEN0022, "PSCI function prototypes"
#define PSCI_SYSTEM_OFF   0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

#define ON_FAILURE(action) ((action) << PURGATORY_FLAG_ON_FAILURE_SHIFT)

// void report_bad_info(x0 = reason): then the failure action
func report_bad_info
    reason  .req x26
    mov     reason, x0
    mov     w0, #PURGATORY_STATUS_BAD_INFO
    bl      record_status
    mov     x1, reason
    string  x0, "bad info: " STRING
    bl      put_message
    b       fail
    .unreq  reason
endfunc report_bad_info

// void report_mismatch(x0 = expected digest, w1 = region or PURGATORY_FAILED_COMBINED): then the failure action
func report_mismatch
    expected .req x27
    mov     expected, x0
    mov     region, x1
    string  x0, "digest mismatch"
    bl      put_message
    cmp     region, #PURGATORY_MAX_REGIONS
    b.hs    .Lreport_mismatch_digests       // all together: none to name
    mov     x1, region
    add     x2, info, region, lsl #REGION_SHIFT
    ldp     x2, x3, [x2, #PURGATORY_INFO_regions]
    add     x2, x2, bias
    string  x0, "region " DECIMAL " at 0x" HEX ", " DECIMAL " bytes"
    bl      put_message
.Lreport_mismatch_digests:
    mov     x1, expected
    string  x0, "expected " DIGEST
    bl      put_message
    adr     x1, computed_digest
    string  x0, "computed " DIGEST
    bl      put_message
    falls_into fail
    .unreq  expected
endfunc report_mismatch

// void fail(void): take the action that info asks for; boot_kernel if that is to boot anyway, else no way back
// Requires: the failure was reported, info->status is set, MMU as it was found
func fail
    action  .req x26
    and     action, flags, #PURGATORY_FLAG_ON_FAILURE_MASK
    bic     flags, flags, #PURGATORY_FLAG_ON_FAILURE_MASK   // if the action fails, too: halt
    tbnz    mode, #MODE_EL3_BIT, .Lfail_halt                // no firmware above, and no kernel starts here
    cmp     action, #ON_FAILURE(PURGATORY_ON_FAILURE_BOOT)
    b.eq    .Lfail_boot
    string  x0, "resetting"
    mov32   w1, PSCI_SYSTEM_RESET
    cmp     action, #ON_FAILURE(PURGATORY_ON_FAILURE_RESET)
    b.eq    .Lfail_psci
    string  x0, "powering off"
    mov32   w1, PSCI_SYSTEM_OFF
    cmp     action, #ON_FAILURE(PURGATORY_ON_FAILURE_POWEROFF)
    b.eq    .Lfail_psci
    b       .Lfail_halt
.Lfail_boot:
    bl      check_entry
    cbnz    x0, .Lfail_halt                                 // nowhere to go
    string  x0, "booting anyway"
    bl      put_message
    b       boot_kernel
.Lfail_psci:
    bl      call_psci
.Lfail_halt:
    string  x0, "halted"
    bl      put_message
    falls_into halt
    .unreq  action
endfunc fail

// void halt(void): for good
func halt
    wfi                                                     // DAIF is masked: a wake-up goes nowhere
    b       halt
endfunc halt

// void call_psci(x0 = what it is for, w1 = function): through the conduit that info names, then once through the other:
// a blob that was made for a host may run in a guest. Returns if nobody does it
// Clobbers: x0-x17, x26, x27, flags
func call_psci
    function .req w26
    tries    .req w27
    push    x30, xzr
    mov     function, w1
    bl      put_message
    mov     tries, #2
.Lcall_psci_try:
    mov     w0, function
    bl      psci_conduit
    mov     x2, x0                          // why it came back
    sub     tries, tries, #1
    string  x1, "smc"
    string  x3, "hvc"
    tbz     flags, #FLAG_PSCI_HVC_BIT, .Lcall_psci_say
    string  x1, "hvc"
    string  x3, "smc"
.Lcall_psci_say:
    cbz     tries, .Lcall_psci_done
    string  x0, STRING " " STRING ", trying " STRING
    bl      put_message
    eor     flags, flags, #PURGATORY_FLAG_PSCI_HVC
    b       .Lcall_psci_try
.Lcall_psci_done:
    string  x0, STRING " " STRING
    bl      put_message
    pop     x30, xzr
    ret
    .unreq  function
    .unreq  tries
endfunc call_psci

// const char *psci_conduit(w0 = function): returns only if nobody does it: why. The function takes no argument.
// An exception up to psci_conduit_end is the instruction's, and "unanswered": smc without EL3, hvc without a hypervisor.
// Clobbers: x0-x17 (Arm DEN0028, SMC calling convention)
func psci_conduit
    tbnz    flags, #FLAG_PSCI_HVC_BIT, .Lpsci_conduit_hvc
    smc     #0
    b       .Lpsci_conduit_refused
.Lpsci_conduit_hvc:
    hvc     #0
.Lpsci_conduit_refused:
    string  x0, "refused"
    ret
endfunc psci_conduit

    .pushsection .text
    .global psci_conduit_end
    .hidden psci_conduit_end
psci_conduit_end:
    .popsection
