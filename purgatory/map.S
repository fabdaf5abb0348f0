// map.S — an identity map of what the purgatory touches, and of nothing else
// SPDX-License-Identifier: MIT
//
// 4 KiB granule, 48-bit addresses: four levels of tables (Arm ARM D8.2). Pages at the edges of a range, 2 MiB and
// 1 GiB blocks inside: memory that nobody vouched for is never mapped, not even for a speculative read.

#include "routine.h"

#define PAGE_SHIFT       12
#define LEVEL_BITS       9
#define TOP_SHIFT        39         // one entry of the top table: 512 GiB
#define BLOCK_SHIFT      30         // the largest block: 1 GiB
#define ADDRESS_BITS     48

// Descriptor bits (Arm ARM D8.3).
#define DESC_SHIFT       3          // log2 of its bytes
#define DESC_VALID_BIT   0
#define DESC_TABLE_BIT   1          // a table; at the last level, a page
#define DESC_VALID       (1 << DESC_VALID_BIT)
#define DESC_TABLE       (1 << DESC_TABLE_BIT)
#define DESC_AP1         (1 << 6)   // RES1 at EL2 without E2H; else "EL0 too", which must not be
#define DESC_READ_ONLY   (1 << 7)
#define DESC_INNER       (3 << 8)   // inner shareable
#define DESC_ACCESSED    (1 << 10)
#define DESC_PXN         (1 << 53)  // not executable at EL1, or EL2 with E2H; RES0 otherwise
#define DESC_UXN         (1 << 54)  // not executable at EL0
#define DESC_XN          (1 << 54)  // EL2 without E2H: not executable

#define MAP_REFUSED      1          // the tables need more than the scratch holds, or an address more than 48 bits

attributes     .req x14             // of what map_range maps
next_table     .req x15             // the next free table,
end_of_tables  .req x16             // and the end of the room for them

// (x0, x1) build_map(void)
// Out:      x0 = 0, or MAP_REFUSED; x1 = end of the tables that are in use, from page_tables
// Requires: MMU off
// Clobbers: x2-x17
func build_map
    not_executable .req x17
    push    x30, xzr
    adr     next_table, page_tables
    add     end_of_tables, next_table, #PAGE_TABLES_SIZE
    bl      new_table                       // the top one, which is page_tables
    mov     attributes, #(DESC_INNER | DESC_ACCESSED | DESC_VALID)
    tbnz    mode, #MODE_EL2_BIT, .Lbuild_map_el2
    orr     attributes, attributes, #DESC_UXN   // PAN with EPAN refuses us data in a page that EL0 may execute
    mov     not_executable, #DESC_PXN
    b       .Lbuild_map_blob
.Lbuild_map_el2:
    orr     attributes, attributes, #DESC_AP1
    mov     not_executable, #DESC_XN
.Lbuild_map_blob:
    // First what must be writable: a range that comes later leaves what is mapped as it is.
    mov     x0, base
    sub     x1, end_of_tables, base         // the tables are the last of it: info is not believed
    bl      map_range
    cbnz    x0, .Lbuild_map_done            // a blob beyond 48 bits
    orr     attributes, attributes, not_executable
    orr     attributes, attributes, #DESC_READ_ONLY
    adr     x0, map_range
    bl      each_region
.Lbuild_map_done:
    mov     x1, next_table
    pop     x30, xzr
    ret
    .unreq  not_executable
endfunc build_map

// x0 = map_range(x0 = start, x1 = size): 0, or MAP_REFUSED; what is mapped already stays as it is
// In:       attributes, next_table, end_of_tables
// Out:      next_table
// Clobbers: x0-x12
func map_range
    address    .req x5
    last       .req x6
    table      .req x7
    shift      .req x8          // log2 of what an entry of this table covers
    mask       .req x9          // of the address bits above the shift
    entry      .req x10         // address of the entry
    descriptor .req x11
    block_last .req x12
    push    x30, xzr
    and     address, x0, #~(PAGE_SIZE - 1)
    add     last, x0, x1
    sub     last, last, #1
    orr     x0, x0, last                    // the end may have wrapped
    orr     last, last, #(PAGE_SIZE - 1)
    lsr     x0, x0, #ADDRESS_BITS
    cbnz    x0, .Lmap_range_refuse

.Lmap_range_next:
    adr     table, page_tables
    mov     shift, #TOP_SHIFT
.Lmap_range_walk:
    mov     mask, #-1
    lsl     mask, mask, shift
    lsr     entry, address, shift
    and     entry, entry, #((1 << LEVEL_BITS) - 1)
    add     entry, table, entry, lsl #DESC_SHIFT
    ldr     descriptor, [entry]
    tbz     descriptor, #DESC_VALID_BIT, .Lmap_range_invalid
    cmp     shift, #PAGE_SHIFT
    b.eq    .Lmap_range_mapped              // a page
    tbz     descriptor, #DESC_TABLE_BIT, .Lmap_range_mapped // a block
    and     table, descriptor, #(((1 << ADDRESS_BITS) - 1) & ~(PAGE_SIZE - 1))
    sub     shift, shift, #LEVEL_BITS
    b       .Lmap_range_walk

.Lmap_range_invalid:
    orr     descriptor, address, attributes
    cmp     shift, #PAGE_SHIFT
    b.eq    .Lmap_range_page
    cmp     shift, #BLOCK_SHIFT
    b.hi    .Lmap_range_table               // no block is that large
    bics    xzr, address, mask
    b.ne    .Lmap_range_table               // the range begins within this one,
    orn     block_last, address, mask
    cmp     block_last, last
    b.hi    .Lmap_range_table               // or ends there
    b       .Lmap_range_store
.Lmap_range_table:
    cmp     next_table, end_of_tables
    b.hs    .Lmap_range_refuse
    mov     table, next_table
    orr     descriptor, table, #(DESC_TABLE | DESC_VALID)
    str     descriptor, [entry]
    bl      new_table
    sub     shift, shift, #LEVEL_BITS
    b       .Lmap_range_walk

.Lmap_range_page:
    orr     descriptor, descriptor, #DESC_TABLE
.Lmap_range_store:
    str     descriptor, [entry]
.Lmap_range_mapped:
    orn     address, address, mask          // the last byte that the entry covers
    add     address, address, #1
    cmp     address, last
    b.ls    .Lmap_range_next
    mov     x0, xzr
    pop     x30, xzr
    ret
.Lmap_range_refuse:
    mov     x0, #MAP_REFUSED
    pop     x30, xzr
    ret
    .unreq  address
    .unreq  last
    .unreq  table
    .unreq  shift
    .unreq  mask
    .unreq  entry
    .unreq  descriptor
    .unreq  block_last
endfunc map_range

// void new_table(void): the next table of the room, cleared
// Out:      next_table
// Clobbers: x0-x4
func new_table
    push    x30, xzr
    mov     x0, next_table                  // what the last kernel left in the cache must not be written back over it
    mov     x1, #PAGE_SIZE
    bl      invalidate_range
    add     x0, next_table, #PAGE_SIZE
.Lnew_table_clear:
    stp     xzr, xzr, [next_table], #16
    cmp     next_table, x0
    b.lo    .Lnew_table_clear
    pop     x30, xzr
    ret
endfunc new_table

    .section .scratch.tables, "aw", %nobits
    .balign PAGE_SIZE
    .global page_tables
    .hidden page_tables
page_tables:
    .space  PAGE_TABLES_SIZE
