// system.h — system calls and numbers in decimal, for programs without a C library
// SPDX-License-Identifier: MIT

static inline long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}

enum { OPENAT = 56, WRITE = 64, PREAD = 67, PPOLL = 73, EXIT = 93, CLOCK_GETTIME = 113 };

/// Writes a number that ends before `end`; returns where it starts.
static inline char *decimal(char *end, unsigned long value) {
  do *--end = '0' + value % 10;
  while (value /= 10);
  return end;
}
