// verify.S — hash the regions and compare with the digests in info
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

#define ISAR0_SHA2       (0xf << 12)

// const uint8_t *verify(void)
// Out:      x0 = the digest that was expected and not found, 0 if all is well; info->status, failed_region,
//           verify_ticks, verify_path
// Clobbers: x0-x18, FP/SIMD registers
func verify
    started .req x28
    index   .req w26
    push    x26, x30
    push    x28, xzr
    mov     x0, xzr
    mov     w1, #PURGATORY_STATUS_SKIPPED
    ldr     w2, [info, #PURGATORY_INFO_skip_checks]
    cbnz    w2, .Lverify_done
    isb                                     // the counter is not read before what comes before it
    mrs     started, cntvct_el0
    bl      caches_on
    tbnz    flags, #4, .Lverify_regions     // NO_CRYPTO
    mrs     x0, id_aa64isar0_el1
    tst     x0, #ISAR0_SHA2
    b.eq    .Lverify_regions
    orr     path, path, #PURGATORY_PATH_SHA2

.Lverify_regions:
    tbz     flags, #0, .Lverify_combined    // VERIFY_REGIONS
    mov     index, wzr
.Lverify_region:                            // for (index = 0; index < 16; index++)
    mov     w0, index
    bl      get_region
    cbz     x1, .Lverify_next
    bl      sha256_init
    bl      sha256_update
    add     x1, info, #PURGATORY_INFO_digests
    add     x1, x1, x26, lsl #5             // &info->digests[index]
    bl      digest_differs
    cbnz    x0, .Lverify_mismatch
.Lverify_next:
    add     index, index, #1
    cmp     index, #PURGATORY_MAX_REGIONS
    b.ne    .Lverify_region

.Lverify_combined:
    mov     x0, xzr
    tbz     flags, #1, .Lverify_compared    // VERIFY_COMBINED
    mov     index, #PURGATORY_FAILED_COMBINED
    bl      sha256_init
    adr     x0, sha256_update
    bl      each_region
    add     x1, info, #PURGATORY_INFO_digest
    bl      digest_differs
    cbz     x0, .Lverify_compared
.Lverify_mismatch:
    str     index, [info, #PURGATORY_INFO_failed_region]
.Lverify_compared:                          // x0 = the digest that was not found, or 0
    mov     x26, x0
    bl      caches_off
    isb                                     // nor before the last instruction of the work
    mrs     x2, cntvct_el0
    sub     x2, x2, started
    str     x2, [info, #PURGATORY_INFO_verify_ticks]
    and     x2, path, #(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2)
    str     x2, [info, #PURGATORY_INFO_verify_path]
    mov     x0, x26
    mov     w1, #PURGATORY_STATUS_VERIFIED
    cbz     x0, .Lverify_done
    mov     w1, #PURGATORY_STATUS_MISMATCH
.Lverify_done:
    str     w1, [info, #PURGATORY_INFO_status]
    pop     x28, xzr
    pop     x26, x30
    ret
    .unreq  index
    .unreq  started
endfunc verify

// x0 = digest_differs(x1 = expected digest): 0 if what was hashed since sha256_init has it, else x1
// Clobbers: x0-x18, FP/SIMD registers
func digest_differs
    push    x26, x30
    mov     x26, x1
    adr     x0, computed_digest
    bl      sha256_final
    adr     x0, computed_digest
    ldp     x1, x2, [x0]
    ldp     x3, x4, [x0, #16]
    ldp     x5, x6, [x26]
    ldp     x7, x8, [x26, #16]
    eor     x1, x1, x5
    eor     x2, x2, x6
    eor     x3, x3, x7
    eor     x4, x4, x8
    orr     x1, x1, x2
    orr     x3, x3, x4
    orr     x1, x1, x3                      // every bit of all 32 bytes counts
    cmp     x1, #0
    csel    x0, x26, xzr, ne
    pop     x26, x30
    ret
endfunc digest_differs

    .section .scratch, "aw", %nobits
    .balign 16
    .global computed_digest
    .hidden computed_digest
computed_digest:
    .space  PURGATORY_DIGEST_SIZE
