// sha256_scalar.S — the SHA-256 compression function for cores without SHA-2 instructions
// SPDX-License-Identifier: MIT
//
// Rounds on general registers, the message schedule on vectors. The sixteen words that the schedule needs stay in
// v0-v3 and the state in w4-w11, so a block costs its own four loads and the constants', nothing else.

#include "routine.h"

state    .req x0
data     .req x1
blocks   .req x2
left     .req w3        // iterations of eight rounds left in this block
                        // w4-w11: a-h
                        // w12, w13: temporaries of a round; w14, w15: a ^ b of this round and of the one before
k        .req x16       // next round constant
kw       .req x17       // W + K of two rounds
                        // v0-v3: W[t..t+15]; v4, v5: W + K, then W[t+16..t+23]; v6, v7: temporaries; v18: zero

    // One round (FIPS 180-4, 6.2.2 step 3). Registers by number; kw holds two rounds' W + K, the odd one above.
    .macro round a, b, c, d, e, f, g, h, ab, bc, odd
    .if     \odd
    add     x\h, x\h, kw, lsr #32           // bits 63-32 of h are never read
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
    add     w\h, w\h, w13                   // h = T1
    eor     w12, w12, w\a, ror #13
    add     w\d, w\d, w\h                   // d += T1
    eor     w\ab, w\a, w\b                  // Maj = ((a ^ b) & (b ^ c)) ^ b; this a ^ b is the next b ^ c
    eor     w12, w12, w\a, ror #22
    and     w\bc, w\bc, w\ab
    add     w\h, w\h, w12
    eor     w\bc, w\bc, w\b
    add     w\h, w\h, w\bc                  // h = T1 + T2: the next round's a
    .endm

    // dst = ror(src, r1) ^ ror(src, r2) ^ (src >> s), on .4s or .2s lanes. Clobbers v7
    .macro sigma dst, src, lanes, bytes, r1, r2, s
    ushr    \dst\().\lanes, \src\().\lanes, #\r1
    sli     \dst\().\lanes, \src\().\lanes, #(32 - \r1)
    ushr    v7.\lanes, \src\().\lanes, #\r2
    sli     v7.\lanes, \src\().\lanes, #(32 - \r2)
    eor     \dst\().\bytes, \dst\().\bytes, v7.\bytes
    ushr    v7.\lanes, \src\().\lanes, #\s
    eor     \dst\().\bytes, \dst\().\bytes, v7.\bytes
    .endm

    // new = W[t+16..t+19] from w0 = W[t..t+3], w1, w2, w3 = W[t+12..t+15]. Clobbers v6, v7, v16
    .macro schedule new, w0, w1, w2, w3
    ext     v16.16b, \w0\().16b, \w1\().16b, #4     // W[t+1..t+4]
    sigma   v6, v16, 4s, 16b, 7, 18, 3
    ext     v16.16b, \w2\().16b, \w3\().16b, #4     // W[t+9..t+12]
    add     \new\().4s, \w0\().4s, v6.4s
    add     \new\().4s, \new\().4s, v16.4s
    ext     v16.16b, \w3\().16b, \w3\().16b, #8     // W[t+14], W[t+15]
    sigma   v6, v16, 2s, 8b, 17, 19, 10             // clears the upper half
    add     \new\().4s, \new\().4s, v6.4s           // W[t+16], W[t+17] are done, and the other two need them
    sigma   v6, \new, 2s, 8b, 17, 19, 10
    ext     v6.16b, v18.16b, v6.16b, #8
    add     \new\().4s, \new\().4s, v6.4s
    .endm

// void sha256_blocks_scalar(uint32_t state[8], const void *data, uint64_t blocks)
// Requires: data and state 16-byte aligned (the MMU may be off), blocks > 0
// Clobbers: x1-x17, v0-v7, v16-v18
func sha256_blocks_scalar
    movi    v18.4s, #0
.Lsha256_blocks_scalar_next:
    adr     k, sha256_constants
    ld1     {v0.16b-v3.16b}, [data], #64
    ldp     w4, w5, [state]
    ldp     w6, w7, [state, #8]
    ldp     w8, w9, [state, #16]
    ldp     w10, w11, [state, #24]
    rev32   v0.16b, v0.16b                  // the message is big-endian
    rev32   v1.16b, v1.16b
    rev32   v2.16b, v2.16b
    rev32   v3.16b, v3.16b
    eor     w15, w5, w6                     // the first round's b ^ c
    mov     left, #8

.Lsha256_blocks_scalar_rounds:
    ld1     {v16.4s, v17.4s}, [k], #32
    add     v4.4s, v0.4s, v16.4s
    add     v5.4s, v1.4s, v17.4s
    mov     kw, v4.d[0]
    round   4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 0
    round   11, 4, 5, 6, 7, 8, 9, 10, 15, 14, 1
    mov     kw, v4.d[1]
    round   10, 11, 4, 5, 6, 7, 8, 9, 14, 15, 0
    round   9, 10, 11, 4, 5, 6, 7, 8, 15, 14, 1
    mov     kw, v5.d[0]
    round   8, 9, 10, 11, 4, 5, 6, 7, 14, 15, 0
    round   7, 8, 9, 10, 11, 4, 5, 6, 15, 14, 1
    mov     kw, v5.d[1]
    round   6, 7, 8, 9, 10, 11, 4, 5, 14, 15, 0
    round   5, 6, 7, 8, 9, 10, 11, 4, 15, 14, 1

    cmp     left, #2                        // the last sixteen words are there already
    b.ls    .Lsha256_blocks_scalar_scheduled
    schedule v4, v0, v1, v2, v3
    schedule v5, v1, v2, v3, v4
.Lsha256_blocks_scalar_scheduled:
    mov     v0.16b, v2.16b
    mov     v1.16b, v3.16b
    mov     v2.16b, v4.16b
    mov     v3.16b, v5.16b
    subs    left, left, #1
    b.ne    .Lsha256_blocks_scalar_rounds

    .macro  accumulate first, second, offset
    ldp     w12, w13, [state, #\offset]
    add     w12, w12, w\first
    add     w13, w13, w\second
    stp     w12, w13, [state, #\offset]
    .endm
    accumulate 4, 5, 0
    accumulate 6, 7, 8
    accumulate 8, 9, 16
    accumulate 10, 11, 24
    subs    blocks, blocks, #1
    b.ne    .Lsha256_blocks_scalar_next
    ret
endfunc sha256_blocks_scalar

    .section .rodata
    .balign 16
    .global sha256_constants
    .hidden sha256_constants
sha256_constants:
    .long   0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
    .long   0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
    .long   0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
    .long   0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
    .long   0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
    .long   0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
    .long   0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
    .long   0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
