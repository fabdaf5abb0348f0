// header.S — the ends of the blob: the arm64 Image header and struct purgatory_info first, the end marker last
// SPDX-License-Identifier: MIT

#include "purgatory_info.h"

    // Nothing here is absolute: sizes are differences from a label of this section, which the linker resolves.
    .section .head, "awx", %progbits

// Linux Documentation/arch/arm64/booting.rst, "Call the kernel image"
    .global purgatory_start
    .type   purgatory_start, %function
purgatory_start:
    b       purgatory_entry                 // code0
    nop                                     // code1
    .quad   0                               // text_offset: none, any 4 KiB-aligned base will do
    .quad   __memory_end - purgatory_start  // image_size: the memory footprint
    .quad   1 << 3 | 1 << 1                 // flags: anywhere in memory (bit 3), 4 KiB pages (bits 1-2), little-endian
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0                               // no PE header
    .size   purgatory_start, . - purgatory_start

    // name is a global object of size bytes at the current location.
    .macro object name, size
    .global \name
    .type   \name, %object
    .size   \name, \size
\name:
    .endm

    // Go to the field's offset; the assembler refuses to go back, so no field can run into the next.
#define field(name) .org PURGATORY_INFO_OFFSET + PURGATORY_INFO_##name

    field(magic)
    object  purgatory_info, PURGATORY_INFO_SIZE
    .quad   PURGATORY_INFO_MAGIC
    field(version)
    .long   PURGATORY_INFO_VERSION
    field(size)
    .long   PURGATORY_INFO_SIZE
    field(kernel_entry)                    // the other names of fields are what today's loaders look for
    object  arm64_kernel_entry, 8
    field(dtb_addr)
    object  arm64_dtb_addr, 8
    field(console_base)
    object  arm64_sink, 8
    field(skip_checks)
    object  skip_checks, 4
    field(memory_size)
    .quad   __memory_end - purgatory_start
    field(regions)
    object  sha256_regions, PURGATORY_INFO_digests - PURGATORY_INFO_regions
    object  purgatory_sha_regions, PURGATORY_INFO_digests - PURGATORY_INFO_regions
    field(digest)
    object  sha256_digest, PURGATORY_DIGEST_SIZE
    object  purgatory_sha256_digest, PURGATORY_DIGEST_SIZE
    // The rest is 0: no result_addr, and the UART that kexec-tools means: a raw byte store.
    .org    PURGATORY_INFO_OFFSET + PURGATORY_INFO_SIZE

    // Behind the code: room for the SHA-256 of the first 8 bytes and of it, which the build fills in once it has proven
    // them; and a mark, since a
    // flat blob that was cut short does not end with it.
    .section .end, "a", %progbits
    .balign 8
    .zero   PURGATORY_END_SIZE - 8
    .quad   PURGATORY_END_MAGIC
