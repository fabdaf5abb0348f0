// sha256_scalar.S — the SHA-256 compression function for cores without SHA-2 instructions
// SPDX-License-Identifier: MIT
//
// Rounds on general registers, the message schedule on vectors. Four rounds bring every state register back to its
// place, so one copy of them is enough: a round leaves the new a where d was, and the new e where h was.

#include "routine.h"

#define SCHEDULE_STEPS   12         // of four rounds each,
#define LAST_STEPS       4          // whose sixteen words are there already

state    .req x0
data     .req x1
blocks   .req x2
left     .req w3        // steps: SCHEDULE_STEPS to 1 while the message schedule goes on, then 0 to -LAST_STEPS
                        // w4-w11: a-h; the upper halves of x4-x11 are junk
                        // w12, w13: temporaries of a round; w14, w15: a ^ b of this round and of the one before
k        .req x16       // next round constant
kw       .req x17       // W + K of two rounds
                        // v0-v3: W[t..t+15]; v4: the next four; v5: W + K; v6, v7, v16: temporaries
                        // v17: its lower half stays 0; v18, v19: a-d and e-h before the block

    // One round (FIPS 180-4, 6.2.2 step 3). Registers by number; kw holds two rounds' W + K, the second in its upper half.
    .macro round a, b, c, d, e, f, g, h, ab, bc, half
    .if     \half
    add     x\h, x\h, kw, lsr #32           // its carries go where nobody reads
    .else
    add     w\h, w\h, w17
    .endif
    eor     w12, w\f, w\g                   // Ch = ((f ^ g) & e) ^ g
    ror     w13, w\e, #6                    // Sigma1
    and     w12, w12, w\e
    eor     w13, w13, w\e, ror #11
    eor     w12, w12, w\g
    eor     w13, w13, w\e, ror #25
    add     w\h, w\h, w12
    ror     w12, w\a, #2                    // Sigma0
    add     w13, w13, w\h                   // T1
    eor     w12, w12, w\a, ror #13
    eor     w\ab, w\a, w\b                  // Maj = ((a ^ b) & (b ^ c)) ^ b; this a ^ b is the next b ^ c
    eor     w12, w12, w\a, ror #22
    and     w\bc, w\bc, w\ab
    add     w\h, w\d, w13                   // the new e
    eor     w\bc, w\bc, w\b
    add     w12, w12, w13
    add     w\d, w12, w\bc                  // T1 + T2: the new a
    .endm

    // v6 = sigma1 of two words, in the low half of each 64-bit lane. v16 holds each twice: a shift is a rotation.
    .macro sigma1
    ushr    v6.2d, v16.2d, #17
    ushr    v7.2d, v16.2d, #19
    eor     v6.16b, v6.16b, v7.16b
    ushr    v7.4s, v16.4s, #10
    eor     v6.16b, v6.16b, v7.16b
    .endm

    // The oldest four words are dropped.
    .macro shift_schedule
    mov     v0.16b, v1.16b
    mov     v1.16b, v2.16b
    mov     v2.16b, v3.16b
    .endm

    // v5 = W + K of the next four rounds
    .macro add_constants
    ldr     q5, [k], #16
    add     v5.4s, v5.4s, v0.4s
    .endm

// void sha256_blocks(x0 = state, x1 = data, x2 = blocks > 0): on the path of this run
// Requires: state 16-byte aligned. Data is loaded as bytes: even in Device memory, which all is while the MMU is off, those
//           may be anywhere
// Out:      x1 = end of data
// Clobbers: x2-x17, v0-v9, v16-v31
func sha256_blocks
    tbnz    mode, #MODE_SHA2_BIT, sha256_blocks_sha2
    falls_into sha256_blocks_scalar
endfunc sha256_blocks

// void sha256_blocks_scalar(uint32_t state[8], const void *data, uint64_t blocks)
// Requires: as sha256_blocks
// Clobbers: x1-x17, v0-v7, v16-v19
func sha256_blocks_scalar
    ldp     q18, q19, [state]
    movi    v17.4s, #0
.Lsha256_blocks_scalar_next:
    ldp     w4, w5, [state]
    ldp     w6, w7, [state, #8]
    ldp     w8, w9, [state, #16]
    ldp     w10, w11, [state, #24]
    ld1     {v0.16b-v3.16b}, [data], #64
    rev32   v0.16b, v0.16b                  // the message is big-endian
    rev32   v1.16b, v1.16b
    rev32   v2.16b, v2.16b
    rev32   v3.16b, v3.16b
    adr     k, sha256_constants
    eor     w15, w5, w6                     // the first round's b ^ c
    mov     left, #SCHEDULE_STEPS

.Lsha256_blocks_scalar_schedule:
    add_constants
    ext     v16.16b, v0.16b, v1.16b, #4     // sigma0 of W[t+1..t+4]; no vector rotates, a shift that inserts does
    ushr    v6.4s, v16.4s, #7
    sli     v6.4s, v16.4s, #25
    ushr    v7.4s, v16.4s, #18
    sli     v7.4s, v16.4s, #14
    eor     v6.16b, v6.16b, v7.16b
    ushr    v7.4s, v16.4s, #3
    eor     v6.16b, v6.16b, v7.16b
    ext     v16.16b, v2.16b, v3.16b, #4     // W[t+9..t+12]
    add     v4.4s, v0.4s, v6.4s
    add     v4.4s, v4.4s, v16.4s
    zip2    v16.4s, v3.4s, v3.4s            // W[t+14], W[t+15]
    sigma1
    xtn     v6.2s, v6.2d
    add     v4.4s, v4.4s, v6.4s             // W[t+16], W[t+17] are done, and the other two need them
    zip1    v16.4s, v4.4s, v4.4s
    sigma1
    xtn2    v17.4s, v6.2d
    shift_schedule
    add     v3.4s, v4.4s, v17.4s

.Lsha256_blocks_scalar_rounds:
    mov     kw, v5.d[0]
    round   4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 0
    round   7, 4, 5, 6, 11, 8, 9, 10, 15, 14, 1
    mov     kw, v5.d[1]
    round   6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 0
    round   5, 6, 7, 4, 9, 10, 11, 8, 15, 14, 1
    subs    left, left, #1
    b.gt    .Lsha256_blocks_scalar_schedule
    cmp     left, #-LAST_STEPS
    b.eq    .Lsha256_blocks_scalar_done
    add_constants
    shift_schedule
    b       .Lsha256_blocks_scalar_rounds

.Lsha256_blocks_scalar_done:
    stp     w4, w5, [state]
    stp     w6, w7, [state, #8]
    stp     w8, w9, [state, #16]
    stp     w10, w11, [state, #24]
    ldp     q6, q7, [state]
    add     v18.4s, v18.4s, v6.4s
    add     v19.4s, v19.4s, v7.4s
    stp     q18, q19, [state]
    subs    blocks, blocks, #1
    b.ne    .Lsha256_blocks_scalar_next
    ret
endfunc sha256_blocks_scalar
