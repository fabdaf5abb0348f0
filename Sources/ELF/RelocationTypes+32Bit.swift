// RelocationTypes+32Bit.swift — the relocation types of 32-bit machines of Linux, and of MIPS
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

// Names and classes: as for the other machines. The address of a GOT or PLT entry is `gotOrPLT`, too.

extension RelocationTypes {
  /// "ELF for the Arm Architecture" (AAELF32), also for the many names that are older in elf.h, and the FDPIC ABI.
  /// Numbers whose meaning AAELF32 has given up have no name, for it may give them another one.
  ///
  /// ABS is S + A, PREL and PC are S + A - P, as branches (CALL, JUMP24, BF16, …) are. SB and BREL are distances
  /// from the start of the symbol's segment. TARGET1 is ABS32 on Linux, TARGET2 is GOT_PREL; elsewhere the linker's
  /// options say.
  static let arm = RelocationTypes(
    prefix: "R_ARM_", relative: 23,
    [
      (0, .none, "NONE"),
      (1, .pcRelative, "PC24"),
      (2, .absolute, "ABS32"),
      (3, .pcRelative, "REL32 LDR_PC_G0"),
      (5, .absolute, "ABS16 ABS12 THM_ABS5 ABS8"),
      (9, .unknown, "SBREL32"),
      (10, .pcRelative, "THM_CALL THM_PC8"),
      (12, .dynamic, "BREL_ADJ"),
      (13, .tls, "TLS_DESC"),
      (14, .absolute, "THM_SWI8"),
      (15, .pcRelative, "XPC25 THM_XPC22"),
      (17, .tls, "TLS_DTPMOD32 TLS_DTPOFF32 TLS_TPOFF32"),
      (20, .dynamic, "COPY GLOB_DAT JUMP_SLOT RELATIVE"),
      (24, .pcRelative, "GOTOFF32 BASE_PREL"),
      (26, .gotOrPLT, "GOT_BREL"),
      (27, .pcRelative, "PLT32 CALL JUMP24 THM_JUMP24"),
      (31, .gotOrPLT, "BASE_ABS"),
      (32, .pcRelative, "ALU_PCREL_7_0 ALU_PCREL_15_8 ALU_PCREL_23_15"),
      (35, .unknown, "LDR_SBREL_11_0_NC ALU_SBREL_19_12_NC ALU_SBREL_27_20_CK"),
      (38, .absolute, "TARGET1"),
      (39, .unknown, "SBREL31"),
      (40, .none, "V4BX"),
      (41, .unknown, "TARGET2"),
      (42, .pcRelative, "PREL31"),
      (43, .absolute, "MOVW_ABS_NC MOVT_ABS"),
      (45, .pcRelative, "MOVW_PREL_NC MOVT_PREL"),
      (47, .absolute, "THM_MOVW_ABS_NC THM_MOVT_ABS"),
      (
        49, .pcRelative,
        """
        THM_MOVW_PREL_NC THM_MOVT_PREL THM_JUMP19 THM_JUMP6 THM_ALU_PREL_11_0 THM_PC12
        """
      ),
      (55, .absolute, "ABS32_NOI"),
      (
        56, .pcRelative,
        """
        REL32_NOI ALU_PC_G0_NC ALU_PC_G0 ALU_PC_G1_NC ALU_PC_G1 ALU_PC_G2 LDR_PC_G1 LDR_PC_G2
        LDRS_PC_G0 LDRS_PC_G1 LDRS_PC_G2 LDC_PC_G0 LDC_PC_G1 LDC_PC_G2
        """
      ),
      (
        70, .unknown,
        """
        ALU_SB_G0_NC ALU_SB_G0 ALU_SB_G1_NC ALU_SB_G1 ALU_SB_G2 LDR_SB_G0 LDR_SB_G1 LDR_SB_G2
        LDRS_SB_G0 LDRS_SB_G1 LDRS_SB_G2 LDC_SB_G0 LDC_SB_G1 LDC_SB_G2
        MOVW_BREL_NC MOVT_BREL MOVW_BREL THM_MOVW_BREL_NC THM_MOVT_BREL THM_MOVW_BREL
        """
      ),
      (90, .tls, "TLS_GOTDESC TLS_CALL TLS_DESCSEQ THM_TLS_CALL"),
      (94, .gotOrPLT, "PLT32_ABS GOT_ABS GOT_PREL GOT_BREL12 GOTOFF12 GOTRELAX"),
      (100, .none, "GNU_VTENTRY GNU_VTINHERIT"),
      (102, .pcRelative, "THM_JUMP11 THM_JUMP8"),
      (104, .tls, "TLS_GD32 TLS_LDM32 TLS_LDO32 TLS_IE32 TLS_LE32 TLS_LDO12 TLS_LE12 TLS_IE12GP"),
      (129, .tls, "THM_TLS_DESCSEQ16 THM_TLS_DESCSEQ32"),
      (131, .gotOrPLT, "THM_GOT_BREL12"),
      (132, .absolute, "THM_ALU_ABS_G0_NC THM_ALU_ABS_G1_NC THM_ALU_ABS_G2_NC THM_ALU_ABS_G3"),
      (136, .pcRelative, "THM_BF16 THM_BF12 THM_BF18"),
      (160, .dynamic, "IRELATIVE"),
      (161, .gotOrPLT, "GOTFUNCDESC GOTOFFFUNCDESC"),
      (163, .absolute, "FUNCDESC"),
      (164, .dynamic, "FUNCDESC_VALUE"),
      (165, .tls, "TLS_GD32_FDPIC TLS_LDM32_FDPIC TLS_IE32_FDPIC"),
    ])

  /// Intel386 psABI.
  static let i386 = RelocationTypes(
    prefix: "R_386_", relative: 8,
    [
      (0, .none, "NONE"),
      (1, .absolute, "32"),
      (2, .pcRelative, "PC32"),
      (3, .gotOrPLT, "GOT32"),
      (4, .pcRelative, "PLT32"),
      (5, .dynamic, "COPY GLOB_DAT JMP_SLOT RELATIVE"),
      (9, .pcRelative, "GOTOFF GOTPC"),
      (11, .gotOrPLT, "32PLT"),
      (14, .tls, "TLS_TPOFF TLS_IE TLS_GOTIE TLS_LE TLS_GD TLS_LDM"),
      (20, .absolute, "16"),
      (21, .pcRelative, "PC16"),
      (22, .absolute, "8"),
      (23, .pcRelative, "PC8"),
      (
        24, .tls,
        """
        TLS_GD_32 TLS_GD_PUSH TLS_GD_CALL TLS_GD_POP TLS_LDM_32 TLS_LDM_PUSH TLS_LDM_CALL TLS_LDM_POP
        TLS_LDO_32 TLS_IE_32 TLS_LE_32 TLS_DTPMOD32 TLS_DTPOFF32 TLS_TPOFF32
        """
      ),
      (38, .unknown, "SIZE32"),
      (39, .tls, "TLS_GOTDESC TLS_DESC_CALL TLS_DESC"),
      (42, .dynamic, "IRELATIVE"),
      (43, .gotOrPLT, "GOT32X"),
      (250, .none, "GNU_VTINHERIT GNU_VTENTRY"),
    ])

  /// MIPS psABI and its 64-bit successor; binutils and LLVM for MIPS16, microMIPS and Release 6. The register of
  /// GPREL and LITERAL has a fixed distance from the GOT.
  static let mips = RelocationTypes(
    prefix: "R_", relative: 3,
    prefixed(
      "MIPS_",
      [
        (0, .none, "NONE"),
        (1, .absolute, "16 32"),
        (3, .dynamic, "REL32"),
        (4, .absolute, "26 HI16 LO16"),
        (7, .gotOrPLT, "GPREL16 LITERAL GOT16"),
        (10, .pcRelative, "PC16"),
        (11, .gotOrPLT, "CALL16 GPREL32"),
        (16, .absolute, "SHIFT5 SHIFT6 64"),
        (19, .gotOrPLT, "GOT_DISP GOT_PAGE GOT_OFST GOT_HI16 GOT_LO16"),
        (24, .absolute, "SUB"),
        (25, .unknown, "INSERT_A INSERT_B DELETE"),
        (28, .absolute, "HIGHER HIGHEST"),
        (30, .gotOrPLT, "CALL_HI16 CALL_LO16"),
        (32, .unknown, "SCN_DISP REL16 ADD_IMMEDIATE PJUMP"),
        (36, .dynamic, "RELGOT"),
        (37, .none, "JALR"),
        (
          38, .tls,
          """
          TLS_DTPMOD32 TLS_DTPREL32 TLS_DTPMOD64 TLS_DTPREL64 TLS_GD TLS_LDM TLS_DTPREL_HI16 TLS_DTPREL_LO16
          TLS_GOTTPREL TLS_TPREL32 TLS_TPREL64 TLS_TPREL_HI16 TLS_TPREL_LO16
          """
        ),
        (51, .dynamic, "GLOB_DAT"),
        (60, .pcRelative, "PC21_S2 PC26_S2 PC18_S3 PC19_S2 PCHI16 PCLO16"),
        (126, .dynamic, "COPY JUMP_SLOT"),
        (248, .pcRelative, "PC32"),
        (249, .gotOrPLT, "EH"),
        (250, .pcRelative, "GNU_REL16_S2"),
        (253, .none, "GNU_VTINHERIT GNU_VTENTRY"),
      ])
      + prefixed(
        "MIPS16_",
        [
          (100, .absolute, "26"),
          (101, .gotOrPLT, "GPREL GOT16 CALL16"),
          (104, .absolute, "HI16 LO16"),
          (
            106, .tls,
            "TLS_GD TLS_LDM TLS_DTPREL_HI16 TLS_DTPREL_LO16 TLS_GOTTPREL TLS_TPREL_HI16 TLS_TPREL_LO16"
          ),
          (113, .pcRelative, "PC16_S1"),
        ])
      + prefixed(
        "MICROMIPS_",
        [
          (133, .absolute, "26_S1 HI16 LO16"),
          (136, .gotOrPLT, "GPREL16 LITERAL GOT16"),
          (139, .pcRelative, "PC7_S1 PC10_S1 PC16_S1"),
          (142, .gotOrPLT, "CALL16"),
          (145, .gotOrPLT, "GOT_DISP GOT_PAGE GOT_OFST GOT_HI16 GOT_LO16"),
          (150, .absolute, "SUB HIGHER HIGHEST"),
          (153, .gotOrPLT, "CALL_HI16 CALL_LO16"),
          (155, .unknown, "SCN_DISP"),
          (156, .none, "JALR"),
          (157, .absolute, "HI0_LO16"),
          (162, .tls, "TLS_GD TLS_LDM TLS_DTPREL_HI16 TLS_DTPREL_LO16 TLS_GOTTPREL"),
          (169, .tls, "TLS_TPREL_HI16 TLS_TPREL_LO16"),
          (172, .gotOrPLT, "GPREL7_S2"),
          (173, .pcRelative, "PC23_S2 PC21_S1 PC26_S1 PC18_S3 PC19_S2"),
        ]))

  private typealias Row = (first: UInt32, classification: RelocationClass, names: String)

  /// The rows, with `prefix` before each name.
  private static func prefixed(_ prefix: String, _ rows: [Row]) -> [Row] {
    rows.map { row in
      let names = row.names.split { $0 == " " || $0 == "\n" }
      return (row.first, row.classification, names.map { prefix + $0 }.joined(separator: " "))
    }
  }
}
