/* fill-info-libelf.c — fill in purgatory.elf, found by its one symbol: for loaders that read ELF files anyway
 * SPDX-License-Identifier: MIT
 */
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "files.h"

/* Where in the file the object `purgatory_info` is. */
static size_t find_info(const struct file *elf) {
    if (elf_version(EV_CURRENT) == EV_NONE) fail(elf->name, elf_errmsg(-1));
    Elf *handle = elf_memory((char *)elf->bytes, elf->size);
    if (!handle || elf_kind(handle) != ELF_K_ELF) fail(elf->name, "no ELF file");
    for (Elf_Scn *section = NULL; (section = elf_nextscn(handle, section));) {
        GElf_Shdr table, home;
        if (!gelf_getshdr(section, &table) || table.sh_type != SHT_SYMTAB || !table.sh_entsize) continue;
        Elf_Data *data = elf_getdata(section, NULL);
        GElf_Sym symbol;
        for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
            const char *name = elf_strptr(handle, table.sh_link, symbol.st_name);
            if (!name || strcmp(name, "purgatory_info") || symbol.st_size != sizeof(struct purgatory_info)) continue;
            Elf_Scn *section_of = elf_getscn(handle, symbol.st_shndx);
            if (!section_of || !gelf_getshdr(section_of, &home) || symbol.st_value < home.sh_addr) continue;
            size_t offset = home.sh_offset + (symbol.st_value - home.sh_addr);
            if (offset > elf->size || elf->size - offset < symbol.st_size) fail(elf->name, "truncated");
            elf_end(handle);
            return offset;
        }
    }
    fail(elf->name, "no symbol purgatory_info");
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fputs("usage: fill-info-libelf PURGATORY.elf OUT.elf KERNEL@ADDR DTB@ADDR [FILE@ADDR]...\n", stderr);
        return 64;
    }
    struct file purgatory = read_file(argv[1]);
    struct purgatory_info info;
    size_t offset = find_info(&purgatory);

    struct file files[PURGATORY_MAX_REGIONS];
    size_t count = 0;
    for (int i = 3; i < argc && count < PURGATORY_MAX_REGIONS; i++) files[count++] = read_file(argv[i]);

    memcpy(&info, purgatory.bytes + offset, sizeof info); /* the file may have it at any offset */
    const char *problem = fill_info(&info, files, count);
    if (problem) fail(argv[1], problem);
    memcpy(purgatory.bytes + offset, &info, sizeof info);
    write_file(argv[2], &purgatory);
    return 0;
}
