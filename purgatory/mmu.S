// mmu.S — the MMU and the caches, on and off again
// SPDX-License-Identifier: MIT

#include "routine.h"

#define MMFR0_NO_4K_BIT  31         // sign of TGran4: 0 and 1 (52-bit addresses too): pages of 4 KiB; -1: none
#define PARANGE_48_BITS  5
#define CACHE_LINE_MIN   16         // bytes: no line is shorter (Arm ARM, CCSIDR_EL1.LineSize)

// Attribute 0: normal, write-back, read- and write-allocate; attribute 1: Device-nGnRE
#define MAIR             0x04ff

// TCR: 48-bit addresses, 4 KiB granule, write-back and inner-shareable table walks. Bit 23 is EPD1 (no walks through
// TTBR1) at EL1 and with E2H; bit 31 is TG1 (4 KiB) there. At EL2 without E2H both are RES1.
#define TCR_LOW          (3 << 12 | 1 << 10 | 1 << 8 | 16)  // SH0, ORGN0, IRGN0, T0SZ
#define TCR_HIGH         (1 << 15 | 1 << 7)                 // bits 31 and 23
#define TCR_EL1_IPS      32
#define TCR_EL2_PS       16

// void caches_on(void): build the map and run from it; path says whether that was possible
// Clobbers: x0-x15, x26-x28
func caches_on
    mov     x28, x30
    tbnz    flags, #FLAG_NO_CACHE_BIT, .Lcaches_on_done
    bl      read_regime
    tbnz    sctlr, #SCTLR_M_BIT, .Lcaches_on_done   // somebody's translation regime: left alone
    mrs     x15, id_aa64mmfr0_el1
    tbnz    x15, #MMFR0_NO_4K_BIT, .Lcaches_on_done
    bl      build_map
    cbnz    x0, .Lcaches_on_done

    // Everything so far went to memory; the caches may hold older copies from the last kernel. They are forgotten
    // before they can be hit: the blob with its scratch and tables, and the regions.
    mov     x0, base
    sub     x1, x10, base
    bl      invalidate_range
    adr     x0, invalidate_range            // its dsb is for the tables, too: they are written before a walk can start
    bl      each_region

    bl      read_regime
    and     x8, x15, #0xf                   // PARange
    mov     x9, #PARANGE_48_BITS
    cmp     x8, x9
    csel    x8, x8, x9, lo                  // 52 bits need another descriptor format
    movz    w4, #TCR_HIGH, lsl #16          // tcr
    movk    w4, #TCR_LOW
    orr     tcr, tcr, x8, lsl #TCR_EL2_PS   // elsewhere T1SZ, which is of no account while EPD1 is set
    tbnz    path, #PATH_EL2_BIT, .Lcaches_on_tables
    orr     tcr, tcr, x8, lsl #TCR_EL1_IPS
.Lcaches_on_tables:
    adr     ttbr0, page_tables
    mov     mair, #MAIR
    mov     tcr2, xzr                       // a newer kernel may have left permission indirection on
    orr     sctlr, sctlr, #SCTLR_M
    orr     sctlr, sctlr, #SCTLR_C
    orr     path, path, #(PATH_MMU_ON | PURGATORY_PATH_CACHED)
    bl      write_regime
.Lcaches_on_done:
    ret     x28
endfunc caches_on

// void caches_off(void): memory holds all that was written, and the MMU is off; nothing to do if it is
// No load or store between SCTLR.C and SCTLR.M: with C clear they would bypass lines that are still dirty, and with C
// set a cleaned line could come back.
// Clobbers: x0-x11
func caches_off
    mov     x11, x30
    tbz     path, #PATH_MMU_ON_BIT, .Lcaches_off_done
    bic     path, path, #PATH_MMU_ON
    bl      read_regime
    bic     sctlr, sctlr, #SCTLR_C
    bl      write_regime                    // data accesses are non-cacheable from here
    adr     x8, scratch_start               // stack, hash state: all that was written, for nothing writes to info while
    adr     x9, page_tables                 // the caches are on
.Lcaches_off_clean:
    dc      civac, x8
    add     x8, x8, #CACHE_LINE_MIN         // some lines more than once: there are few
    cmp     x8, x9
    b.lo    .Lcaches_off_clean
    dsb     sy                              // it is in memory
    bic     sctlr, sctlr, #SCTLR_M
    bl      write_regime
.Lcaches_off_done:
    ret     x11
endfunc caches_off
