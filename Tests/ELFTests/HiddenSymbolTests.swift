// HiddenSymbolTests.swift — dynamic symbols are found without section headers
// SPDX-License-Identifier: MIT

import Testing

@testable import ELF

@Suite struct HiddenSymbolTests {
  let image: Image
  let listed: [Symbol]

  init() throws {
    image = Image(bytes: try Fixtures.get().shared(.none))
    let file = try ELFFile(image.bytes)
    let table = try #require(file.sections.first { $0.type == .dynamicSymbols })
    var symbols = try file.symbolTable(table)
    listed = try symbols.indices.dropFirst().map { try symbols.symbol($0) }
  }

  /// Either hash table, or none of them; then what relocations refer to.
  @Test(arguments: [[], [4], [0x6fff_fef5], [4, 0x6fff_fef5]] as [[UInt64]])
  func withoutSectionHeaders(_ hidden: [UInt64]) throws {
    var image = image
    for tag in hidden { image.rename(tag, to: 0x7000_0000) }
    #expect(try ELFFile(image.bytes).dynamicSymbols().count >= 5)
    image.stripSections()
    let symbols = try ELFFile(image.bytes).symbols()
    let expected = hidden.count == 2 ? listed.filter { $0.name != "entry" } : listed
    #expect(symbols.map(\.name) == expected.map(\.name))
    #expect(
      symbols.map(\.value) == expected.map(\.value) && symbols.map(\.binding) == expected.map(\.binding))
    #expect(
      Set(symbols.filter { $0.definition == .undefined }.map(\.name))
        == ["function1", "function2", "variable", "missing", "table"])
    for symbol in symbols where symbol.name == "entry" {
      guard case .unlistedSection(let index) = symbol.definition else {
        Issue.record("\(symbol)")
        continue
      }
      #expect(index == self.image.index(".text"))
    }
  }

  /// GNU ld makes a table like this where it has no symbol to put into it.
  @Test func emptyHashTable() throws {
    var image = image
    image.rename(4, to: 0x7000_0000)
    let table = image.dynamicContent(0x6fff_fef5)
    for (index, word) in ([1, 1, 1, 0, 0, 0, 0] as [UInt32]).enumerated() {
      image[table + 4 * index, UInt32.self] = word
    }
    image.stripSections()
    #expect(try ELFFile(image.bytes).symbols().map(\.name) == listed.map(\.name).filter { $0 != "entry" })
  }

  @Test func noneWithoutADynamicTable() throws {
    let file = try ELFFile(try Toolchain.stripSections(try Fixtures.get().executable))
    #expect(try file.symbols().isEmpty && file.dynamicSymbols().isEmpty && file.relocations().isEmpty)
  }

  static let rejections = [
    Rejection("no strings", of: \.sharedObject, at: "DT_STRSZ", found: "bytes") {
      $0.rename(5, to: 0x7000_0000)
    },
    Rejection("strings outside", of: \.sharedObject, at: "DT_STRTAB", found: "at address 0xffff0000") {
      $0[$0.dynamic(5), UInt64.self] = 0xffff_0000
    },
    Rejection("strings without an end", of: \.sharedObject, at: "DT_STRTAB", found: "that ends in") {
      $0[$0.dynamic(10), UInt64.self] -= 1
    },
    Rejection("name", of: \.sharedObject, at: "symbol 1 of DT_SYMTAB", found: "offset 0xffff") {
      $0[$0.dynamicContent(6) + 24, UInt32.self] = 0xffff
      $0.stripSections()
    },
    Rejection("symbols outside", of: \.sharedObject, at: "DT_SYMTAB", found: "address 0xffff0000") {
      $0[$0.dynamic(6), UInt64.self] = 0xffff_0000
    },
    Rejection("entry size", of: \.sharedObject, at: "DT_SYMENT", found: "entry size 0x0") {
      $0[$0.dynamic(11), UInt64.self] = 0
    },
    Rejection("hash outside", of: \.sharedObject, at: "DT_HASH", found: "address 0xffff0000") {
      $0[$0.dynamic(4), UInt64.self] = 0xffff_0000
    },
    Rejection("chains", of: \.sharedObject, at: "DT_HASH", found: "0xffffffff chains") {
      $0[$0.dynamicContent(4) + 4, UInt32.self] = .max
    },
    Rejection("more chains than symbols", of: \.sharedObject, at: "DT_SYMTAB", found: "symbols in the") {
      $0[$0.dynamicContent(4) + 4, UInt32.self] = 100
    },
    Rejection("GNU buckets", of: \.sharedObject, at: "DT_GNU_HASH", found: "0xffffffff buckets") {
      $0[$0.dynamicContent(0x6fff_fef5), UInt32.self] = .max
    },
    Rejection("GNU filter", of: \.sharedObject, at: "DT_GNU_HASH", found: "0xffffffff filter") {
      $0[$0.dynamicContent(0x6fff_fef5) + 8, UInt32.self] = .max
    },
    Rejection("GNU chain", of: \.sharedObject, at: "DT_GNU_HASH", found: "without an end") {
      $0[$0.dynamicContent(0x6fff_fef5) + 24, UInt32.self] = .max
    },
    Rejection("GNU first", of: \.sharedObject, at: "DT_SYMTAB", found: "symbols in the file") {
      $0[$0.dynamicContent(0x6fff_fef5) + 4, UInt32.self] = .max
    },
    Rejection("no hash table in the segment", of: \.sharedObject, at: "DT_GNU_HASH", found: "0x8 bytes") {
      let segment = $0.segment($0.index(.load))
      $0[$0.dynamic(0x6fff_fef5), UInt64.self] =
        $0[segment + 0x10, UInt64.self] + $0[segment + 0x20, UInt64.self] - 8
    },
  ]

  @Test(arguments: rejections) func rejected(_ rejection: Rejection) throws {
    try rejection.check()
  }
}
