// streaming.S — leave streaming SVE mode (FEAT_SME), in which a crash may have interrupted a task
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ID_AA64PFR1_SME  (0xf << 24)
#define SMSTOP           0xd503467f // smstop: older assemblers do not know it
#define CPACR_SMEN_BIT   24         // EL1, EL2 with E2H: SME is accessible here while set
#define CPTR_EL2_TSM_BIT 12         // EL2 without E2H: SME traps while set

// void leave_streaming_mode(void): PSTATE.SM and PSTATE.ZA are 0, and stay so; once is enough
// In streaming mode SHA-2 and most of Advanced SIMD are UNDEFINED, unless the core has FEAT_SME_FA64. Where the last kernel
// had no access to SME itself, nobody below it had: and firmware may trap ours.
// Requires: save_system_state, FP/SIMD access
// Out:      mode: MODE_NOT_STREAMING
// Clobbers: x0; v0-v31 if it was in streaming mode
func leave_streaming_mode
    tbnz    mode, #MODE_NOT_STREAMING_BIT, .Lleave_streaming_mode_done
    orr     mode, mode, #(1 << MODE_NOT_STREAMING_BIT)  // should it trap to us: boot anyway still boots
    mrs     x0, id_aa64pfr1_el1
    tst     x0, #ID_AA64PFR1_SME
    b.eq    .Lleave_streaming_mode_done
    adr     x0, saved_state
    ldr     x0, [x0, #SAVED_FP_TRAP_VBAR]
    tbz     mode, #MODE_EL2_BIT, .Lleave_streaming_mode_el1
    tbnz    x0, #CPTR_EL2_TSM_BIT, .Lleave_streaming_mode_done
    b       .Lleave_streaming_mode_stop
.Lleave_streaming_mode_el1:
    tbz     x0, #CPACR_SMEN_BIT, .Lleave_streaming_mode_done
.Lleave_streaming_mode_stop:
    mrs     x0, fpsr                        // leaving streaming mode sets its flags
    .inst   SMSTOP
    msr     fpsr, x0
.Lleave_streaming_mode_done:
    ret
endfunc leave_streaming_mode
