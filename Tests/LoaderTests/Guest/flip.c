// flip.c — preloaded into kexec: flips one bit of a segment after kexec has hashed it, before the kernel takes it
// SPDX-License-Identifier: MIT

struct segment {
  unsigned char *buffer;
  unsigned long size;
  unsigned long memory;
  unsigned long memory_size;
};

enum { KEXEC_LOAD = 104 };

// libc's syscall(2), through which kexec-tools calls kexec_load(2).
long syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (number == KEXEC_LOAD && b > 0) {
    struct segment *kernel = (struct segment *)c;
    kernel->buffer[kernel->size / 2] ^= 1;
  }
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0 < 0 ? -1 : x0;
}
