// cache.S — data cache maintenance by address, to the point of coherency
// SPDX-License-Identifier: MIT

#include "routine.h"

    // \line = bytes of the smallest data cache line
#define CTR_DMINLINE_SHIFT 16
#define CTR_DMINLINE_BITS  4
#define WORD_SIZE          4
    .macro get_line_size line, scratch
    mrs     \scratch, ctr_el0
    ubfx    \scratch, \scratch, #CTR_DMINLINE_SHIFT, #CTR_DMINLINE_BITS  // log2 of words
    mov     \line, #WORD_SIZE
    lsl     \line, \line, \scratch
    .endm

// uint64_t invalidate_range(x0 = start, x1 = size): what the cache has of the range is forgotten, memory is right.
// Answers 0, so that each_region goes on.
// A line that the range covers only in part is cleaned first: its other bytes are a neighbour's.
// Requires: the D-cache is off, so that nothing of the range is fetched again; or a range whose contents nobody needs
// Clobbers: x0-x4
func invalidate_range
    line    .req x2
    dsb     sy                              // what was written past the cache is in memory before its line is dropped
    get_line_size line, x4
    add     x1, x0, x1                      // x1 = end
    sub     x3, line, #1
    tst     x0, x3
    b.eq    .Linvalidate_range_end
    dc      civac, x0                       // the first line is shared; any address in a line names it
    add     x0, x0, line
.Linvalidate_range_end:
    tst     x1, x3
    bic     x1, x1, x3
    b.eq    .Linvalidate_range_test
    dc      civac, x1                       // the last line is
    b       .Linvalidate_range_test
.Linvalidate_range_line:
    dc      ivac, x0
    add     x0, x0, line
.Linvalidate_range_test:
    cmp     x0, x1
    b.lo    .Linvalidate_range_line
    dsb     sy                              // done: the range may be written past the cache, or the cache turned on
    mov     x0, xzr
    ret
    .unreq  line
endfunc invalidate_range

// void clean_range(x0 = start, x1 = size): memory holds what was written to the range, the cache nothing of it
// Requires: the D-cache is off, so that nothing of the range is fetched again. Accesses no memory itself
// Clobbers: x0-x3
func clean_range
    line    .req x2
    dsb     sy                              // as above: what was written is there before its line goes
    get_line_size line, x3
    add     x1, x0, x1                      // x1 = end
    sub     x3, line, #1
    bic     x0, x0, x3
.Lclean_range_line:
    dc      civac, x0
    add     x0, x0, line
    cmp     x0, x1
    b.lo    .Lclean_range_line
    dsb     sy                              // it is in memory before memory is read
    ret
    .unreq  line
endfunc clean_range
