// entry.S — the purgatory from its first instruction to the next kernel's
// SPDX-License-Identifier: MIT

#include "routine.h"

#define STACK_SIZE 512

// void purgatory_entry(uint64_t x0)
// In:       x0 = handed on to the next kernel unless info->dtb_addr is set
// Requires: EL1, EL2 or EL2 with HCR_EL2.E2H; MMU and D-cache off; nothing else
// Exit:     booting.rst: x0 = device tree, x1-x3 = 0, DAIF masked, system registers as they were found
func purgatory_entry
    msr     daifset, #0xf                   // no vectors of our own yet: nothing may be taken
    mov     found_x0, x0
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

    ldr     flags, [info, #PURGATORY_INFO_flags]
    mov     bias, xzr
    tbz     flags, #FLAG_RELATIVE_BIT, .Lpurgatory_entry_running
    mov     bias, base
.Lpurgatory_entry_running:
    mov     w0, #PURGATORY_STATUS_RUNNING
    str     w0, [info, #PURGATORY_INFO_status]
    bl      console_init

    string  x0, "entered at EL3"
    tbnz    mode, #MODE_EL3_BIT, report_bad_info
    bl      leave_streaming_mode            // before the first vector instruction
    bl      check_info                      // x0 = why info is bad, or 0
    cbnz    x0, report_bad_info
    tbnz    flags, #FLAG_QUIET_BIT, .Lpurgatory_entry_verify
    bl      print_banner
.Lpurgatory_entry_verify:
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
    entry   .req x14
    dtb     .req x15
    ldp     entry, dtb, [info, #PURGATORY_INFO_kernel_entry]    // dtb_addr is next to it
    add     entry, entry, bias
    bl      restore_system_state            // after the last data access: SCTLR.EE may come back
    mov     x0, found_x0
    cbz     dtb, .Lboot_kernel_jump
    add     x0, dtb, bias
.Lboot_kernel_jump:
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    br      entry
    .unreq  entry
    .unreq  dtb
endfunc boot_kernel

    .section .scratch, "aw", %nobits
    .balign 16
    .space  STACK_SIZE
    .global stack_top
    .hidden stack_top
stack_top:
