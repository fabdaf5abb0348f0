// shim.h — libelf as Swift sees it; function-like macros do not import, so they become functions here
// SPDX-License-Identifier: MIT
#pragma once
#include <elf.h>
#include <gelf.h>
#include <libelf.h>

static inline unsigned char clibelf_st_type(unsigned char info) { return GELF_ST_TYPE(info); }
static inline unsigned char clibelf_st_bind(unsigned char info) { return GELF_ST_BIND(info); }
static inline uint32_t clibelf_r_sym(uint64_t info) { return (uint32_t)GELF_R_SYM(info); }
static inline uint32_t clibelf_r_type(uint64_t info) { return (uint32_t)GELF_R_TYPE(info); }
static inline uint64_t clibelf_r_info(uint32_t narrow) {
    return GELF_R_INFO((uint64_t)ELF32_R_SYM(narrow), ELF32_R_TYPE(narrow));
}
