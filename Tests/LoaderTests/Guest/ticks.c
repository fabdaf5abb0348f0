// ticks.c — prints the system counter, its frequency, and the counter at which this kernel's clock started
// SPDX-License-Identifier: MIT
//
// The counter goes on through a kexec; the next kernel's clock starts a moment before its first line.

enum { WRITE = 64, EXIT = 93, CLOCK_GETTIME = 113, CLOCK_MONOTONIC = 1 };

static long call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}

static char *decimal(char *end, unsigned long value) {
  do *--end = '0' + value % 10;
  while (value /= 10);
  return end;
}

void _start(void) {
  unsigned long ticks, frequency;
  long now[2] = {0, 0};
  call(CLOCK_GETTIME, CLOCK_MONOTONIC, (long)now, 0);
  __asm__ volatile("isb; mrs %0, cntvct_el0; mrs %1, cntfrq_el0" : "=r"(ticks), "=r"(frequency));
  unsigned long since = now[0] * frequency + (unsigned long)now[1] / 1000 * frequency / 1000000;
  char line[80], *end = line + sizeof line, *start = end;
  *--start = '\n';
  start = decimal(start, ticks - since);
  *--start = ' ';
  start = decimal(start, frequency);
  *--start = ' ';
  start = decimal(start, ticks);
  call(WRITE, 1, (long)start, end - start);
  call(EXIT, 0, 0, 0);
}
