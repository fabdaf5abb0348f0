/* purgatory_info.h — the ABI, version 2: the one copy that assembly, Swift and C loaders include
 * SPDX-License-Identifier: MIT
 *
 * All fields are little-endian. Addresses are physical; with PURGATORY_FLAG_RELATIVE, kernel_entry, a non-zero
 * dtb_addr and every region base are offsets from the blob's base, modulo 2^64. docs/abi.md has the whole contract.
 * Plain literals only: Swift imports a macro only when its value is one.
 */
#ifndef PURGATORY_INFO_H
#define PURGATORY_INFO_H

/* The flat blob: a 64-byte arm64 Image header, then struct purgatory_info. */
#define PURGATORY_INFO_OFFSET         0x40
#define PURGATORY_INFO_SIZE           0x390
#define PURGATORY_INFO_VERSION        2
#define PURGATORY_INFO_MAGIC          0x4f464e4947525550 /* "PURGINFO" */
#define PURGATORY_END_MAGIC           0x2e444e4547525550 /* "PURGEND.": the last 8 bytes of the flat blob */
#define PURGATORY_END_SIZE            40 /* the seal, PURGATORY_DIGEST_SIZE bytes: SHA-256 of bytes 0-7 and the code; then that */
#define PURGATORY_MAX_REGIONS         16
#define PURGATORY_DIGEST_SIZE         32
#define PURGATORY_REGION_ALIGNMENT    16
#define PURGATORY_RESULT_SIZE         16 /* four big-endian u32: status, failed_region, microseconds (saturated), verify_path */
#define PURGATORY_RESULT_ALIGNMENT    8
#define PURGATORY_LOAD_ALIGNMENT      0x1000
#define PURGATORY_MAX_ADDRESS         0xffffffffffff /* of its last byte: 48 bits */
#define PURGATORY_MAX_FILE_SIZE       8192     /* header, info, code, constants, strings */
#define PURGATORY_MAX_MEMORY_SIZE     0x40000  /* file + scratch: 256 KiB */

/* Offsets into struct purgatory_info. */
#define PURGATORY_INFO_magic          0x000
#define PURGATORY_INFO_version        0x008
#define PURGATORY_INFO_size           0x00c
#define PURGATORY_INFO_kernel_entry   0x010
#define PURGATORY_INFO_dtb_addr       0x018
#define PURGATORY_INFO_flags          0x020
#define PURGATORY_INFO_console_base   0x028
#define PURGATORY_INFO_console_access 0x030
#define PURGATORY_INFO_skip_checks    0x034
#define PURGATORY_INFO_memory_size    0x038
#define PURGATORY_INFO_regions        0x040
#define PURGATORY_INFO_digests        0x140
#define PURGATORY_INFO_digest         0x340
#define PURGATORY_INFO_status         0x360
#define PURGATORY_INFO_failed_region  0x364
#define PURGATORY_INFO_verify_ticks   0x368
#define PURGATORY_INFO_verify_path    0x370
#define PURGATORY_INFO_result_addr    0x378
#define PURGATORY_INFO_console_data   0x380
#define PURGATORY_INFO_console_status 0x384
#define PURGATORY_INFO_console_mask   0x388
#define PURGATORY_INFO_console_ready  0x38c

/* flags: single bits by value, the two fields by shift and mask. */
#define PURGATORY_FLAG_VERIFY_REGIONS   0x001
#define PURGATORY_FLAG_VERIFY_COMBINED  0x002
#define PURGATORY_FLAG_RELATIVE         0x004
#define PURGATORY_FLAG_NO_CACHE         0x008
#define PURGATORY_FLAG_NO_CRYPTO        0x010
#define PURGATORY_FLAG_QUIET            0x020
#define PURGATORY_FLAG_ON_FAILURE_SHIFT 8
#define PURGATORY_FLAG_ON_FAILURE_MASK  0x300
#define PURGATORY_FLAG_PSCI_HVC         0x400

/* What to do on a failure (flags bits 8-9). */
#define PURGATORY_ON_FAILURE_HALT       0
#define PURGATORY_ON_FAILURE_RESET      1 /* PSCI SYSTEM_RESET */
#define PURGATORY_ON_FAILURE_POWEROFF   2 /* PSCI SYSTEM_OFF */
#define PURGATORY_ON_FAILURE_BOOT       3 /* boot anyway */

/* status, written by the purgatory */
#define PURGATORY_STATUS_NOT_RUN        0
#define PURGATORY_STATUS_RUNNING        1
#define PURGATORY_STATUS_VERIFIED       2
#define PURGATORY_STATUS_SKIPPED        3
#define PURGATORY_STATUS_MISMATCH       4
#define PURGATORY_STATUS_EXCEPTION      5
#define PURGATORY_STATUS_BAD_INFO       6

#define PURGATORY_FAILED_COMBINED       0xffffffff /* failed_region: the combined digest differs */

/* verify_path */
#define PURGATORY_PATH_CACHED           1
#define PURGATORY_PATH_SHA2             2

#ifndef __ASSEMBLER__
/* Linux has no C library, and a struct purgatory_info of its own in <linux/kexec.h>: include that first, and define
 * purgatory_info as another name around this file. */
#ifdef __KERNEL__
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

/* kexec-tools' region layout, which is why regions and digests are two arrays. size 0: unused. */
struct purgatory_region {
    uint64_t base; /* 16-byte aligned */
    uint64_t size; /* bytes */
};

struct purgatory_info {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    uint64_t kernel_entry; /* the next kernel's first instruction; 0: not ready */
    uint64_t dtb_addr;     /* handed over in x0; 0: hand over the x0 that purgatory was entered with */
    uint64_t flags;
    uint64_t console_base; /* MMIO address; 0: silent */
    uint32_t console_access; /* bytes of a register access: 0 or 1 a byte, 4 a word; any other: silent */
    uint32_t skip_checks;  /* non-zero: do not verify */
    uint64_t memory_size;  /* bytes from the blob's base: file and scratch; set at link time */
    struct purgatory_region regions[PURGATORY_MAX_REGIONS];
    uint8_t digests[PURGATORY_MAX_REGIONS][PURGATORY_DIGEST_SIZE];
    uint8_t digest[PURGATORY_DIGEST_SIZE];
    uint32_t status;
    uint32_t failed_region;
    uint64_t verify_ticks;
    uint64_t verify_path;
    uint64_t result_addr;    /* the PURGATORY_RESULT_SIZE bytes are stored there before the jump; 0: nowhere */
    uint32_t console_data;   /* offsets of the UART's data register */
    uint32_t console_status; /* ... and of its status register */
    uint32_t console_mask;   /* 0: there is nothing to ask */
    uint32_t console_ready;  /* a byte has left when (status & mask) == ready */
};

/* How a UART takes a byte. The purgatory knows none by name: these are initialisers for a struct purgatory_console.
 * Each with the driver of Linux 6.12, in drivers/tty/serial, that its registers were checked against. */
struct purgatory_console {
    uint32_t access, data, status, mask, ready; /* as console_access to console_ready */
};
#define PURGATORY_CONSOLE_RAW            { 0, 0, 0, 0, 0 }                        /* a byte store, and that is all: kexec-tools' */
#define PURGATORY_CONSOLE_PL011          { 4, 0x00, 0x18, 1 << 3, 0 }             /* UARTFR.BUSY; Arm DDI 0183 */
#define PURGATORY_CONSOLE_QDF2400        { 4, 0x00, 0x18, 1 << 7, 1 << 7 }        /* a PL011 whose BUSY is not to be trusted: UARTFR.TXFE; amba-pl011.c */
#define PURGATORY_CONSOLE_8250           { 1, 0, 5, 1 << 6, 1 << 6 }              /* LSR.TEMT, 8-bit registers next to each other; 8250/ */
#define PURGATORY_CONSOLE_8250_STRIDE4   { 1, 0, 5 * 4, 1 << 6, 1 << 6 }          /* the same, 8-bit registers 4 apart */
#define PURGATORY_CONSOLE_8250_MMIO32    { 4, 0, 5 * 4, 1 << 6, 1 << 6 }          /* the same, 32-bit registers */
#define PURGATORY_CONSOLE_IMX            { 4, 0x40, 0x98, 1 << 3, 1 << 3 }        /* UTXD, USR2.TXDC; imx.c */
#define PURGATORY_CONSOLE_LPUART         { 1, 7, 4, 1 << 6, 1 << 6 }              /* D, S1.TC, of 8 bits; fsl_lpuart.c */
#define PURGATORY_CONSOLE_LPUART32       { 4, 0x0c, 0x04, 1 << 22, 1 << 22 }      /* DATA, STAT.TC, of 32 bits; fsl_lpuart.c */
#define PURGATORY_CONSOLE_IMX_LPUART     { 4, 0x1c, 0x14, 1 << 22, 1 << 22 }      /* the same behind 4 registers; fsl_lpuart.c */
#define PURGATORY_CONSOLE_MESON          { 4, 0x00, 0x0c, 0x2400000, 0x400000 }   /* WFIFO, STATUS: empty, not busy; meson_uart.c */
#define PURGATORY_CONSOLE_CADENCE        { 4, 0x30, 0x2c, 0x808, 0x008 }          /* FIFO, SR: TEMPTY, not TACTIVE; xilinx_uartps.c */
#define PURGATORY_CONSOLE_SCIF           { 1, 0x0c, 0x1d, 0xff, 0 }               /* FTDR, upper half of FDR: none in the FIFO (FSR.TEND needs clearing); sh-sci.c */
#define PURGATORY_CONSOLE_SCIFA          { 1, 0x06, 0x0f, 0xff, 0 }               /* the same, registers 2 apart; sh-sci.c */
#define PURGATORY_CONSOLE_SAMSUNG        { 4, 0x20, 0x10, 1 << 2, 1 << 2 }        /* UTXH, UTRSTAT: all empty; samsung_tty.c */
#define PURGATORY_CONSOLE_ARMADA3700     { 4, 0x04, 0x0c, 1 << 6, 1 << 6 }        /* TSH, STAT.TX_EMP; mvebu-uart.c */
#define PURGATORY_CONSOLE_ARMADA3700_EXT { 4, 0x1c, 0x0c, 1 << 6, 1 << 6 }        /* its second UART; mvebu-uart.c */
#define PURGATORY_CONSOLE_STM32          { 4, 0x28, 0x1c, 1 << 6, 1 << 6 }        /* TDR, ISR.TC; stm32-usart.h */

static inline void purgatory_set_console(struct purgatory_info *info, uint64_t base,
                                         const struct purgatory_console *console)
{
    info->console_base = base;
    info->console_access = console->access;
    info->console_data = console->data;
    info->console_status = console->status;
    info->console_mask = console->mask;
    info->console_ready = console->ready;
}

#if defined __cplusplus
#define PURGATORY_ASSERT(condition, name) static_assert(condition, #name)
#elif defined __STDC_VERSION__ && __STDC_VERSION__ >= 201112L
#define PURGATORY_ASSERT(condition, name) _Static_assert(condition, #name)
#else
#define PURGATORY_ASSERT(condition, name) typedef char name[(condition) ? 1 : -1]
#endif
#define PURGATORY_ASSERT_OFFSET(field)                                                                      \
    PURGATORY_ASSERT(offsetof(struct purgatory_info, field) == PURGATORY_INFO_##field, purgatory_info_##field##_moved)
PURGATORY_ASSERT_OFFSET(magic);
PURGATORY_ASSERT_OFFSET(version);
PURGATORY_ASSERT_OFFSET(size);
PURGATORY_ASSERT_OFFSET(kernel_entry);
PURGATORY_ASSERT_OFFSET(dtb_addr);
PURGATORY_ASSERT_OFFSET(flags);
PURGATORY_ASSERT_OFFSET(console_base);
PURGATORY_ASSERT_OFFSET(console_access);
PURGATORY_ASSERT_OFFSET(skip_checks);
PURGATORY_ASSERT_OFFSET(memory_size);
PURGATORY_ASSERT_OFFSET(regions);
PURGATORY_ASSERT_OFFSET(digests);
PURGATORY_ASSERT_OFFSET(digest);
PURGATORY_ASSERT_OFFSET(status);
PURGATORY_ASSERT_OFFSET(failed_region);
PURGATORY_ASSERT_OFFSET(verify_ticks);
PURGATORY_ASSERT_OFFSET(verify_path);
PURGATORY_ASSERT_OFFSET(result_addr);
PURGATORY_ASSERT_OFFSET(console_data);
PURGATORY_ASSERT_OFFSET(console_status);
PURGATORY_ASSERT_OFFSET(console_mask);
PURGATORY_ASSERT_OFFSET(console_ready);
PURGATORY_ASSERT(sizeof(struct purgatory_info) == PURGATORY_INFO_SIZE, purgatory_info_changed_size);
#undef PURGATORY_ASSERT_OFFSET
#undef PURGATORY_ASSERT
#endif /* __ASSEMBLER__ */
#endif /* PURGATORY_INFO_H */
