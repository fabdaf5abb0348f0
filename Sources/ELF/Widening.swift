// Widening.swift — entries of 32-bit files as those of 64-bit files
// SPDX-License-Identifier: MIT

internal import CLibELF
internal import CheckedArithmetic

extension GElf_Sym {
  init(_ narrow: Elf32_Sym) {
    self.init(
      st_name: narrow.st_name, st_info: narrow.st_info, st_other: narrow.st_other, st_shndx: narrow.st_shndx,
      st_value: UInt64(narrow.st_value), st_size: UInt64(narrow.st_size))
  }
}

extension GElf_Dyn {
  init(_ narrow: Elf32_Dyn) {
    self.init(d_tag: Int64(narrow.d_tag), d_un: .init(d_val: UInt64(narrow.d_un.d_val)))
  }
}

extension GElf_Rel {
  init(_ narrow: Elf32_Rel) {
    self.init(r_offset: UInt64(narrow.r_offset), r_info: clibelf_r_info(narrow.r_info))
  }
}

extension GElf_Rela {
  init(_ narrow: Elf32_Rela) {
    self.init(
      r_offset: UInt64(narrow.r_offset), r_info: clibelf_r_info(narrow.r_info),
      r_addend: Int64(narrow.r_addend))
  }
}

extension UInt64 {
  init(narrow: UInt32) {
    self.init(narrow)
  }
}
