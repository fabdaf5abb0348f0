// mmu.S — the MMU and the caches, on and off again
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

#define MMFR0_TGRAN4     28         // 4-bit field: 0xf: no 4 KiB pages; 0 and 1 (52-bit addresses too): there are
#define PARANGE_48_BITS  5

// Attribute 0: normal, write-back, read- and write-allocate; attribute 1: Device-nGnRE
#define MAIR             0x04ff

// TCR: 48-bit addresses, 4 KiB granule, write-back and inner-shareable table walks. Bit 23 is EPD1 (no walks through
// TTBR1) at EL1 and with E2H; bit 31 is TG1 (4 KiB) there. At EL2 without E2H both are RES1.
#define TCR_LOW          (3 << 12 | 1 << 10 | 1 << 8 | 16)  // SH0, ORGN0, IRGN0, T0SZ
#define TCR_HIGH         (1 << 15 | 1 << 7)                 // bits 31 and 23
#define TCR_EL1_T1SZ     (16 << 16)
#define TCR_EL1_IPS      32
#define TCR_EL2_PS       16

// void caches_on(void): build the map and run from it; path says whether that was possible
// Requires: MMU off on entry to the purgatory, or it is left alone
// Clobbers: x0-x18
func caches_on
    push    x29, x30
    tbnz    flags, #3, .Lcaches_on_done     // NO_CACHE
    adr     x0, saved_state
    ldr     x0, [x0, #SAVED_SCTLR]
    tbnz    x0, #SCTLR_M_BIT, .Lcaches_on_done
    mrs     x0, id_aa64mmfr0_el1
    ubfx    x0, x0, #MMFR0_TGRAN4, #4
    cmp     x0, #0xf
    b.eq    .Lcaches_on_done
    bl      build_map
    cbnz    x0, .Lcaches_on_done

    // Everything so far went to memory; the caches may hold older copies from the last kernel. They are forgotten
    // before they can be hit: the blob with its scratch and tables, and the regions.
    sub     x1, x1, base
    mov     x0, base
    bl      invalidate_range
    adr     x0, invalidate_range
    bl      each_region
    dsb     sy                              // tables are written, lines are gone, before a walk can start

    bl      read_regime
    mrs     x8, id_aa64mmfr0_el1
    and     x8, x8, #0xf                    // PARange
    mov     x9, #PARANGE_48_BITS
    cmp     x8, x9
    csel    x8, x8, x9, lo                  // 52 bits need another descriptor format
    movz    w4, #TCR_HIGH, lsl #16          // tcr
    movk    w4, #TCR_LOW
    orr     x9, tcr, #TCR_EL1_T1SZ
    orr     x9, x9, x8, lsl #TCR_EL1_IPS
    orr     tcr, tcr, x8, lsl #TCR_EL2_PS
    tst     path, #PATH_EL2
    csel    tcr, tcr, x9, ne
    adr     ttbr0, page_tables
    mov     mair, #MAIR
    mov     tcr2, xzr                       // a newer kernel may have left permission indirection on
    orr     sctlr, sctlr, #SCTLR_M
    orr     sctlr, sctlr, #SCTLR_C
    orr     path, path, #PURGATORY_PATH_CACHED
    orr     path, path, #PATH_MMU_ON
    bl      write_regime
.Lcaches_on_done:
    pop     xzr, x30
    ret
endfunc caches_on

// void caches_off(void): memory holds all that was written, and the MMU is off; nothing to do if it is
// No load or store between SCTLR.C and SCTLR.M: with C clear they would bypass lines that are still dirty, and with C
// set a cleaned line could come back.
// Clobbers: x0-x11
func caches_off
    tbz     path, #PATH_MMU_ON_BIT, .Lcaches_off_done
    bic     path, path, #PATH_MMU_ON
    mov     x11, x30
    bl      read_regime
    bic     sctlr, sctlr, #SCTLR_C
    bl      write_regime                    // data accesses are non-cacheable from here
    cache_line x8, x9
    mov     x9, base                        // only the blob was written: info, stack, hash state
    adr     x10, page_tables
.Lcaches_off_clean:
    dc      civac, x9
    add     x9, x9, x8
    cmp     x9, x10
    b.lo    .Lcaches_off_clean
    dsb     sy                              // it is in memory
    bic     sctlr, sctlr, #SCTLR_M
    bl      write_regime
    mov     x30, x11
.Lcaches_off_done:
    ret
endfunc caches_off
