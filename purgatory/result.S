// result.S — what came of it, left in memory for the next system to read
// SPDX-License-Identifier: MIT

#include "routine.h"

#define MICROSECONDS     1000000
#define RESULT_TIME      8          // offset of the third cell; they are big-endian, as those of a device tree

// void store_result(void): status, failed_region, microseconds and verify_path at result_addr, once
// It may lie in a region: that was verified, with zeros here. Nothing else of any segment is written.
// Requires: caches_off
// Clobbers: x0-x7
func store_result
    place   .req x4
    status  .req w5
    failed  .req w6
    tbz     mode, #MODE_RESULT_BIT, .Lstore_result_done
    bic     mode, mode, #(1 << MODE_RESULT_BIT) // if it faults, who boots anyway must not come back to it
    push    x30, xzr
    ldr     place, [info, #PURGATORY_INFO_result_addr]
    add     place, place, bias
    mov     x0, place
    mov     x1, #PURGATORY_RESULT_SIZE
    bl      clean_range                     // what the last kernel left in the cache must not come back over it
    bl      verify_microseconds
    mov     w1, #-1
    cmp     x0, x1
    csel    x0, x0, x1, lo                  // saturated
    add     x1, info, #PURGATORY_INFO_status
    ldp     status, failed, [x1]            // failed_region is next to it
    rev     status, status
    rev     failed, failed
    rev     w0, w0
    ldr     w1, [info, #PURGATORY_INFO_verify_path] // its low half
    rev     w1, w1
    stp     status, failed, [place]
    stp     w0, w1, [place, #RESULT_TIME]
    mov     x0, place
    mov     x1, #PURGATORY_RESULT_SIZE
    bl      clean_range                     // what was read here with the caches on must not hide it
    pop     x30, xzr
.Lstore_result_done:
    ret
    .unreq  place
    .unreq  status
    .unreq  failed
endfunc store_result

// uint64_t verify_microseconds(void): what verify_ticks is by CNTFRQ; 0 if firmware has not set that
// Clobbers: x0, x1
func verify_microseconds
    ldr     x0, [info, #PURGATORY_INFO_verify_ticks]
    mov32   x1, MICROSECONDS
    mul     x0, x0, x1
    mrs     x1, cntfrq_el0
    udiv    x0, x0, x1                      // by 0: 0
    ret
endfunc verify_microseconds
