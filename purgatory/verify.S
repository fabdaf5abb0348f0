// verify.S — hash the regions and compare with the digests in info
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ISAR0_SHA2       (0xf << 12)

// (x0, w1) verify(void)
// Out:      x0 = the digest that was expected and not found, 0 if all is well; else w1 = the region that it is of, or
//           PURGATORY_FAILED_COMBINED; info->status, failed_region, verify_ticks, verify_path
// Clobbers: x0-x17, x22, x23, x27, x28, v0-v9, v16-v31
func verify
    expected .req x23
    failed   .req w27
    started  .req x22                       // CNTVCT
    push    x30, xzr
    mov     expected, xzr
    ldr     w0, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w0, .Lverify_skipped
    mrs     started, cntvct_el0
    adr     x0, touch_region
    bl      each_region
    bl      caches_on
    tbnz    flags, #FLAG_NO_CRYPTO_BIT, .Lverify_regions
    mrs     x0, id_aa64isar0_el1
    tst     x0, #ISAR0_SHA2
    b.eq    .Lverify_regions
    orr     mode, mode, #(1 << MODE_SHA2_BIT)

.Lverify_regions:
    tbz     flags, #FLAG_VERIFY_REGIONS_BIT, .Lverify_combined
    adr     x0, verify_region
    bl      each_region
    cbnz    x0, .Lverify_compared
.Lverify_combined:
    tbz     flags, #FLAG_VERIFY_COMBINED_BIT, .Lverify_compared // then regions were verified: x0 = 0
    bl      sha256_init
    adr     x0, sha256_update
    bl      each_region
    bl      sha256_final
    add     x0, info, #PURGATORY_INFO_digest
    bl      compare_digest
    mov     w1, #PURGATORY_FAILED_COMBINED

.Lverify_compared:
    mov     expected, x0
    mov     failed, w1
    bl      caches_off
    mrs     x0, cntvct_el0
    sub     x0, x0, started
    str     x0, [info, #PURGATORY_INFO_verify_ticks]
    and     x0, mode, #(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2)
    str     x0, [info, #PURGATORY_INFO_verify_path]
    mov     w0, #PURGATORY_STATUS_VERIFIED
    cbz     expected, .Lverify_done
    str     failed, [info, #PURGATORY_INFO_failed_region]
    mov     w0, #PURGATORY_STATUS_MISMATCH
    b       .Lverify_done
.Lverify_skipped:
    mov     w0, #PURGATORY_STATUS_SKIPPED
.Lverify_done:
    bl      record_status
    mov     x0, expected
    mov     w1, failed
    pop     x30, xzr
    ret
    .unreq  expected
    .unreq  failed
    .unreq  started
endfunc verify

// uint64_t touch_region(x0 = base, x1 = size): 0, so that each_region goes on; an exception where there is no memory
// A size that is nonsense would be found only by hashing, and before that its lines are invalidated: for hours. A byte of
// each GiB, and the last one, tell at once.
// Clobbers: x0-x3
func touch_region
    add     x1, x0, x1                      // x1 = end
    mov     x2, #(1 << 30)
.Ltouch_region_next:
    ldrb    w3, [x0]
    add     x0, x0, x2
    cmp     x0, x1
    b.lo    .Ltouch_region_next
    ldurb   w3, [x1, #-1]
    mov     x0, xzr
    ret
endfunc touch_region

// x0 = verify_region(x0 = base, x1 = size, region): 0, or the digest that was expected and not found
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func verify_region
    push    x30, xzr
    bl      sha256_init                     // keeps x0 and x1
    bl      sha256_update
    bl      sha256_final
    add     x0, info, #PURGATORY_INFO_digests
    add     x0, x0, region, lsl #DIGEST_SHIFT   // &info->digests[region]
    bl      compare_digest
    pop     x30, xzr
    ret
endfunc verify_region
