// sha256.S — SHA-256 of a byte stream (FIPS 180-4): blocks straight from memory, the rest through a buffer
// SPDX-License-Identifier: MIT

#include "routine.h"

#define BLOCK_SIZE       64
#define BLOCK_SHIFT      6
#define LENGTH_OFFSET    56         // of the 64-bit message length in the last block

// sha256_context
#define SHA256_STATE     0x00       // 8 words a-h
#define SHA256_TOTAL     0x20       // bytes so far
#define SHA256_BUFFER    0x30       // the block that is not full yet: TOTAL % BLOCK_SIZE bytes
#define SHA256_SIZE      0x70

// void sha256_init(void)
// Clobbers: x2-x4, v0, v1
func sha256_init
    adr     x2, sha256_context
    adr     x3, .Linitial_state
    ldp     q0, q1, [x3]
    stp     q0, q1, [x2, #SHA256_STATE]
    str     xzr, [x2, #SHA256_TOTAL]
    ret
endfunc sha256_init

// void sha256_update(x0 = data, x1 = size)
// Requires: nothing of data's alignment: what is not 16-byte aligned is copied by bytes while the MMU is off, since an
//           unaligned load faults then
// Clobbers: x0-x18, FP/SIMD registers
func sha256_update
    data     .req x26
    size     .req x27
    context  .req x28
    push    x26, x27
    push    x28, x30
    mov     data, x0
    mov     size, x1
    adr     context, sha256_context
    ldr     x2, [context, #SHA256_TOTAL]
    and     x3, x2, #(BLOCK_SIZE - 1)       // x3 = bytes in the buffer
    add     x2, x2, size
    str     x2, [context, #SHA256_TOTAL]

.Lsha256_update_loop:
    cbz     size, .Lsha256_update_done
    cbnz    x3, .Lsha256_update_byte        // the buffer must be filled first
    tbnz    path, #PATH_MMU_ON_BIT, .Lsha256_update_blocks
    tst     data, #15                       // Device memory: nothing unaligned
    b.ne    .Lsha256_update_byte
.Lsha256_update_blocks:
    lsr     x2, size, #BLOCK_SHIFT
    cbz     x2, .Lsha256_update_byte
    add     x0, context, #SHA256_STATE      // whole blocks, in place
    mov     x1, data
    add     data, data, x2, lsl #BLOCK_SHIFT
    and     size, size, #(BLOCK_SIZE - 1)
    bl      sha256_blocks
    mov     x3, xzr
    b       .Lsha256_update_loop

.Lsha256_update_byte:
    ldrb    w0, [data], #1
    sub     size, size, #1
    add     x1, context, #SHA256_BUFFER
    strb    w0, [x1, x3]
    add     x3, x3, #1
    cmp     x3, #BLOCK_SIZE
    b.ne    .Lsha256_update_loop
    add     x0, context, #SHA256_STATE
    mov     x2, #1
    bl      sha256_blocks
    mov     x3, xzr
    b       .Lsha256_update_loop

.Lsha256_update_done:
    pop     x28, x30
    pop     x26, x27
    ret
    .unreq  data
    .unreq  size
    .unreq  context
endfunc sha256_update

// void sha256_blocks(x0 = state, x1 = data, x2 = blocks > 0), on the path of this run
// Clobbers: x1-x17, v0-v9, v16-v31
func sha256_blocks
    tbnz    path, #PATH_SHA2_BIT, .Lsha256_blocks_sha2
    b       sha256_blocks_scalar
.Lsha256_blocks_sha2:
    b       sha256_blocks_sha2
endfunc sha256_blocks

// void sha256_final(x0 = digest, 16-byte aligned): the padding, then the state in big-endian words
// Clobbers: x0-x18, FP/SIMD registers
func sha256_final
    push    x26, x30
    mov     x26, x0
    adr     x0, sha256_padding              // one 1 bit and zeros; behind them the length in bits
    mov     w1, #0x80
    stp     x1, xzr, [x0]
    stp     xzr, xzr, [x0, #16]
    stp     xzr, xzr, [x0, #32]
    stp     xzr, xzr, [x0, #48]
    adr     x2, sha256_context
    ldr     x2, [x2, #SHA256_TOTAL]
    mvn     x1, x2
    add     x1, x1, #LENGTH_OFFSET
    and     x1, x1, #(BLOCK_SIZE - 1)       // zeros until 8 bytes are left of a block: (55 - total) mod 64
    add     x1, x1, #1
    lsl     x2, x2, #3
    rev     x2, x2
    str     x2, [x0, #BLOCK_SIZE]
    bl      sha256_update
    adr     x0, sha256_padding + BLOCK_SIZE
    mov     x1, #8
    bl      sha256_update
    adr     x0, sha256_context
    ldp     q0, q1, [x0, #SHA256_STATE]
    rev32   v0.16b, v0.16b
    rev32   v1.16b, v1.16b
    stp     q0, q1, [x26]
    pop     x26, x30
    ret
endfunc sha256_final

    .section .rodata
    .balign 16
.Linitial_state:
    .long   0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19

    .section .scratch, "aw", %nobits
    .balign 16
sha256_context:
    .space  SHA256_SIZE
sha256_padding:
    .space  BLOCK_SIZE + 16
