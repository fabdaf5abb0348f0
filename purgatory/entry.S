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
    mov     x12, x0                         // for save_system_state: nothing before it touches x12
    adr     x0, scratch_start               // what the last kernel left in the cache for the scratch
    adr     x1, page_tables                 // must not be written back over what we write past the cache
    sub     x1, x1, x0
    bl      invalidate_range
    bl      install_vectors
    bl      save_system_state               // no memory is read or written until data is little-endian
    adr     x0, stack_top
    mov     sp, x0

    adr     info, purgatory_info
    adr     base, purgatory_start
    ldr     flags, [info, #PURGATORY_INFO_flags]
    tst     flags, #PURGATORY_FLAG_RELATIVE
    csel    bias, base, xzr, ne             // bias = flags & RELATIVE ? base : 0
    mov     w0, #PURGATORY_STATUS_RUNNING
    str     w0, [info, #PURGATORY_INFO_status]
    bl      console_init

    bl      check_info                      // x0 = why info is bad, or 0
    cbnz    x0, report_bad_info
    tbnz    flags, #FLAG_QUIET_BIT, .Lpurgatory_entry_verify
    bl      print_banner
.Lpurgatory_entry_verify:
    bl      verify                          // x27 = the digest that was expected and not found, or 0
    cbnz    x27, report_mismatch
    tbnz    flags, #FLAG_QUIET_BIT, boot_kernel
    bl      print_result
    // goes on in boot_kernel
endfunc purgatory_entry

// void boot_kernel(void): hand over, as booting.rst asks
// Requires: the MMU as it was found
func boot_kernel
    ldp     x9, x10, [info, #PURGATORY_INFO_kernel_entry]   // dtb_addr is next to it
    add     x9, x9, bias
    bl      restore_system_state            // after the last data access: SCTLR.EE may come back
    cmp     x10, #0
    add     x10, x10, bias
    csel    x0, x10, x8, ne                 // dtb_addr ? dtb_addr + bias : the x0 of our own entry
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    br      x9
endfunc boot_kernel

    .section .scratch, "aw", %nobits
    .balign 16
    .space  STACK_SIZE
    .global stack_top
    .hidden stack_top
stack_top:
