// ticks.c — prints the system counter, its frequency, and the counter at which this kernel's clock started
// SPDX-License-Identifier: MIT
//
// The counter goes on through a kexec; the next kernel's clock starts a moment before its first line.

#include "system.h"

enum { CLOCK_MONOTONIC = 1 };

void _start(void) {
  unsigned long ticks, frequency;
  long now[2] = {0, 0};
  call(CLOCK_GETTIME, CLOCK_MONOTONIC, (long)now, 0, 0);
  __asm__ volatile("isb; mrs %0, cntvct_el0; mrs %1, cntfrq_el0" : "=r"(ticks), "=r"(frequency));
  unsigned long since = now[0] * frequency + (unsigned long)now[1] / 1000 * frequency / 1000000;
  char line[80], *end = line + sizeof line, *start = end;
  *--start = '\n';
  start = decimal(start, ticks - since);
  *--start = ' ';
  start = decimal(start, frequency);
  *--start = ' ';
  start = decimal(start, ticks);
  call(WRITE, 1, (long)start, end - start, 0);
  call(EXIT, 0, 0, 0, 0);
}
