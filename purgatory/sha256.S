// sha256.S — SHA-256 of a byte stream (FIPS 180-4): blocks straight from memory, the rest through a buffer
// SPDX-License-Identifier: MIT

#include "routine.h"

#define BLOCK_SIZE       64
#define BLOCK_SHIFT      6
#define LENGTH_SIZE      8          // of what ends a message: its length in bits

// sha256_context
#define SHA256_STATE     0x00       // 8 words a-h; sha256_blocks takes the context's address as the state's
#define SHA256_TOTAL     0x20       // bytes so far
#define SHA256_LENGTH    0x28       // of the message in bits, big-endian
#define SHA256_BUFFER    0x30       // the block that is not full yet: TOTAL % BLOCK_SIZE bytes
#define SHA256_SIZE      0x70

// void sha256_init(void): a new stream
// Clobbers: x2, x3, v0, v1
func sha256_init
    adr     x2, sha256_context
    adr     x3, sha256_initial_state
    ldp     q0, q1, [x3]
    stp     q0, q1, [x2, #SHA256_STATE]
    str     xzr, [x2, #SHA256_TOTAL]
    ret
endfunc sha256_init

// uint64_t sha256_update(x0 = data, x1 = size): 0, so that each_region goes on
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func sha256_update
    context .req x0
    data    .req x1
    used    .req x3                         // bytes in the buffer
    total   .req x2
    blocks  .req x2
    byte    .req w2
    size    .req x28
    push    x30, xzr
    mov     size, x1
    mov     data, x0
    adr     context, sha256_context
    ldr     total, [context, #SHA256_TOTAL]
    and     used, total, #(BLOCK_SIZE - 1)
    add     total, total, size
    str     total, [context, #SHA256_TOTAL]
.Lsha256_update_next:
    cbz     size, .Lsha256_update_done
    cbnz    used, .Lsha256_update_byte      // the buffer must be filled first
    lsr     blocks, size, #BLOCK_SHIFT
    cbz     blocks, .Lsha256_update_byte
    and     size, size, #(BLOCK_SIZE - 1)
    bl      sha256_blocks                   // in place
    mov     used, xzr
    b       .Lsha256_update_next

.Lsha256_update_byte:
    ldrb    byte, [data], #1
    sub     size, size, #1
    add     x4, context, used
    strb    byte, [x4, #SHA256_BUFFER]
    add     used, used, #1
    cmp     used, #BLOCK_SIZE
    b.lo    .Lsha256_update_next
    push    data, xzr
    add     data, context, #SHA256_BUFFER
    mov     blocks, #1
    bl      sha256_blocks
    pop     data, xzr
    mov     used, xzr
    b       .Lsha256_update_next

.Lsha256_update_done:
    mov     x0, xzr
    pop     x30, xzr
    ret
    .unreq  context
    .unreq  data
    .unreq  used
    .unreq  total
    .unreq  blocks
    .unreq  byte
    .unreq  size
endfunc sha256_update

// void sha256_final(void): computed_digest is that of what came since sha256_init
// Clobbers: x0-x17, x28, v0-v9, v16-v31
func sha256_final
    push    x30, xzr
    adr     x3, sha256_context
    ldr     x2, [x3, #SHA256_TOTAL]
    lsl     x0, x2, #3                      // in bits
    rev     x0, x0
    str     x0, [x3, #SHA256_LENGTH]
    add     x2, x2, #LENGTH_SIZE            // which ends the last block
    and     x2, x2, #(BLOCK_SIZE - 1)
    mov     x1, #BLOCK_SIZE
    sub     x1, x1, x2                      // so much padding before it: at least one byte
    adr     x0, sha256_padding
    bl      sha256_update
    adr     x0, sha256_context + SHA256_LENGTH
    mov     x1, #LENGTH_SIZE
    bl      sha256_update
    adr     x0, sha256_context
    ldp     q0, q1, [x0, #SHA256_STATE]
    rev32   v0.16b, v0.16b
    rev32   v1.16b, v1.16b
    adr     x0, computed_digest
    stp     q0, q1, [x0]
    pop     x30, xzr
    ret
endfunc sha256_final

// x0 = compare_digest(x0 = expected digest): 0 if computed_digest is the same, else x0
// Clobbers: x1-x6
func compare_digest
    adr     x1, computed_digest
    ldp     x2, x3, [x0]
    ldp     x4, x5, [x1]
    eor     x2, x2, x4
    eor     x3, x3, x5
    orr     x6, x2, x3                      // every bit of all 32 bytes counts
    ldp     x2, x3, [x0, #16]
    ldp     x4, x5, [x1, #16]
    eor     x2, x2, x4
    eor     x3, x3, x5
    orr     x6, x6, x2
    orr     x6, x6, x3
    cmp     x6, #0
    csel    x0, x0, xzr, ne
    ret
endfunc compare_digest

    .section .scratch, "aw", %nobits
    .balign 16
    .global computed_digest
    .hidden computed_digest
sha256_context:
    .space  SHA256_SIZE
computed_digest:
    .space  PURGATORY_DIGEST_SIZE
