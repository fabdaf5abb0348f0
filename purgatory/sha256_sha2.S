// sha256_sha2.S — the SHA-256 compression function on the SHA-2 instructions (FEAT_SHA256)
// SPDX-License-Identifier: MIT

#include "routine.h"

    .arch   armv8-a+sha2

state    .req x0
data     .req x1
blocks   .req x2
constant .req x3
                        // v0-v3: W[t..t+15]; v4: W + K; v5: a-d as they were before the four rounds
                        // v6, v7: a-d and e-h; v8, v9: the same before the block
                        // v16-v31: all 64 constants, so that a block loads nothing but itself

    // Four rounds on the words of w0. old holds a-d for the second half of the rounds.
    .macro rounds old
    sha256h   q6, q7, v4.4s
    sha256h2  q7, \old, v4.4s
    .endm

    // Four rounds, while w0 becomes W[t+16..t+19].
    .macro rounds_schedule w0, w1, w2, w3, k
    add       v4.4s, \w0\().4s, \k\().4s
    mov       v5.16b, v6.16b
    sha256su0 \w0\().4s, \w1\().4s
    rounds    q5
    sha256su1 \w0\().4s, \w2\().4s, \w3\().4s
    .endm

    .macro rounds_last w0, k
    add       v4.4s, \w0\().4s, \k\().4s
    mov       v5.16b, v6.16b
    rounds    q5
    .endm

// void sha256_blocks_sha2(uint32_t state[8], const void *data, uint64_t blocks)
// Requires: ID_AA64ISAR0_EL1.SHA2 >= 1; state 16-byte aligned; blocks > 0
// Clobbers: x1-x3, v0-v9, v16-v31
func sha256_blocks_sha2
    adr     constant, sha256_constants
    ld1     {v16.4s-v19.4s}, [constant], #64
    ld1     {v20.4s-v23.4s}, [constant], #64
    ld1     {v24.4s-v27.4s}, [constant], #64
    ld1     {v28.4s-v31.4s}, [constant]
    ldp     q6, q7, [state]
.Lsha256_blocks_sha2_next:
    ld1     {v0.16b-v3.16b}, [data], #64
    mov     v8.16b, v6.16b
    mov     v9.16b, v7.16b
    rev32   v0.16b, v0.16b                  // the message is big-endian
    rev32   v1.16b, v1.16b
    rev32   v2.16b, v2.16b
    rev32   v3.16b, v3.16b

    add       v4.4s, v0.4s, v16.4s          // the first four: v8 is a-d already
    sha256su0 v0.4s, v1.4s
    rounds    q8
    sha256su1 v0.4s, v2.4s, v3.4s
    rounds_schedule v1, v2, v3, v0, v17
    rounds_schedule v2, v3, v0, v1, v18
    rounds_schedule v3, v0, v1, v2, v19
    rounds_schedule v0, v1, v2, v3, v20
    rounds_schedule v1, v2, v3, v0, v21
    rounds_schedule v2, v3, v0, v1, v22
    rounds_schedule v3, v0, v1, v2, v23
    rounds_schedule v0, v1, v2, v3, v24
    rounds_schedule v1, v2, v3, v0, v25
    rounds_schedule v2, v3, v0, v1, v26
    rounds_schedule v3, v0, v1, v2, v27
    rounds_last v0, v28
    rounds_last v1, v29
    rounds_last v2, v30
    rounds_last v3, v31

    add     v6.4s, v6.4s, v8.4s
    add     v7.4s, v7.4s, v9.4s
    subs    blocks, blocks, #1
    b.ne    .Lsha256_blocks_sha2_next
    stp     q6, q7, [state]
    ret
endfunc sha256_blocks_sha2
