// map.S — an identity map of what the purgatory touches, and of nothing else
// SPDX-License-Identifier: MIT
//
// 4 KiB granule, 48-bit addresses: four levels of tables (Arm ARM D8.2). Pages at the edges of a range, 2 MiB and
// 1 GiB blocks inside: memory that nobody vouched for is never mapped, not even for a speculative read.

#include "routine.h"

#define PAGE_SIZE        0x1000
#define PAGE_SHIFT       12
#define LEVEL_BITS       9
#define TOP_SHIFT        39         // one entry of the top table: 512 GiB
#define BLOCK_SHIFT      30         // the largest block: 1 GiB
#define ADDRESS_BITS     48
#define CC_HI            2          // flags for which "ls" is false

// Descriptor bits (Arm ARM D8.3).
#define DESC_VALID       (1 << 0)
#define DESC_TABLE       (1 << 1)   // a table; at the last level, a page
#define DESC_DEVICE      (1 << 2)   // MAIR attribute 1
#define DESC_AP1         (1 << 6)   // RES1 at EL2 without E2H; else "EL0 too", which must not be
#define DESC_READ_ONLY   (1 << 7)
#define DESC_INNER       (3 << 8)   // inner shareable
#define DESC_ACCESSED    (1 << 10)
#define DESC_PXN         (1 << 53)  // not executable at EL1, or EL2 with E2H; RES0 otherwise
#define DESC_XN          (1 << 54)  // not executable at EL0, or EL2 without E2H

    // A cleared table at x10, which moves on to the next.
    .macro new_table
.Lnew_table\@:
    stp     xzr, xzr, [x10], #16
    tst     x10, #(PAGE_SIZE - 1)
    b.ne    .Lnew_table\@
    .endm

// x0 = build_map(void): 0, or why not: the tables need more than the scratch holds, an address more than 48 bits
// Requires: MMU off
// Out:      x10 = end of the tables that are in use, from page_tables
// Clobbers: x0-x14, x26, x27
func build_map
    mov     x14, x30
    adr     x10, page_tables                // x10 = next free table
    mov     x0, x10                         // as for the rest of the scratch in entry.S
    mov     x1, #PAGE_TABLES_SIZE
    bl      invalidate_range
    add     x11, x10, #PAGE_TABLES_SIZE     // x11 = end of the room for them
    new_table                               // the top one
    mov     x12, #(DESC_INNER | DESC_ACCESSED | DESC_VALID)
    mov     x13, #(DESC_XN | DESC_PXN)
    tbz     path, #PATH_EL2_BIT, .Lbuild_map_blob
    orr     x12, x12, #DESC_AP1
    mov     x13, #DESC_XN
.Lbuild_map_blob:
    // First what must be writable: a range that comes later leaves what is mapped as it is.
    mov     x2, x12                         // read, write, execute
    mov     x0, base
    sub     x1, x11, base                   // the tables are the last of it: info is not believed
    bl      map_range
    cbnz    x0, .Lbuild_map_done            // a blob beyond 48 bits
    orr     x12, x12, x13                   // nothing else is executed
    cbz     console, .Lbuild_map_regions
    orr     x2, x12, #DESC_DEVICE           // the shareability of Device memory is ignored
    mov     x0, console
    mov     x1, #CONSOLE_SIZE
    bl      map_range                       // or not: it is not used while the map is
.Lbuild_map_regions:
    orr     x2, x12, #DESC_READ_ONLY
    adr     x0, map_range
    bl      each_region
.Lbuild_map_done:
    ret     x14
endfunc build_map

// x0 = map_range(x0 = start, x1 = size, x2 = descriptor bits): 0, or why not; what is mapped already stays as it is
// In:       x10 = next free table, x11 = end of the room for tables
// Out:      x10 moves on
// Clobbers: x1, x3-x8
func map_range
    address .req x0
    last    .req x1
    table   .req x3
    shift   .req x4         // log2 of what an entry of this table covers
    entry   .req x5         // address of the entry
    mask    .req x6         // of the address bits above the shift
    add     last, address, last
    sub     last, last, #1
    orr     x7, address, last               // the end may have wrapped
    orr     last, last, #(PAGE_SIZE - 1)
    and     address, address, #~(PAGE_SIZE - 1)
    lsr     x7, x7, #ADDRESS_BITS
    cbnz    x7, .Lmap_range_refuse
.Lmap_range_next:
    adr     table, page_tables
    mov     shift, #TOP_SHIFT
.Lmap_range_walk:
    lsr     entry, address, shift
    and     entry, entry, #((1 << LEVEL_BITS) - 1)
    add     entry, table, entry, lsl #3
    mov     mask, #-1
    lsl     mask, mask, shift
    ldr     x7, [entry]
    cmp     shift, #PAGE_SHIFT              // eq until .Lmap_range_invalid, too
    tbz     x7, #0, .Lmap_range_invalid
    b.eq    .Lmap_range_mapped              // a page
    tbz     x7, #1, .Lmap_range_mapped      // a block
    and     table, x7, #(((1 << ADDRESS_BITS) - 1) & ~(PAGE_SIZE - 1))
.Lmap_range_descend:
    sub     shift, shift, #LEVEL_BITS
    b       .Lmap_range_walk

.Lmap_range_invalid:
    orr     x7, address, x2
    b.eq    .Lmap_range_page
    cmp     shift, #BLOCK_SHIFT
    b.hi    .Lmap_range_table               // no block is that large
    bics    xzr, address, mask              // aligned to one?
    orn     x8, address, mask
    ccmp    x8, last, #CC_HI, eq            // and does the range go to its end?
    b.ls    .Lmap_range_store
.Lmap_range_table:
    cmp     x10, x11
    b.hs    .Lmap_range_refuse              // no room
    mov     table, x10
    orr     x7, table, #(DESC_TABLE | DESC_VALID)
    str     x7, [entry]
    new_table
    b       .Lmap_range_descend

.Lmap_range_page:
    orr     x7, x7, #DESC_TABLE
.Lmap_range_store:
    str     x7, [entry]
.Lmap_range_mapped:
    orn     address, address, mask          // the last byte that the entry covers
    add     address, address, #1
    cmp     address, last
    b.ls    .Lmap_range_next
    mov     x7, xzr
.Lmap_range_refuse:                         // x7 is high bits of an address, or a descriptor: not 0
    mov     x0, x7
    ret
    .unreq  address
    .unreq  last
    .unreq  table
    .unreq  shift
    .unreq  entry
    .unreq  mask
endfunc map_range

    .section .scratch.tables, "aw", %nobits
    .balign PAGE_SIZE
    .global page_tables
    .hidden page_tables
page_tables:
    .space  PAGE_TABLES_SIZE
