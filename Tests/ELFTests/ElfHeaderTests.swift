// ElfHeaderTests.swift — names of relocation types against those of elf.h
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import ELF

@Suite struct ElfHeaderTests {
  /// What elf.h calls otherwise than the ABI, for it is older.
  static let older = [
    "R_ARM_PC13": "R_ARM_LDR_PC_G0", "R_ARM_THM_PC22": "R_ARM_THM_CALL", "R_ARM_AMP_VCALL9": "R_ARM_BREL_ADJ",
    "R_ARM_SWI24": "R_ARM_TLS_DESC", "R_ARM_GOTOFF": "R_ARM_GOTOFF32", "R_ARM_GOTPC": "R_ARM_BASE_PREL",
    "R_ARM_GOT32": "R_ARM_GOT_BREL", "R_ARM_LDR_SBREL_11_0": "R_ARM_LDR_SBREL_11_0_NC",
    "R_ARM_ALU_SBREL_19_12": "R_ARM_ALU_SBREL_19_12_NC", "R_ARM_ALU_SBREL_27_20": "R_ARM_ALU_SBREL_27_20_CK",
    "R_ARM_THM_PC11": "R_ARM_THM_JUMP11", "R_ARM_THM_PC9": "R_ARM_THM_JUMP8",
    "R_ARM_THM_TLS_DESCSEQ": "R_ARM_THM_TLS_DESCSEQ16", "R_RISCV_GNU_VTINHERIT": "R_RISCV_GOT32_PCREL",
  ]

  /// How many there are at least in glibc 2.36.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/usr/include/elf.h") || Debian.isCI, "no elf.h"),
    arguments: [
      (.aarch64, "AARCH64", 123), (.x86_64, "X86_64", 41), (.riscv, "RISCV", 54), (.ppc64, "PPC64", 85),
      (.s390, "390", 62), (.arm, "ARM", 118), (.i386, "386", 42), (.mips, "MIPS", 51),
    ] as [(ELFHeader.Machine, String, Int)])
  func namesAreThoseOfElfH(machine: ELFHeader.Machine, prefix: String, count: Int) throws {
    let names = try ELFFile(try RelocationTypeTests.object(machine, count: 1100)).relocations().map {
      $0.typeName(for: machine)
    }
    let header = try String(contentsOfFile: "/usr/include/elf.h", encoding: .utf8)
    let defined = header.matches(of: /(?m)^#define\s+(R_\w+)\s+(\d+)/).filter {
      $0.1.hasPrefix("R_\(prefix)_") && !$0.1.hasPrefix("R_AARCH64_P32_") && !$0.1.hasSuffix("_NUM")
    }
    var compared = 0
    for match in defined {
      let (name, number) = (String(match.1), Int(match.2) ?? 0)
      // A number that the ABI has taken back, or that a later elf.h knows.
      guard !names[number].hasPrefix("type ") else { continue }
      #expect(names[number] == Self.older[name] ?? name)
      compared += 1
    }
    #expect(compared >= count, "\(machine.name)")
  }
}
