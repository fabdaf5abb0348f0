// map.S — an identity map of what the purgatory touches, and of nothing else
// SPDX-License-Identifier: MIT
//
// 4 KiB granule, 48-bit addresses: four levels of tables (Arm ARM D8.2). Pages at the edges of a range, 2 MiB and
// 1 GiB blocks inside: memory that nobody vouched for is never mapped, not even for a speculative read.

#include "purgatory_info.h"
#include "routine.h"

#define PAGE_SIZE        0x1000
#define PAGE_SHIFT       12
#define LEVEL_BITS       9
#define TOP_SHIFT        39         // one entry of the top table: 512 GiB
#define BLOCK_SHIFT      30         // the largest block: 1 GiB
#define ADDRESS_BITS     48

// Descriptor bits (Arm ARM D8.3).
#define DESC_VALID       (1 << 0)
#define DESC_TABLE       (1 << 1)   // a table; at the last level, a page
#define DESC_DEVICE      (1 << 2)   // MAIR attribute 1
#define DESC_AP1         (1 << 6)   // RES1 at EL2 without E2H; else "EL0 too", which must not be
#define DESC_READ_ONLY   (1 << 7)
#define DESC_INNER       (3 << 8)   // inner shareable
#define DESC_ACCESSED    (1 << 10)
#define DESC_PXN_BIT     53         // not executable at EL1, or EL2 with E2H; RES0 otherwise
#define DESC_XN_BIT      54         // not executable at EL0, or EL2 without E2H

// x0 = build_map(void): 0, or why not: the tables need more than the scratch holds, an address more than 48 bits
// Requires: MMU off
// Out:      x1 = end of the tables that are in use, from page_tables
// Clobbers: x0-x13
func build_map
    push    x26, x30
    adr     x10, page_tables                // x10 = next free table
    add     x11, x10, #PAGE_TABLES_SIZE     // x11 = end of the room for them
    bl      new_table                       // the top one
    mov     x13, xzr                        // x13 = why not
    mov     x12, #(DESC_INNER | DESC_ACCESSED | DESC_VALID)
    mov     x2, #(1 << DESC_XN_BIT)
    orr     x2, x2, #(1 << DESC_PXN_BIT)
    tbz     path, #PATH_EL2_BIT, .Lbuild_map_blob
    orr     x12, x12, #DESC_AP1
    mov     x2, #(1 << DESC_XN_BIT)
.Lbuild_map_blob:
    // First what must be writable: a range that comes later leaves what is mapped as it is.
    mov     x26, x2
    mov     x2, x12                         // read, write, execute
    mov     x0, base
    sub     x1, x11, base                   // the tables are the last of it: info is not believed
    bl      map_range
    orr     x12, x12, x26
    cbz     console, .Lbuild_map_regions
    mov     x0, console
    mov     x1, #CONSOLE_SIZE
    orr     x2, x12, #DESC_DEVICE           // the shareability of Device memory is ignored
    bl      map_range
.Lbuild_map_regions:
    orr     x2, x12, #DESC_READ_ONLY
    adr     x0, map_range
    bl      each_region
    mov     x0, x13
    mov     x1, x10
    pop     x26, x30
    ret
endfunc build_map

// void map_range(x0 = start, x1 = size, x2 = descriptor bits): what is mapped already stays as it is
// In:       x10 = next free table, x11 = end of the room for tables
// Out:      x10 moves on; x13 is set if it cannot all be mapped
// Clobbers: x0, x1, x3-x9
func map_range
    address .req x0
    end     .req x1
    table   .req x3
    shift   .req x4         // log2 of what an entry of this table covers
    entry   .req x5         // address of the entry
    span    .req x6
    mov     x9, x30
    add     end, address, end
    add     end, end, #(PAGE_SIZE - 1)
    bic     address, address, #(PAGE_SIZE - 1)
    bic     end, end, #(PAGE_SIZE - 1)
    orr     x8, address, end                // the end may have wrapped to 0
    lsr     x8, x8, #ADDRESS_BITS
    cbnz    x8, .Lmap_range_refuse

.Lmap_range_next:
    cmp     address, end
    b.hs    .Lmap_range_done
    adr     table, page_tables
    mov     shift, #TOP_SHIFT
.Lmap_range_walk:
    lsr     entry, address, shift
    and     entry, entry, #((1 << LEVEL_BITS) - 1)
    add     entry, table, entry, lsl #3
    mov     span, #1
    lsl     span, span, shift
    ldr     x7, [entry]
    tbz     x7, #0, .Lmap_range_invalid
    cmp     shift, #PAGE_SHIFT
    b.eq    .Lmap_range_mapped              // a page
    tbz     x7, #1, .Lmap_range_mapped      // a block
    and     table, x7, #(((1 << ADDRESS_BITS) - 1) & ~(PAGE_SIZE - 1))
.Lmap_range_descend:
    sub     shift, shift, #LEVEL_BITS
    b       .Lmap_range_walk

.Lmap_range_invalid:
    cmp     shift, #BLOCK_SHIFT
    b.hi    .Lmap_range_table               // no block is that large
    sub     x8, span, #1
    tst     address, x8
    b.ne    .Lmap_range_table               // not aligned
    sub     x7, end, address
    cmp     x7, span
    b.lo    .Lmap_range_table               // not all of it
    orr     x7, address, x2
    cmp     shift, #PAGE_SHIFT
    b.ne    .Lmap_range_block
    orr     x7, x7, #DESC_TABLE
.Lmap_range_block:
    str     x7, [entry]
.Lmap_range_mapped:
    neg     x7, span                        // address = (address | (span - 1)) + 1
    and     address, address, x7
    add     address, address, span
    b       .Lmap_range_next

.Lmap_range_table:
    cmp     x10, x11
    b.hs    .Lmap_range_refuse              // no room
    mov     table, x10
    orr     x7, table, #(DESC_TABLE | DESC_VALID)
    str     x7, [entry]
    bl      new_table
    b       .Lmap_range_descend

.Lmap_range_refuse:
    mov     x13, #1
.Lmap_range_done:
    ret     x9
    .unreq  address
    .unreq  end
    .unreq  table
    .unreq  shift
    .unreq  entry
    .unreq  span
endfunc map_range

// void new_table(x10 = table): cleared, in memory; x10 moves on
// Clobbers: x7
func new_table
    add     x7, x10, #PAGE_SIZE
.Lnew_table_clear:
    stp     xzr, xzr, [x10], #16
    cmp     x10, x7
    b.ne    .Lnew_table_clear
    ret
endfunc new_table

    .section .scratch.tables, "aw", %nobits
    .balign PAGE_SIZE
    .global page_tables
    .hidden page_tables
page_tables:
    .space  PAGE_TABLES_SIZE
