/* start.S — the first instruction: hand the initial stack to C
 * SPDX-License-Identifier: MIT
 */
        .text
        .global _start
_start:
        mov     x29, #0                 // where backtraces end
        mov     x30, #0
        mov     x0, sp                  // argc, argv, environment, auxiliary vector
        b       start

        .section .note.GNU-stack, "", %progbits
