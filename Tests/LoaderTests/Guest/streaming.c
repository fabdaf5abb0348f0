// streaming.c — a task that stays in streaming SVE mode, its ZA enabled (FEAT_SME)
// SPDX-License-Identifier: MIT

void _start(void) {
  __asm__ volatile(".inst 0xd503477f\n"  // smstart: the kernel gives access at the first trap
                   "1: b 1b");
}
