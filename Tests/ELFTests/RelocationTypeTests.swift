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
      image[table + 24 * number + 8, UInt32.self] = UInt32(clamping: number)
    }
    return image.bytes
  }

  /// What readelf calls otherwise than elf.h.
  static let synonyms = [
    "R_AARCH64_TLS_DTPMOD64": "R_AARCH64_TLS_DTPMOD", "R_AARCH64_TLS_DTPREL64": "R_AARCH64_TLS_DTPREL",
    "R_AARCH64_TLS_TPREL64": "R_AARCH64_TLS_TPREL", "R_PPC64_REL30": "R_PPC64_ADDR30",
  ]

  /// How many types there are at least that readelf 2.40 knows as well.
  @Test(
    .enabled(if: Toolchain.readelf != nil || Debian.isCI, "no readelf in PATH"),
    arguments: [(.aarch64, 124), (.x86_64, 44), (.riscv, 53), (.ppc64, 155), (.s390, 68)] as [(Machine, Int)])
  func namesAreThoseOfReadelf(machine: Machine, count: Int) throws {
    let file = try Self.object(machine, count: 1100)
    let text = try Toolchain.readelf("-rW", file: file)
    let names = Dictionary(
      text.matches(of: /(?m)^([0-9a-f]{16}) +[0-9a-f]{16} +(R_\w+)/).map {
        (UInt64($0.1, radix: 16) ?? 0, Self.synonyms[String($0.2)] ?? String($0.2))
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
    #expect(all.map { $0.typeName(for: Machine(rawValue: 3)) } == ["type 0", "type 1"])
    #expect(all.map { $0.classification(for: .aarch64) } == [.none, .unknown])
    #expect(all.map { $0.classification(for: Machine(rawValue: 3)) } == [.unknown, .unknown])
    let relative = try #require(try ELFFile(try Fixtures.get().packed).relocations().first)
    #expect(relative.typeName(for: .aarch64) == "R_AARCH64_RELATIVE")
    #expect(relative.typeName(for: .s390) == "R_390_RELATIVE")
    #expect(relative.typeName(for: Machine(rawValue: 3)) == "RELR")
    #expect(relative.classification(for: .riscv) == .dynamic)
    #expect(relative.classification(for: Machine(rawValue: 3)) == .dynamic)
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
    #expect(try types(.x86_64, .pcRelative) == [2, 4, 13, 15, 24, 39, 40])
    #expect(try types(.riscv, .absolute) == [1, 2, 26, 27, 28, 46])
    #expect(try types(.riscv, .dynamic) == [3, 4, 5, 58])
    #expect(try types(.ppc64, .dynamic) == [19, 20, 21, 22, 247, 248])
    #expect(try types(.s390, .absolute) == [1, 2, 3, 4, 22, 57])
    #expect(try types(.s390, .dynamic) == [9, 10, 11, 12, 61])
  }

  @Test func namesOfMachinesAndFiles() {
    #expect(
      [Machine.aarch64, .x86_64, .riscv, .ppc64, .s390, Machine(rawValue: 9)].map(\.name)
        == ["AArch64", "x86-64", "RISC-V", "PowerPC64", "S/390", "machine 9"])
    #expect(
      (0...5).map { ELFHeader.ObjectType(rawValue: $0).name }
        == ["ET_NONE", "ET_REL", "ET_EXEC", "ET_DYN", "ET_CORE", "type 5"])
  }
}
