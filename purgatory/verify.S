// verify.S — hash the regions and compare with the digests in info
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ISAR0_SHA2       (0xf << 12)

// (w26, x27) verify(void)
// Out:      x27 = the digest that was expected and not found, 0 if all is well; w26 = the region that it is of, or
//           PURGATORY_FAILED_COMBINED; info->status, failed_region, verify_ticks, verify_path
// Clobbers: x0-x17, x26-x28, link, v0-v10, v16-v31
func verify
    started .req d10                        // CNTVCT at the start; v10-v15 survive every call below
    mov     link, x30
    mov     w1, #PURGATORY_STATUS_SKIPPED
    mov     x27, xzr
    ldr     w2, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w2, .Lverify_done
    mrs     x0, cntvct_el0
    fmov    started, x0
    bl      caches_on
    bl      compute_sha256_constants
    tbnz    flags, #FLAG_NO_CRYPTO_BIT, .Lverify_regions
    mrs     x0, id_aa64isar0_el1
    tst     x0, #ISAR0_SHA2
    b.eq    .Lverify_regions
    orr     path, path, #PURGATORY_PATH_SHA2

.Lverify_regions:
    tbz     flags, #FLAG_VERIFY_REGIONS_BIT, .Lverify_combined
    adr     x0, verify_region
    bl      each_region
    cbnz    x0, .Lverify_compared
.Lverify_combined:
    mov     x0, xzr
    tbz     flags, #FLAG_VERIFY_COMBINED_BIT, .Lverify_compared
    adr     x0, sha256_update
    bl      each_region
    add     x1, info, #PURGATORY_INFO_digest
    bl      sha256_compare
    mov     w26, #PURGATORY_FAILED_COMBINED

.Lverify_compared:
    mov     x27, x0
    bl      caches_off
    mrs     x2, cntvct_el0
    fmov    x1, started
    sub     x2, x2, x1
    str     x2, [info, #PURGATORY_INFO_verify_ticks]
    and     x2, path, #(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2)
    str     x2, [info, #PURGATORY_INFO_verify_path]
    mov     w1, #PURGATORY_STATUS_VERIFIED
    cbz     x27, .Lverify_done
    str     w26, [info, #PURGATORY_INFO_failed_region]
    mov     w1, #PURGATORY_STATUS_MISMATCH
.Lverify_done:
    str     w1, [info, #PURGATORY_INFO_status]
    ret     link
    .unreq  started
endfunc verify

// x0 = verify_region(x0 = base, x1 = size, x26 = index): 0, or the digest that was expected and not found
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func verify_region
    push    x30, xzr
    bl      sha256_update
    pop     x30, xzr
    add     x1, info, #PURGATORY_INFO_digests
    add     x1, x1, x26, lsl #5             // &info->digests[index]
    b       sha256_compare
endfunc verify_region
