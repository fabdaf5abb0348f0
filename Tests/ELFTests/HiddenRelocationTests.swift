// HiddenRelocationTests.swift — relocations are found once, whatever packs or hides them
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

@Suite struct HiddenRelocationTests {
  let fixtures: Fixtures
  /// All relocations of the shared object, as its linker says them without packing.
  let plain: [Relocation]

  init() throws {
    fixtures = try Fixtures.get()
    plain = try ELFFile(fixtures.shared(.none)).relocations()
  }

  static let files = Fixtures.Packing.allCases

  /// What a relocation does, without where it was found.
  struct Effect: Hashable {
    var offset: UInt64
    var type: UInt32
    var symbol: String?
  }

  func effects(_ relocations: [Relocation]) -> [Effect: Int] {
    relocations.reduce(into: [:]) {
      $0[Effect(offset: $1.offset, type: $1.type ?? 1027, symbol: $1.symbol), default: 0] += 1
    }
  }

  @Test func everyKindIsThere() throws {
    #expect(plain.count == Fixtures.sharedCount && plain.allSatisfy { $0.isDynamic })
    let symbols = Dictionary(grouping: plain, by: \.type).mapValues { Set($0.map(\.symbol)) }
    #expect(
      symbols == [
        1027: [nil], 1025: ["variable", "missing"], 257: ["table"], 1026: ["function1", "function2"],
      ])
  }

  /// Sections of other layouts, so other addresses: the same relocations from the start of the data on.
  @Test(arguments: files) func packingLosesNothing(_ packing: Fixtures.Packing) throws {
    func moved(_ relocations: [Relocation]) -> [Effect: Int] {
      let first = relocations.map(\.offset).min() ?? 0
      return effects(relocations).reduce(into: [:]) {
        $0[
          Effect(offset: $1.key.offset - first, type: $1.key.type, symbol: $1.key.symbol)] = $1.value
      }
    }
    let packed = try ELFFile(fixtures.shared(packing)).relocations()
    #expect(moved(packed) == moved(plain))
    let addends = packed.filter { $0.symbol == "table" }.map(\.addend)
    #expect(addends == [0, 8])
  }

  @Test(arguments: files) func withoutSectionHeaders(_ packing: Fixtures.Packing) throws {
    let listed = try ELFFile(fixtures.shared(packing)).relocations()
    let file = try ELFFile(try Toolchain.stripSections(fixtures.shared(packing)))
    #expect(file.sections.isEmpty)
    let hidden = try file.relocations()
    #expect(effects(hidden) == effects(listed))
    #expect(hidden.map(\.addend).count { $0 != nil } == listed.map(\.addend).count { $0 != nil })
    #expect(hidden.allSatisfy { $0.isDynamic && $0.targetSection == nil })
    let tables: [Fixtures.Packing: Set<String>] = [
      .none: ["DT_RELA"], .relr: ["DT_RELA", "DT_RELR"], .android: ["DT_ANDROID_RELA"],
      .androidAndRelr: ["DT_ANDROID_RELA", "DT_RELR"],
    ]
    #expect(Set(hidden.map(\.table)) == tables[packing]?.union(["DT_JMPREL"]))
  }

  /// A section header that lies does not change what a loader will apply.
  @Test(arguments: files, [".rela.dyn", ".rela.plt", ".relr.dyn"])
  func sectionsThatLie(_ packing: Fixtures.Packing, _ name: String) throws {
    let original = Image(bytes: fixtures.shared(packing))
    guard original.index(name) != 0 else { return }
    let listed = effects(try ELFFile(original.bytes).relocations())
    let header = original.section(name)
    let entrySize = original[header + 0x38, UInt64.self]
    let lies: [(String, (inout Image) -> Void)] = [
      ("is data", { $0[header + 4, UInt32.self] = 1 }),
      ("is nothing", { $0[header + 4, UInt32.self] = 0 }),
      ("is empty", { $0[header + 0x20, UInt64.self] = 0 }),
      ("is short", { $0[header + 0x20, UInt64.self] = entrySize }),
      ("is not loaded", { $0[header + 8, UInt64.self] = 0 }),
      (
        "has other entries",
        {
          $0[header + 4, UInt32.self] = 9
          $0[header + 0x38, UInt64.self] = 16
        }
      ),
      (
        "starts late",
        {
          guard entrySize > 1 else { return }
          $0[header + 0x18, UInt64.self] += entrySize
          $0[header + 0x20, UInt64.self] -= entrySize
        }
      ),
    ]
    for (lie, tell) in lies {
      var image = original
      tell(&image)
      do {
        let found = try ELFFile(image.bytes).relocations()
        #expect(effects(found) == listed, "\(lie)")
        #expect(found.allSatisfy { $0.isDynamic }, "\(lie)")
      } catch {
        // Not even a table of its kind.
        let isStream = entrySize == 1 && lie == "is short"
        let isBitmap = name == ".relr.dyn" && lie == "starts late"
        let isUneven = !original[header + 0x20, UInt64.self].isMultiple(of: 16) && lie == "has other entries"
        #expect(isStream || isBitmap || isUneven, "\(lie): \(error)")
      }
    }
  }

  /// The gABI lets DT_RELASZ include the relocations of DT_JMPREL.
  @Test func pltRelocationsInsideOthers() throws {
    var image = Image(bytes: fixtures.shared(.none))
    #expect(
      image.content(".rela.dyn") + 24 * (Fixtures.sharedCount - 2) == image.content(".rela.plt"), "adjacent")
    image[image.dynamic(8), UInt64.self] += image[image.dynamic(2), UInt64.self]
    #expect(try ELFFile(image.bytes).relocations() == plain)
    image.stripSections()
    let hidden = try ELFFile(image.bytes).relocations()
    #expect(effects(hidden) == effects(plain) && Set(hidden.map(\.table)) == ["DT_RELA"])
  }

  @Test func namesThatCannotBeResolved() throws {
    let spoils: [(inout Image) -> Void] = [
      { $0[$0.dynamic(5), UInt64.self] = 0xffff_0000 },  // DT_STRTAB
      { $0.rename(10, to: 0x7000_0000) },  // no DT_STRSZ
      { $0[$0.dynamic(6), UInt64.self] = 0xffff_0000 },  // DT_SYMTAB
      { $0[$0.dynamic(11), UInt64.self] = 23 },  // DT_SYMENT
      { $0.rename(6, to: 0x7000_0000) },  // no DT_SYMTAB
      {  // symbols beyond the last
        let (first, size) = ($0.dynamicContent(7), Int(clamping: $0[$0.dynamic(8), UInt64.self]))
        for offset in stride(from: first, to: first + size, by: 24)
        where $0[offset + 12, UInt32.self] != 0 { $0[offset + 12, UInt32.self] = 0xffff }
        let plt = $0.dynamicContent(23)
        for offset in [plt, plt + 24] { $0[offset + 12, UInt32.self] = 0xffff }
      },
    ]
    for spoil in spoils {
      var image = Image(bytes: fixtures.shared(.none))
      spoil(&image)
      image.stripSections()
      let hidden = try ELFFile(image.bytes).relocations()
      #expect(hidden.map(\.offset).sorted() == plain.map(\.offset).sorted())
      #expect(hidden.allSatisfy { $0.symbol == nil })
    }
  }

  /// No tool makes these yet, or no longer: the entries of another tag, renamed.
  @Test func tablesOfRareTags() throws {
    var image = Image(bytes: fixtures.shared(.relr))
    let relr = try ELFFile(image.bytes).relocations().filter { $0.table == ".relr.dyn" }
    for (tags, types, table, type) in [
      ([0x6fff_e000, 0x6fff_e001, 0x6fff_e003], 0x6fff_ff00, "DT_ANDROID_RELR", nil),
      ([0x7000_0012, 0x7000_0011, 0x7000_0013], 0x7000_0004, "DT_AARCH64_AUTH_RELR", 1041),
    ] as [([UInt64], UInt32, String, UInt32?)] {
      image = Image(bytes: fixtures.shared(.relr))
      for (old, new) in zip([36, 35, 37] as [UInt64], tags) { image.rename(old, to: new) }
      image[image.section(".relr.dyn") + 4, UInt32.self] = types
      var found = try ELFFile(image.bytes).relocations().filter { $0.table == ".relr.dyn" }
      #expect(found.map(\.offset) == relr.map(\.offset) && found.allSatisfy { $0.type == type })
      image.stripSections()
      found = try ELFFile(image.bytes).relocations().filter { $0.table == table }
      #expect(found.map(\.offset) == relr.map(\.offset) && found.allSatisfy { $0.type == type })
    }
  }

  /// Found by fuzzing: addresses of a 32-bit file have 32 bits, also where a bitmap goes on behind the last.
  @Test func packedAddressesOf32BitsGoRound() throws {
    var bytes = fixtures.packed32
    let table = try #require(try ELFFile(bytes).sections.first { $0.type == .relr }?.fileRange)
    try #require(table.count >= 8)
    // Big-endian: the last address there is, and the two that follow it.
    bytes.replaceSubrange(table.prefix(8), with: [0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 7])
    #expect(try ELFFile(bytes).relocations().prefix(3).map(\.offset) == [0xffff_fffc, 0, 4])
  }

  /// 32-bit, big-endian, with the hash table as the only count of symbols.
  @Test func otherClassAndByteOrder() throws {
    let listed = try ELFFile(fixtures.packed32)
    let stripped = try ELFFile(try Toolchain.stripSections(fixtures.packed32))
    #expect(try stripped.relocations().map(\.offset) == listed.relocations().map(\.offset))
    #expect(try stripped.relocations().allSatisfy { $0.table == "DT_RELR" })
  }
}
