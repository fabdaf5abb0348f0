// sha256.S — SHA-256 of a byte stream (FIPS 180-4): blocks straight from memory, the rest through a buffer
// SPDX-License-Identifier: MIT

#include "routine.h"

#define BLOCK_SIZE       64
#define BLOCK_SHIFT      6

// sha256_context
#define SHA256_INITIAL   -SHA256_CONSTANTS_SIZE // the initial state
#define SHA256_STATE     0x00       // 8 words a-h; sha256_blocks takes the context's address as the state's
#define SHA256_TOTAL     0x20       // bytes so far
#define SHA256_BUFFER    0x30       // the block that is not full yet: TOTAL % BLOCK_SIZE bytes
#define SHA256_PADDING   0x70       // a block of it, then the length in bits
#define SHA256_LENGTH    0xb0
#define SHA256_DIGEST    0xc0       // computed_digest
#define SHA256_SIZE      0xe0

context .req x0

// uint64_t sha256_update(x0 = data, x1 = size): 0, so that each_region goes on
// Requires: nothing of data's alignment: what is not 16-byte aligned is copied by bytes while the MMU is off, since an
//           unaligned load faults then
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func sha256_update
    data    .req x1
    used    .req x3                         // bytes in the buffer
    size    .req x28
    push    x30, xzr
    mov     size, x1
    mov     data, x0
    adr     context, sha256_context
    ldr     x2, [context, #SHA256_TOTAL]
    and     used, x2, #(BLOCK_SIZE - 1)
    add     x2, x2, size
    str     x2, [context, #SHA256_TOTAL]
.Lsha256_update_next:
    cbz     size, .Lsha256_update_done
    cbnz    used, .Lsha256_update_byte      // the buffer must be filled first
    tbnz    path, #PATH_MMU_ON_BIT, .Lsha256_update_blocks
    tst     data, #15                       // Device memory: nothing unaligned
    b.ne    .Lsha256_update_byte
.Lsha256_update_blocks:
    lsr     x2, size, #BLOCK_SHIFT
    cbz     x2, .Lsha256_update_byte
    and     size, size, #(BLOCK_SIZE - 1)
    bl      sha256_blocks                   // in place
    b       .Lsha256_update_hashed

.Lsha256_update_byte:
    ldrb    w2, [data], #1
    sub     size, size, #1
    add     x4, context, used
    strb    w2, [x4, #SHA256_BUFFER]
    add     used, used, #1
    tbz     used, #BLOCK_SHIFT, .Lsha256_update_next
    push    data, xzr
    add     data, context, #SHA256_BUFFER
    mov     x2, #1
    bl      sha256_blocks
    pop     data, xzr
.Lsha256_update_hashed:
    mov     used, xzr
    b       .Lsha256_update_next

.Lsha256_update_done:
    mov     x0, xzr
    pop     x30, xzr
    ret
    .unreq  data
    .unreq  used
    .unreq  size
endfunc sha256_update

// x0 = sha256_compare(x1 = expected digest): 0 if what came since sha256_init has it, else x1; ready for the next stream
// Out:      computed_digest
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func sha256_compare
    push    x1, x30
    adr     context, sha256_context
    add     x3, context, #SHA256_PADDING
    movi    v0.4s, #0
    stp     q0, q0, [x3]
    stp     q0, q0, [x3, #32]
    ldr     x2, [context, #SHA256_TOTAL]
    lsl     x1, x2, #3
    rev     x1, x1
    str     x1, [context, #SHA256_LENGTH]
    add     x2, x2, #8
    and     x2, x2, #(BLOCK_SIZE - 1)       // the padding ends with a block, so this is where it has to start
    add     x0, x3, x2
    mov     w1, #0x80                       // a 1 bit, then zeros
    strb    w1, [x0]
    mov     x1, #(BLOCK_SIZE + 8)
    sub     x1, x1, x2
    bl      sha256_update

    adr     x2, sha256_context
    ldp     q0, q1, [x2, #SHA256_STATE]
    rev32   v0.16b, v0.16b
    rev32   v1.16b, v1.16b
    stp     q0, q1, [x2, #SHA256_DIGEST]
    pop     x1, x30
    ldp     q2, q3, [x1]
    eor     v2.16b, v2.16b, v0.16b
    eor     v3.16b, v3.16b, v1.16b
    orr     v2.16b, v2.16b, v3.16b          // every bit of all 32 bytes counts
    umaxv   s2, v2.4s
    fmov    w0, s2
    cmp     w0, #0
    csel    x0, x1, xzr, ne
    // goes on in sha256_init
endfunc sha256_compare

// void sha256_init(void)
// Requires: compute_sha256_constants
// Clobbers: x2, v0, v1
func sha256_init
    adr     x2, sha256_context
    ldp     q0, q1, [x2, #SHA256_INITIAL]
    stp     q0, q1, [x2, #SHA256_STATE]
    str     xzr, [x2, #SHA256_TOTAL]
    ret
endfunc sha256_init

    .section .scratch, "aw", %nobits
    .balign SHA256_CONSTANTS_SIZE
    .global sha256_constants, computed_digest
    .hidden sha256_constants, computed_digest
sha256_constants:                           // K; then what compute_sha256_constants makes of square roots
    .space  2 * SHA256_CONSTANTS_SIZE
sha256_context:
    .space  SHA256_DIGEST
computed_digest:                            // at a multiple of 32
    .space  SHA256_SIZE - SHA256_DIGEST
