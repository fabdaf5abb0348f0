// verify.S — hash the regions and compare with the digests in info
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"
#include "routine.h"

// const uint8_t *verify(void)
// Out:      x0 = the digest that was expected and not found, 0 if all is well; info->status, failed_region,
//           verify_ticks, verify_path
// Clobbers: x0-x18, FP/SIMD registers
func verify
    started .req x28
    index   .req w26                        // w26 (region_count) comes back before the return
    push    x29, x30
    ldr     w0, [info, #PURGATORY_INFO_skip_checks]
    mov     w1, #PURGATORY_STATUS_SKIPPED
    cbnz    w0, .Lverify_done
    push    x26, x28
    isb                                     // the counter is not read before what comes before it
    mrs     started, cntvct_el0

    tbz     flags, #0, .Lverify_combined    // VERIFY_REGIONS
    mov     index, wzr
.Lverify_region:                            // for (index = 0; index < 16; index++)
    mov     w0, index
    bl      get_region
    cbz     x2, .Lverify_next
    mov     w0, index
    add     w1, index, #1
    bl      hash_regions
    add     x1, info, #PURGATORY_INFO_digests
    add     x1, x1, x26, lsl #5             // &info->digests[index]
    bl      same_digest
    cbz     w0, .Lverify_mismatch
.Lverify_next:
    add     index, index, #1
    cmp     index, #PURGATORY_MAX_REGIONS
    b.ne    .Lverify_region

.Lverify_combined:
    tbz     flags, #1, .Lverify_verified    // VERIFY_COMBINED
    mov     w0, wzr
    mov     w1, #PURGATORY_MAX_REGIONS
    bl      hash_regions
    mov     index, #PURGATORY_FAILED_COMBINED
    add     x1, info, #PURGATORY_INFO_digest
    bl      same_digest
    cbz     w0, .Lverify_mismatch

.Lverify_verified:
    mov     x0, xzr
    mov     w1, #PURGATORY_STATUS_VERIFIED
    b       .Lverify_timed
.Lverify_mismatch:
    str     index, [info, #PURGATORY_INFO_failed_region]
    mov     x0, x1
    mov     w1, #PURGATORY_STATUS_MISMATCH
.Lverify_timed:
    isb                                     // nor before the last instruction of the hash
    mrs     x2, cntvct_el0
    sub     x2, x2, started
    str     x2, [info, #PURGATORY_INFO_verify_ticks]
    str     xzr, [info, #PURGATORY_INFO_verify_path]        // caches off, no SHA-2 instructions
    pop     x26, x28
    pop     x29, x30
    str     w1, [info, #PURGATORY_INFO_status]
    ret
.Lverify_done:
    pop     x29, x30
    mov     x0, xzr
    str     w1, [info, #PURGATORY_INFO_status]
    ret
    .unreq  index
    .unreq  started
endfunc verify

// void hash_regions(w0 = first, w1 = end): computed_digest = SHA-256 of the regions first..<end, in order
// Clobbers: x0-x18, FP/SIMD registers
func hash_regions
    push    x29, x30
    push    x26, x28
    mov     w26, w0
    mov     w28, w1
    bl      sha256_init
.Lhash_regions_next:
    mov     w0, w26
    bl      get_region
    mov     x0, x1
    mov     x1, x2
    bl      sha256_update                   // an unused region adds no bytes
    add     w26, w26, #1
    cmp     w26, w28
    b.ne    .Lhash_regions_next
    adr     x0, computed_digest
    bl      sha256_final
    pop     x26, x28
    pop     x29, x30
    ret
endfunc hash_regions

// w0 = same_digest(x1 = expected, 8-byte aligned): 1 if all 32 bytes equal computed_digest
// Clobbers: x0, x2-x5. Keeps x1
func same_digest
    adr     x2, computed_digest
    mov     x0, xzr
    mov     w3, #(PURGATORY_DIGEST_SIZE / 8)
.Lsame_digest_word:
    sub     w3, w3, #1
    ldr     x4, [x1, w3, uxtw #3]
    ldr     x5, [x2, w3, uxtw #3]
    eor     x4, x4, x5
    orr     x0, x0, x4                      // every byte counts, whatever the ones before it said
    cbnz    w3, .Lsame_digest_word
    cmp     x0, #0
    cset    w0, eq
    ret
endfunc same_digest

    .section .scratch, "aw", %nobits
    .balign 16
    .global computed_digest
    .hidden computed_digest
computed_digest:
    .space  PURGATORY_DIGEST_SIZE
