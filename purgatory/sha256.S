// sha256.S — SHA-256 of a byte stream (FIPS 180-4): blocks straight from aligned memory, the rest through a buffer
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
// Clobbers: x0-x3
func sha256_init
    adr     x0, sha256_context
    adr     x1, .Linitial_state
    ldp     x2, x3, [x1]
    stp     x2, x3, [x0, #SHA256_STATE]
    ldp     x2, x3, [x1, #16]
    stp     x2, x3, [x0, #SHA256_STATE + 16]
    str     xzr, [x0, #SHA256_TOTAL]
    ret
endfunc sha256_init

// void sha256_update(x0 = data, x1 = size)
// Requires: nothing of data's alignment: what is not 16-byte aligned in memory is copied by bytes, since an
//           unaligned load faults while the MMU is off
// Clobbers: x0-x18, FP/SIMD registers
func sha256_update
    data     .req x26
    size     .req x27
    context  .req x28
    push    x29, x30
    push    x26, x27
    push    x28, xzr
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
    tst     data, #15
    b.ne    .Lsha256_update_byte
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
    pop     x28, xzr
    pop     x26, x27
    pop     x29, x30
    ret
    .unreq  data
    .unreq  size
    .unreq  context
endfunc sha256_update

// void sha256_final(x0 = digest, 8-byte aligned): the padding, then the state in big-endian words
// Clobbers: x0-x18, FP/SIMD registers
func sha256_final
    context  .req x28
    push    x29, x30
    push    x26, x28
    mov     x26, x0
    adr     context, sha256_context
    ldr     x2, [context, #SHA256_TOTAL]
    and     x3, x2, #(BLOCK_SIZE - 1)
    add     x4, context, #SHA256_BUFFER
    mov     w5, #0x80                       // one 1 bit, then zeros to the length field of a block
.Lsha256_final_pad:
    strb    w5, [x4, x3]
    mov     w5, wzr
    add     x3, x3, #1
    cmp     x3, #BLOCK_SIZE
    b.ne    .Lsha256_final_padded
    add     x0, context, #SHA256_STATE      // no room for the length in this block
    mov     x1, x4
    mov     x2, #1
    bl      sha256_blocks
    add     x4, context, #SHA256_BUFFER
    mov     w5, wzr
    mov     x3, xzr
.Lsha256_final_padded:
    cmp     x3, #LENGTH_OFFSET
    b.ne    .Lsha256_final_pad

    ldr     x0, [context, #SHA256_TOTAL]
    lsl     x0, x0, #3                      // bits
    rev     x0, x0
    str     x0, [x4, #LENGTH_OFFSET]
    add     x0, context, #SHA256_STATE
    mov     x1, x4
    mov     x2, #1
    bl      sha256_blocks
    ldp     q0, q1, [context, #SHA256_STATE]
    rev32   v0.16b, v0.16b
    rev32   v1.16b, v1.16b
    stp     q0, q1, [x26]
    pop     x26, x28
    pop     x29, x30
    ret
    .unreq  context
endfunc sha256_final

    .section .rodata
    .balign 8
.Linitial_state:
    .long   0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19

    .section .scratch, "aw", %nobits
    .balign 16
sha256_context:
    .space  SHA256_SIZE
