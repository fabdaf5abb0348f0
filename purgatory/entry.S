// entry.S — the purgatory from its first instruction to the next kernel's
// SPDX-License-Identifier: MIT

#include "routine.h"

#define STACK_SIZE 512
#define ID_AA64PFR1_NMI (0xf << 36)
#define MSR_ALLINT_1 0xd501411f             // msr allint, #1: older assemblers do not know it

// void purgatory_entry(uint64_t x0)
// In:       x0 = handed on to the next kernel unless info->dtb_addr is set
// Requires: EL1, EL2 or EL2 with HCR_EL2.E2H; MMU and D-cache off; nothing else
// Exit:     booting.rst: x0 = device tree, x1-x3 = 0, DAIF and ALLINT masked, system registers as they were found
func purgatory_entry
    msr     daifset, #0xf                   // no vectors of our own yet: nothing may be taken
    mov     found_x0, x0
    mrs     x0, id_aa64pfr1_el1
    tst     x0, #ID_AA64PFR1_NMI
    b.eq    .Lpurgatory_entry_masked
    .inst   MSR_ALLINT_1                    // superpriority ignores DAIF where SCTLR.NMI is set: now, and at the jump
.Lpurgatory_entry_masked:
    adr     info, purgatory_info
    adr     base, purgatory_start
    mov     console, xzr                    // a failure before info can be read is silent,
    mov     flags, xzr                      // and its action is to halt
    bl      install_vectors
    bl      take_over                       // x8-x13 = the state as it was found
    adr     x0, scratch_start               // what the last kernel left in the cache for the scratch
    adr     x1, page_tables                 // must not be written back over what we write past the cache
    sub     x1, x1, x0
    bl      invalidate_range
    bl      save_system_state
    adr     x0, stack_top
    mov     sp, x0

    mov     w0, #PURGATORY_STATUS_RUNNING
    str     w0, [info, #PURGATORY_INFO_status]
    mov     bias, xzr
    ldr     x0, [info, #PURGATORY_INFO_flags]
    tbz     x0, #FLAG_RELATIVE_BIT, .Lpurgatory_entry_console
    mov     bias, base
.Lpurgatory_entry_console:
    bl      console_init
    ldr     flags, [info, #PURGATORY_INFO_flags]    // from here on a failure is said, and its action is taken

    string  x0, "entered at EL3"
    tbnz    mode, #MODE_EL3_BIT, report_bad_info
    bl      check_info                      // x0 = why info is bad, or 0
    cbnz    x0, report_bad_info
    tbnz    flags, #FLAG_QUIET_BIT, .Lpurgatory_entry_verify
    bl      print_banner
.Lpurgatory_entry_verify:
    bl      leave_streaming_mode            // before the first vector instruction
    bl      verify                          // x0 = the digest that was expected and not found, or 0; w1 = whose
    cbnz    x0, report_mismatch
    tbnz    flags, #FLAG_QUIET_BIT, .Lpurgatory_entry_boot
    bl      print_result
.Lpurgatory_entry_boot:
    falls_into boot_kernel
endfunc purgatory_entry

// void boot_kernel(void): hand over, as booting.rst asks
// Requires: the MMU as it was found
func boot_kernel
    kernel  .req x14
    dtb     .req x15
    bl      store_result
    bl      leave_streaming_mode            // where a failure came first
    ldp     kernel, dtb, [info, #PURGATORY_INFO_kernel_entry]   // dtb_addr is next to it
    add     kernel, kernel, bias
    bl      restore_system_state            // after the last data access: SCTLR.EE may come back
    mov     x0, found_x0
    cbz     dtb, .Lboot_kernel_jump
    add     x0, dtb, bias
.Lboot_kernel_jump:
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    br      kernel
    .unreq  kernel
    .unreq  dtb
endfunc boot_kernel

    .section .scratch, "aw", %nobits
    .balign 16
    .space  STACK_SIZE
    .global stack_top
    .hidden stack_top
stack_top:
