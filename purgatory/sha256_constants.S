// sha256_constants.S — the constants of SHA-256, computed as FIPS 180-4 defines them: a table would be twice the code
// SPDX-License-Identifier: MIT

#include "routine.h"

#define ROOT_STEPS       32         // each brings two bits more

// void compute_sha256_constants(void): sha256_constants and the initial state behind them; then sha256_init
// Of the first 64 primes the cube roots' fractions, of the first eight the square roots': the first 32 bits of each.
// A double has 18 bits more than that.
// Clobbers: x0-x4, v0, v1
func compute_sha256_constants
    place     .req x0
    candidate .req w1
    divisor   .req w2
    left      .req w2
    prime     .req d0
    root      .req d1
    mrs     x4, fpcr
    msr     fpcr, xzr                       // round to nearest, trap nothing
    adr     place, sha256_constants
    mov     candidate, #1
.Lcompute_sha256_constants_next:
    add     candidate, candidate, #1
    mov     divisor, #1
.Lcompute_sha256_constants_divide:          // a prime has no divisor up to its square root
    add     divisor, divisor, #1
    mul     w3, divisor, divisor
    cmp     w3, candidate
    b.hi    .Lcompute_sha256_constants_prime
    udiv    w3, candidate, divisor
    msub    w3, w3, divisor, candidate
    cbnz    w3, .Lcompute_sha256_constants_divide
    b       .Lcompute_sha256_constants_next

.Lcompute_sha256_constants_prime:
    ucvtf   prime, candidate
    fsqrt   root, prime
    fcvtzu  x3, root, #32                   // 32 bits of fraction; the integer above is not stored
    str     w3, [place, #SHA256_CONSTANTS_SIZE] // of eight primes, the other 56 are of no use
    mov     left, #ROOT_STEPS
.Lcompute_sha256_constants_root:            // the cube root x is where x = (prime * x) ^ (1/4)
    fmul    root, prime, root
    fsqrt   root, root
    fsqrt   root, root
    subs    left, left, #1
    b.ne    .Lcompute_sha256_constants_root
    fcvtzu  x3, root, #32
    str     w3, [place], #4
    tst     place, #(SHA256_CONSTANTS_SIZE - 1)
    b.ne    .Lcompute_sha256_constants_next
    msr     fpcr, x4
    b       sha256_init
    .unreq  place
    .unreq  candidate
    .unreq  divisor
    .unreq  left
    .unreq  prime
    .unreq  root
endfunc compute_sha256_constants
