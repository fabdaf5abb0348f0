// RelocationTypes+Others.swift — the relocation types of other 64-bit machines of Linux
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

// Names: elf.h; for what it lacks, and for the classes, the processor's ABI. Names of the form S + A - P are
// `pcRelative`, also those of a function's PLT entry, which a linker only makes for a function elsewhere.

extension RelocationTypes {
  /// x86-64 psABI.
  static let amd64 = RelocationTypes(
    prefix: "R_X86_64_", relative: 8,
    [
      (0, .none, "NONE"),
      (1, .absolute, "64"),
      (2, .pcRelative, "PC32"),
      (3, .gotOrPLT, "GOT32"),
      (4, .pcRelative, "PLT32"),
      (5, .dynamic, "COPY GLOB_DAT JUMP_SLOT RELATIVE"),
      (9, .gotOrPLT, "GOTPCREL"),
      (10, .absolute, "32 32S 16"),
      (13, .pcRelative, "PC16"),
      (14, .absolute, "8"),
      (15, .pcRelative, "PC8"),
      (16, .tls, "DTPMOD64 DTPOFF64 TPOFF64 TLSGD TLSLD DTPOFF32 GOTTPOFF TPOFF32"),
      (24, .pcRelative, "PC64"),
      (25, .pcRelative, "GOTOFF64 GOTPC32"),
      (27, .gotOrPLT, "GOT64 GOTPCREL64"),
      (29, .pcRelative, "GOTPC64"),
      (30, .gotOrPLT, "GOTPLT64 PLTOFF64"),
      (32, .none, "SIZE32 SIZE64"),
      (34, .tls, "GOTPC32_TLSDESC TLSDESC_CALL TLSDESC"),
      (37, .dynamic, "IRELATIVE RELATIVE64"),
      (39, .pcRelative, "PC32_BND PLT32_BND"),
      (41, .gotOrPLT, "GOTPCRELX REX_GOTPCRELX CODE_4_GOTPCRELX"),
      (44, .tls, "CODE_4_GOTTPOFF CODE_4_GOTPC32_TLSDESC"),
      (46, .gotOrPLT, "CODE_5_GOTPCRELX"),
      (47, .tls, "CODE_5_GOTTPOFF CODE_5_GOTPC32_TLSDESC"),
      (49, .gotOrPLT, "CODE_6_GOTPCRELX"),
      (50, .tls, "CODE_6_GOTTPOFF CODE_6_GOTPC32_TLSDESC"),
      (250, .none, "GNU_VTINHERIT GNU_VTENTRY"),
    ])

  /// RISC-V psABI. `ADD…`, `SUB…` and `SET…` are the parts of a difference of two labels.
  /// `VENDOR` says whose type the next relocation has; types from 192 on have no name, for they are each vendor's own.
  static let riscv = RelocationTypes(
    prefix: "R_RISCV_", relative: 3,
    [
      (0, .none, "NONE"),
      (1, .absolute, "32 64"),
      (3, .dynamic, "RELATIVE COPY JUMP_SLOT"),
      (6, .tls, "TLS_DTPMOD32 TLS_DTPMOD64 TLS_DTPREL32 TLS_DTPREL64 TLS_TPREL32 TLS_TPREL64 TLSDESC"),
      (16, .pcRelative, "BRANCH JAL CALL CALL_PLT"),
      (20, .gotOrPLT, "GOT_HI20"),
      (21, .tls, "TLS_GOT_HI20 TLS_GD_HI20"),
      (23, .pcRelative, "PCREL_HI20 PCREL_LO12_I PCREL_LO12_S"),
      (26, .absolute, "HI20 LO12_I LO12_S"),
      (29, .tls, "TPREL_HI20 TPREL_LO12_I TPREL_LO12_S TPREL_ADD"),
      (33, .plus, "ADD8 ADD16 ADD32 ADD64"),
      (37, .minus, "SUB8 SUB16 SUB32 SUB64"),
      (41, .gotOrPLT, "GOT32_PCREL"),
      (43, .none, "ALIGN"),
      (44, .pcRelative, "RVC_BRANCH RVC_JUMP"),
      (46, .absolute, "RVC_LUI"),
      (47, .gpRelative, "GPREL_I GPREL_S"),
      (49, .tls, "TPREL_I TPREL_S"),
      (51, .none, "RELAX"),
      (52, .minus, "SUB6"),
      (53, .plus, "SET6 SET8 SET16 SET32"),
      (57, .pcRelative, "32_PCREL"),
      (58, .dynamic, "IRELATIVE"),
      (59, .pcRelative, "PLT32"),
      (60, .plus, "SET_ULEB128"),
      (61, .minus, "SUB_ULEB128"),
      (62, .tls, "TLSDESC_HI20 TLSDESC_LOAD_LO12 TLSDESC_ADD_LO12 TLSDESC_CALL"),
      (191, .none, "VENDOR"),
    ])

  /// 64-bit ELF V2 ABI for Power. The TOC is the GOT.
  static let ppc64 = RelocationTypes(
    prefix: "R_PPC64_", relative: 22,
    [
      (0, .none, "NONE"),
      (
        1, .absolute,
        """
        ADDR32 ADDR24 ADDR16 ADDR16_LO ADDR16_HI ADDR16_HA ADDR14 ADDR14_BRTAKEN ADDR14_BRNTAKEN
        """
      ),
      (10, .pcRelative, "REL24 REL14 REL14_BRTAKEN REL14_BRNTAKEN"),
      (14, .gotOrPLT, "GOT16 GOT16_LO GOT16_HI GOT16_HA"),
      (19, .dynamic, "COPY GLOB_DAT JMP_SLOT RELATIVE"),
      (24, .absolute, "UADDR32 UADDR16"),
      (26, .pcRelative, "REL32"),
      (27, .gotOrPLT, "PLT32 PLTREL32 PLT16_LO PLT16_HI PLT16_HA"),
      (33, .none, "SECTOFF SECTOFF_LO SECTOFF_HI SECTOFF_HA"),
      (37, .pcRelative, "ADDR30"),
      (38, .absolute, "ADDR64 ADDR16_HIGHER ADDR16_HIGHERA ADDR16_HIGHEST ADDR16_HIGHESTA UADDR64"),
      (44, .pcRelative, "REL64"),
      (
        45, .gotOrPLT,
        """
        PLT64 PLTREL64 TOC16 TOC16_LO TOC16_HI TOC16_HA TOC PLTGOT16 PLTGOT16_LO PLTGOT16_HI PLTGOT16_HA
        """
      ),
      (56, .absolute, "ADDR16_DS ADDR16_LO_DS"),
      (58, .gotOrPLT, "GOT16_DS GOT16_LO_DS PLT16_LO_DS"),
      (61, .none, "SECTOFF_DS SECTOFF_LO_DS"),
      (63, .gotOrPLT, "TOC16_DS TOC16_LO_DS PLTGOT16_DS PLTGOT16_LO_DS"),
      (
        67, .tls,
        """
        TLS DTPMOD64 TPREL16 TPREL16_LO TPREL16_HI TPREL16_HA TPREL64
        DTPREL16 DTPREL16_LO DTPREL16_HI DTPREL16_HA DTPREL64
        GOT_TLSGD16 GOT_TLSGD16_LO GOT_TLSGD16_HI GOT_TLSGD16_HA
        GOT_TLSLD16 GOT_TLSLD16_LO GOT_TLSLD16_HI GOT_TLSLD16_HA
        GOT_TPREL16_DS GOT_TPREL16_LO_DS GOT_TPREL16_HI GOT_TPREL16_HA
        GOT_DTPREL16_DS GOT_DTPREL16_LO_DS GOT_DTPREL16_HI GOT_DTPREL16_HA
        TPREL16_DS TPREL16_LO_DS TPREL16_HIGHER TPREL16_HIGHERA TPREL16_HIGHEST TPREL16_HIGHESTA
        DTPREL16_DS DTPREL16_LO_DS DTPREL16_HIGHER DTPREL16_HIGHERA DTPREL16_HIGHEST DTPREL16_HIGHESTA
        TLSGD TLSLD
        """
      ),
      (109, .none, "TOCSAVE"),
      (110, .absolute, "ADDR16_HIGH ADDR16_HIGHA"),
      (112, .tls, "TPREL16_HIGH TPREL16_HIGHA DTPREL16_HIGH DTPREL16_HIGHA"),
      (116, .pcRelative, "REL24_NOTOC"),
      (117, .absolute, "ADDR64_LOCAL"),
      (118, .none, "ENTRY"),
      (119, .gotOrPLT, "PLTSEQ PLTCALL PLTSEQ_NOTOC PLTCALL_NOTOC"),
      (123, .none, "PCREL_OPT"),
      (124, .pcRelative, "REL24_P9NOTOC"),
      (128, .absolute, "D34 D34_LO D34_HI30 D34_HA30"),
      (132, .pcRelative, "PCREL34"),
      (133, .gotOrPLT, "GOT_PCREL34 PLT_PCREL34 PLT_PCREL34_NOTOC"),
      (136, .absolute, "ADDR16_HIGHER34 ADDR16_HIGHERA34 ADDR16_HIGHEST34 ADDR16_HIGHESTA34"),
      (140, .pcRelative, "REL16_HIGHER34 REL16_HIGHERA34 REL16_HIGHEST34 REL16_HIGHESTA34"),
      (144, .absolute, "D28"),
      (145, .pcRelative, "PCREL28"),
      (146, .tls, "TPREL34 DTPREL34"),
      (148, .tls, "GOT_TLSGD_PCREL34 GOT_TLSLD_PCREL34 GOT_TPREL_PCREL34 GOT_DTPREL_PCREL34"),
      (
        240, .pcRelative,
        """
        REL16_HIGH REL16_HIGHA REL16_HIGHER REL16_HIGHERA REL16_HIGHEST REL16_HIGHESTA REL16DX_HA
        """
      ),
      (247, .dynamic, "JMP_IREL IRELATIVE"),
      (249, .pcRelative, "REL16 REL16_LO REL16_HI REL16_HA"),
      (253, .none, "GNU_VTINHERIT GNU_VTENTRY"),
    ])

  /// ELF ABI s390x supplement; numbers and names are those of s390, too.
  static let s390 = RelocationTypes(
    prefix: "R_390_", relative: 12,
    [
      (0, .none, "NONE"),
      (1, .absolute, "8 12 16 32"),
      (5, .pcRelative, "PC32"),
      (6, .gotOrPLT, "GOT12 GOT32"),
      (8, .pcRelative, "PLT32"),
      (9, .dynamic, "COPY GLOB_DAT JMP_SLOT RELATIVE"),
      (13, .pcRelative, "GOTOFF32 GOTPC"),
      (15, .gotOrPLT, "GOT16"),
      (16, .pcRelative, "PC16 PC16DBL PLT16DBL PC32DBL PLT32DBL"),
      (21, .pcRelative, "GOTPCDBL"),
      (22, .absolute, "64"),
      (23, .pcRelative, "PC64"),
      (24, .gotOrPLT, "GOT64"),
      (25, .pcRelative, "PLT64"),
      (
        26, .gotOrPLT,
        """
        GOTENT
        """
      ),
      (27, .pcRelative, "GOTOFF16 GOTOFF64"),
      (
        29, .gotOrPLT,
        """
        GOTPLT12 GOTPLT16 GOTPLT32 GOTPLT64 GOTPLTENT PLTOFF16 PLTOFF32 PLTOFF64
        """
      ),
      (
        37, .tls,
        """
        TLS_LOAD TLS_GDCALL TLS_LDCALL TLS_GD32 TLS_GD64 TLS_GOTIE12 TLS_GOTIE32 TLS_GOTIE64 TLS_LDM32 TLS_LDM64
        TLS_IE32 TLS_IE64 TLS_IEENT TLS_LE32 TLS_LE64 TLS_LDO32 TLS_LDO64 TLS_DTPMOD TLS_DTPOFF TLS_TPOFF
        """
      ),
      (57, .absolute, "20"),
      (58, .gotOrPLT, "GOT20 GOTPLT20"),
      (60, .tls, "TLS_GOTIE20"),
      (61, .dynamic, "IRELATIVE"),
      (62, .pcRelative, "PC12DBL PLT12DBL PC24DBL PLT24DBL"),
      (250, .none, "GNU_VTINHERIT GNU_VTENTRY"),
    ])
}
