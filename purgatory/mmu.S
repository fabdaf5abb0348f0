// mmu.S — the MMU and the caches, on and off again
// SPDX-License-Identifier: MIT

#include "routine.h"

#define MMFR0_NO_4K_BIT  31         // sign of TGran4: 0 and 1 (52-bit addresses too): pages of 4 KiB; -1: none
#define MMFR0_PARANGE    0xf
#define PARANGE_48_BITS  5
#define MAIR             0xff       // attribute 0: normal, write-back, read- and write-allocate

// TCR: 48-bit addresses, 4 KiB granule, write-back and inner-shareable table walks.
#define TCR_WALKS        (3 << 12 /* SH0 */ | 1 << 10 /* ORGN0 */ | 1 << 8 /* IRGN0 */ | 16 /* T0SZ */)
#define TCR_EL1          (1 << 31 /* TG1: 4 KiB */ | 1 << 23 /* EPD1: no walks through TTBR1 */ | TCR_WALKS)
#define TCR_EL2          (1 << 31 | 1 << 23 | TCR_WALKS)    // both bits are RES1
#define TCR_EL1_IPS_SHIFT      32
#define TCR_EL2_PS_SHIFT       16

// FEAT_TCR2: names that older assemblers do not know.
#define ID_AA64MMFR3_EL1 s3_0_c0_c7_3
#define MMFR3_TCRX       0xf
#define TCR2_EL1         s3_0_c2_c0_3
#define TCR2_EL2         s3_4_c2_c0_3

// A translation regime but for SCTLR, as read_regime and write_regime pass it
tcr      .req x4
ttbr0    .req x5
mair     .req x6
tcr2     .req x7                    // where there is one

// void caches_on(void): build the map and run from it; mode says whether that was possible
// Clobbers: x0-x17
func caches_on
    push    x30, xzr
    tbnz    flags, #FLAG_NO_CACHE_BIT, .Lcaches_on_done
    bl      read_sctlr
    tbnz    x0, #SCTLR_M_BIT, .Lcaches_on_done  // somebody's translation regime: left alone
    mrs     x0, id_aa64mmfr0_el1
    tbnz    x0, #MMFR0_NO_4K_BIT, .Lcaches_on_done
    bl      build_map
    cbnz    x0, .Lcaches_on_done
    tables_end .req x8
    mov     tables_end, x1
    bl      read_regime
    adr     x0, saved_state
    stp     tcr, ttbr0, [x0, #SAVED_TCR_TTBR0]
    stp     mair, tcr2, [x0, #SAVED_MAIR_TCR2]

    // Everything so far went to memory; the caches may hold older copies. They are forgotten before they can be hit: the
    // blob, the tables and the regions. The scratch and the tables once more, although they were before they were written:
    // instruction fetches, or a core whose MMU is on, may have brought lines of theirs in since.
    mov     x0, base
    sub     x1, tables_end, base
    .unreq  tables_end
    bl      invalidate_range
    adr     x0, invalidate_range            // its dsb is for the tables, too: they are written before a walk can start
    bl      each_region

    mrs     x0, id_aa64mmfr0_el1
    and     x0, x0, #MMFR0_PARANGE
    mov     x1, #PARANGE_48_BITS
    cmp     x0, x1
    csel    x0, x0, x1, lo                  // 52 bits need another descriptor format
    tbnz    mode, #MODE_EL2_BIT, .Lcaches_on_el2
    mov32   tcr, TCR_EL1
    orr     tcr, tcr, x0, lsl #TCR_EL1_IPS_SHIFT
    b       .Lcaches_on_regime
.Lcaches_on_el2:
    mov32   tcr, TCR_EL2
    orr     tcr, tcr, x0, lsl #TCR_EL2_PS_SHIFT
.Lcaches_on_regime:
    adr     ttbr0, page_tables
    mov     mair, #MAIR
    mov     tcr2, xzr                       // a newer kernel may have left permission indirection on
    orr     mode, mode, #(1 << MODE_CACHED_BIT) // from here on there is something for caches_off to do
    bl      write_regime
    bl      read_sctlr
    orr     x0, x0, #SCTLR_M
    orr     x0, x0, #SCTLR_C
    bl      write_sctlr
.Lcaches_on_done:
    pop     x30, xzr
    ret
endfunc caches_on

// void caches_off(void): memory holds all that was written, and the MMU is off; nothing to do if it never was on
// No load or store between SCTLR.C and SCTLR.M: with C clear they would bypass lines that are still dirty, and with C
// set a cleaned line could come back.
// Clobbers: x0-x7
func caches_off
    tbz     mode, #MODE_CACHED_BIT, .Lcaches_off_done
    push    x30, xzr
    bl      read_sctlr
    bic     x0, x0, #SCTLR_C
    bl      write_sctlr                     // data accesses are non-cacheable from here
    adr     x0, scratch_start               // stack, hash state: all that was written, for nothing writes to info while
    adr     x1, page_tables                 // the caches are on
    sub     x1, x1, x0
    bl      clean_range
    bl      mmu_off                         // memory may be accessed again
    adr     x0, saved_state
    ldp     tcr, ttbr0, [x0, #SAVED_TCR_TTBR0]
    ldp     mair, tcr2, [x0, #SAVED_MAIR_TCR2]
    bl      write_regime
    pop     x30, xzr
.Lcaches_off_done:
    ret
endfunc caches_off

// void mmu_off(void): with whatever the caches hold
// Clobbers: x0, x1
func mmu_off
    mov     x1, x30                         // no memory access here
    bl      read_sctlr
    bic     x0, x0, #SCTLR_C
    bic     x0, x0, #SCTLR_M
    bl      write_sctlr
    ret     x1
endfunc mmu_off

// (x4-x7) read_regime(void)
// Out:      mode: MODE_TCR2
// Clobbers: x0
func read_regime
    mrs     x0, ID_AA64MMFR3_EL1
    tst     x0, #MMFR3_TCRX
    b.eq    .Lread_regime_tcr
    orr     mode, mode, #(1 << MODE_TCR2_BIT)
.Lread_regime_tcr:
    tbnz    mode, #MODE_EL2_BIT, .Lread_regime_el2
    mrs     tcr, tcr_el1
    mrs     ttbr0, ttbr0_el1
    mrs     mair, mair_el1
    tbz     mode, #MODE_TCR2_BIT, .Lread_regime_done
    mrs     tcr2, TCR2_EL1
    ret
.Lread_regime_el2:
    mrs     tcr, tcr_el2
    mrs     ttbr0, ttbr0_el2
    mrs     mair, mair_el2
    tbz     mode, #MODE_TCR2_BIT, .Lread_regime_done
    mrs     tcr2, TCR2_EL2
.Lread_regime_done:
    ret
endfunc read_regime

// void write_regime(x4-x7): with nothing in TLB or I-cache that was there before
// Requires: SCTLR.M = 0; read_regime
// Clobbers: x0
func write_regime
    tbnz    mode, #MODE_EL2_BIT, .Lwrite_regime_el2
    msr     tcr_el1, tcr
    msr     ttbr0_el1, ttbr0
    msr     mair_el1, mair
    tbz     mode, #MODE_TCR2_BIT, .Lwrite_regime_tlb
    msr     TCR2_EL1, tcr2
    b       .Lwrite_regime_tlb
.Lwrite_regime_el2:
    msr     tcr_el2, tcr
    msr     ttbr0_el2, ttbr0
    msr     mair_el2, mair
    tbz     mode, #MODE_TCR2_BIT, .Lwrite_regime_tlb
    msr     TCR2_EL2, tcr2
.Lwrite_regime_tlb:
    mrs     x0, CurrentEL
    tbnz    x0, #CURRENTEL_EL2_BIT, .Lwrite_regime_tlb_el2
    tlbi    vmalle1
    b       .Lwrite_regime_done
.Lwrite_regime_tlb_el2:
    tlbi    alle2                           // with and without E2H
.Lwrite_regime_done:
    ic      iallu                           // what was fetched under the other regime
    dsb     nsh                             // both are complete, on this core
    isb                                     // the registers hold before SCTLR.M goes on, and nothing fetched earlier is used
    ret
endfunc write_regime
