// RelocationTypeTests.swift — names and classes of relocation types
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

@Suite struct RelocationTypeTests {
  typealias Machine = ELFHeader.Machine

  /// An object file for `machine` with a relocation of every number below `count`, each at its number.
  static func object(_ machine: Machine, count: Int) throws -> [UInt8] {
    var image = Image(
      bytes: try Toolchain.assemble(".data\n.rept \(count)\n.quad x\n.endr\n"))
    image[0x12, UInt16.self] = machine.rawValue
    let table = image.content(".rela.data")
    for number in 0..<count {
      image[table + 24 * number, UInt64.self] = UInt64(number)
      let info = table + 24 * number + 8
      // There the symbol comes first, then the types, the first of them last.
      if machine == .mips {
        image[info, UInt32.self] = image[info + 4, UInt32.self]
        image[info + 4, UInt32.self] = UInt32(clamping: number).byteSwapped
      } else {
        image[info, UInt32.self] = UInt32(clamping: number)
      }
    }
    return image.bytes
  }

  /// What readelf calls otherwise than elf.h.
  static let synonyms = [
    "R_AARCH64_TLS_DTPMOD64": "R_AARCH64_TLS_DTPMOD", "R_AARCH64_TLS_DTPREL64": "R_AARCH64_TLS_DTPREL",
    "R_AARCH64_TLS_TPREL64": "R_AARCH64_TLS_TPREL", "R_PPC64_REL30": "R_PPC64_ADDR30",
    "R_ARM_ALU_PCREL7_0": "R_ARM_ALU_PCREL_7_0", "R_ARM_ALU_PCREL15_8": "R_ARM_ALU_PCREL_15_8",
    "R_ARM_ALU_PCREL23_15": "R_ARM_ALU_PCREL_23_15", "R_ARM_LDR_SBREL_11_0": "R_ARM_LDR_SBREL_11_0_NC",
    "R_ARM_ALU_SBREL_19_12": "R_ARM_ALU_SBREL_19_12_NC", "R_ARM_ALU_SBREL_27_20": "R_ARM_ALU_SBREL_27_20_CK",
    "R_ARM_THM_TLS_DESCSEQ": "R_ARM_THM_TLS_DESCSEQ16", "R_ARM_THM_ALU_ABS_G3_NC": "R_ARM_THM_ALU_ABS_G3",
    "R_386_JUMP_SLOT": "R_386_JMP_SLOT",
  ]

  /// How many types there are at least that readelf 2.40 knows as well.
  @Test(
    .enabled(if: Toolchain.readelf != nil || Debian.isCI, "no readelf in PATH"),
    arguments: [
      (.aarch64, 124), (.x86_64, 44), (.riscv, 53), (.ppc64, 155), (.s390, 68), (.arm, 128), (.i386, 44),
      (.mips, 487),
    ] as [(Machine, Int)])
  func namesAreThoseOfReadelf(machine: Machine, count: Int) throws {
    let file = try Self.object(machine, count: 1100)
    let text = try Toolchain.readelf("-rW", file: file)
    let names = Dictionary(
      text.matches(of: /(?m)^([0-9a-f]{16}) +[0-9a-f]{16} +(R_\w+)[^\n]*((\n +Type[23]: R_\w+ *)*)/).map {
        let later = $0.3.matches(of: /R_\w+/).map { String($0.0) }
        let last = later.lastIndex { $0 != "R_MIPS_NONE" }
        let name = ([String($0.2)] + later.prefix(last.map { $0 + 1 } ?? 0)).joined(separator: "/")
        return (UInt64($0.1, radix: 16) ?? 0, Self.synonyms[name] ?? name)
      }, uniquingKeysWith: { first, _ in first })
    var compared = 0
    for relocation in try ELFFile(file).relocations() {
      let name = relocation.typeName(for: machine)
      // AArch64's 32-bit class is not there, and a later readelf may know more.
      guard let expected = names[relocation.offset], !name.hasPrefix("type ") else { continue }
      #expect(name == expected)
      compared += 1
    }
    #expect(compared >= count, "\(machine.name)")
  }

  @Test func namesOfTheUnknown() throws {
    let all = try ELFFile(try Self.object(.aarch64, count: 2)).relocations()
    #expect(all.map { $0.typeName(for: .aarch64) } == ["R_AARCH64_NONE", "type 1"])
    #expect(all.map { $0.typeName(for: Machine(rawValue: 2)) } == ["type 0", "type 1"])
    #expect(all.map { $0.classification(for: .aarch64) } == [.none, .unknown])
    #expect(all.map { $0.classification(for: Machine(rawValue: 2)) } == [.unknown, .unknown])
    let relative = try #require(try ELFFile(try Fixtures.get().packed).relocations().first)
    #expect(relative.typeName(for: .aarch64) == "R_AARCH64_RELATIVE")
    #expect(relative.typeName(for: .s390) == "R_390_RELATIVE")
    #expect(relative.typeName(for: Machine(rawValue: 2)) == "RELR")
    #expect(relative.classification(for: .riscv) == .dynamic)
    #expect(relative.classification(for: Machine(rawValue: 2)) == .dynamic)
  }

  /// AAELF64 names a type by what it does, so that names say the class, too.
  @Test func classesOfAArch64() throws {
    for relocation in try ELFFile(try Self.object(.aarch64, count: 1100)).relocations() {
      let name = relocation.typeName(for: .aarch64)
      guard name.hasPrefix("R_"), let number = relocation.type else { continue }
      let expected: RelocationClass =
        if number == 0 || number == 256 {
          .none
        } else if number >= 1024 {
          .dynamic
        } else if name.contains("TLS") {
          .tls
        } else if name.hasPrefix("R_AARCH64_GOTREL") || name.hasPrefix("GOTREL") {
          .pcRelative
        } else if name.contains("GOT") {
          .gotOrPLT
        } else if name.hasSuffix("_ABS_LO12_NC") {
          .pageOffset
        } else if name.contains(/ABS|SABS/) {
          .absolute
        } else if name.contains(/PREL|JUMP26|CALL26|BR14|BR19|PLT32/) {
          .pcRelative
        } else {
          .unknown
        }
      #expect(relocation.classification(for: .aarch64) == expected, "\(name)")
    }
  }

  @Test func classesOfOtherMachines() throws {
    func types(_ machine: Machine, _ wanted: RelocationClass) throws -> Set<UInt32> {
      Set(
        try ELFFile(try Self.object(machine, count: 256)).relocations()
          .filter { $0.classification(for: machine) == wanted }.compactMap(\.type))
    }
    #expect(try types(.x86_64, .absolute) == [1, 10, 11, 12, 14])
    #expect(try types(.x86_64, .dynamic) == [5, 6, 7, 8, 37, 38])
    #expect(try types(.x86_64, .pcRelative) == [2, 4, 13, 15, 24, 25, 26, 29, 39, 40])
    #expect(try types(.riscv, .absolute) == [1, 2, 26, 27, 28, 46])
    #expect(try types(.riscv, .dynamic) == [3, 4, 5, 58])
    #expect(try types(.ppc64, .dynamic) == [19, 20, 21, 22, 247, 248])
    #expect(try types(.s390, .absolute) == [1, 2, 3, 4, 22, 57])
    #expect(try types(.s390, .dynamic) == [9, 10, 11, 12, 61])
    #expect(try types(.i386, .absolute) == [1, 20, 22])
    #expect(try types(.i386, .pcRelative) == [2, 4, 9, 10, 21, 23])
    #expect(try types(.i386, .gotOrPLT) == [3, 11, 43])
    #expect(try types(.i386, .dynamic) == [5, 6, 7, 8, 42])
    #expect(
      try types(.mips, .absolute).intersection(0..<128) == [
        1, 2, 4, 5, 6, 16, 17, 18, 24, 28, 29, 100, 104, 105,
      ])
    #expect(try types(.mips, .pcRelative).intersection(0..<128) == [10, 60, 61, 62, 63, 64, 65, 113])
    #expect(try types(.mips, .dynamic) == [3, 36, 51, 126, 127])
  }

  /// Names say the class, except of branches and of what has been there before AAELF32.
  @Test func classesOfARM() throws {
    for relocation in try ELFFile(try Self.object(.arm, count: 256)).relocations() {
      let name = relocation.typeName(for: .arm).dropFirst("R_ARM_".count)
      guard relocation.typeName(for: .arm).hasPrefix("R_"), let number = relocation.type else { continue }
      let expected: RelocationClass =
        if [0, 40, 100, 101].contains(number) {
          .none
        } else if [12, 20, 21, 22, 23, 160, 164].contains(number) {
          .dynamic
        } else if name.contains("TLS") {
          .tls
        } else if [24, 25].contains(number) {
          .pcRelative
        } else if name.contains(/GOT|^BASE|PLT32_ABS/) {
          .gotOrPLT
        } else if name.contains(/ABS|TARGET1|SWI8|^FUNCDESC$/) {
          .absolute
        } else if name.contains(/SB|BREL|TARGET2/) {
          .unknown
        } else {
          .pcRelative
        }
      #expect(relocation.classification(for: .arm) == expected, "\(name)")
    }
  }

  @Test func namesOfMachinesAndFiles() {
    #expect(
      [Machine.aarch64, .x86_64, .riscv, .ppc64, .s390, .arm, .i386, .mips, Machine(rawValue: 9)].map(\.name)
        == ["AArch64", "x86-64", "RISC-V", "PowerPC64", "S/390", "ARM", "i386", "MIPS", "machine 9"])
    #expect(
      (0...5).map { ELFHeader.ObjectType(rawValue: $0).name }
        == ["ET_NONE", "ET_REL", "ET_EXEC", "ET_DYN", "ET_CORE", "type 5"])
  }
}
