// Fixtures.swift — the ELF files the tests read, built once, and how they are spoilt
// SPDX-License-Identifier: MIT

import ELF

/// Files made from one source: `table` is `wordCount` words, all of which need a relocation.
struct Fixtures {
  static let wordCount = 200
  static let built = Result { try Fixtures() }

  let object: [UInt8]
  let executable: [UInt8]
  let retained: [UInt8]
  let pie: [UInt8]
  let packed: [UInt8]
  let stripped: [UInt8]
  let bigEndian32: [UInt8]
  let packed32: [UInt8]
  /// Shared objects with relocations of each dynamic kind, in tables of each kind.
  let shared: [Packing: [UInt8]]

  /// How ld.lld packs dynamic relocations.
  enum Packing: String, CaseIterable {
    case none, relr, android
    case androidAndRelr = "android+relr"
  }

  /// So many relocations of all kinds together: more words than a bitmap has, and six others.
  static let sharedCount = sharedWordCount + 6
  private static let sharedWordCount = 70

  init() throws {
    object = try Toolchain.assemble(
      """
      .globl _start, table, absolute
      .weak missing
      .text
      _start: adrp x0, missing
      ldr x0, [x0, :lo12:missing]
      ret
      .data
      .p2align 3
      .type table, %object
      table:
      .rept \(Fixtures.wordCount)
      .quad local
      .endr
      .size table, . - table
      local: .quad 1
      .comm shared, 8, 8
      absolute = 0x1234
      """)
    executable = try Toolchain.link(object, ["--image-base=0x400000"])
    retained = try Toolchain.link(object, ["--image-base=0x400000", "--emit-relocs"])
    pie = try Toolchain.link(object, ["-pie"])
    packed = try Toolchain.link(object, ["-pie", "-z", "pack-relative-relocs"])
    stripped = try Toolchain.link(object, ["-pie", "--export-dynamic", "--strip-all"])
    let small =
      ".globl _start\n_start:\n.data\n.p2align 2\n.globl table\ntable: .long _start, table, table + 4\n"
    bigEndian32 = try Toolchain.assemble(small, target: "powerpc-none-elf")
    packed32 = try Toolchain.link(bigEndian32, ["-pie", "-z", "pack-relative-relocs"])
    let dynamic = try Toolchain.assemble(
      """
      .globl entry
      .text
      entry: bl function1
      bl function2
      adrp x0, :got:variable
      ldr x0, [x0, :got_lo12:variable]
      adrp x0, :got:missing
      ldr x0, [x0, :got_lo12:missing]
      .weak missing
      .data
      .p2align 3
      .rept \(Fixtures.sharedWordCount)
      .quad local
      .endr
      local: .quad table, table + 8
      """)
    var shared: [Packing: [UInt8]] = [:]
    for packing in Packing.allCases {
      shared[packing] = try Toolchain.link(
        dynamic, ["-shared", "--hash-style=both", "--pack-dyn-relocs=\(packing.rawValue)"])
    }
    self.shared = shared
  }

  static func get() throws -> Fixtures { try built.get() }

  func shared(_ packing: Packing) -> [UInt8] { shared[packing] ?? [] }
  var sharedObject: [UInt8] { shared(.none) }
  var androidPacked: [UInt8] { shared(.android) }

  var all: [[UInt8]] {
    [object, executable, retained, pie, packed, stripped, bigEndian32, packed32]
      + Packing.allCases.map(shared)
  }
}

/// A little-endian 64-bit ELF file to be spoilt field by field (offsets: gABI).
struct Image {
  var bytes: [UInt8]

  subscript<Value: FixedWidthInteger & UnsignedInteger>(offset: Int, _: Value.Type) -> Value {
    get {
      (0..<Value.bitWidth / 8).reduce(0) { $0 | Value(bytes[offset + $1]) << Value(8 * $1) }
    }
    set {
      for index in 0..<Value.bitWidth / 8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: newValue >> Value(8 * index))
      }
    }
  }

  /// Where the header of section `index` is.
  func section(_ index: Int) -> Int { Int(clamping: self[0x28, UInt64.self]) + index * 64 }

  /// Where the header of the section called `name` is.
  func section(_ name: String) -> Int { section(index(name)) }

  /// Where the bytes of the section called `name` are.
  func content(_ name: String) -> Int { Int(clamping: self[section(name) + 0x18, UInt64.self]) }

  /// Where program header `index` is.
  func segment(_ index: Int) -> Int { Int(clamping: self[0x20, UInt64.self]) + index * 56 }

  func index(_ name: String) -> Int {
    (try? ELFFile(bytes).sections.firstIndex { $0.name == name }) ?? 0
  }

  func index(_ type: Segment.Kind) -> Int {
    (try? ELFFile(bytes).segments.firstIndex { $0.type == type }) ?? 0
  }
}

extension Image {
  /// Where in the file the bytes at `address` are.
  func offset(_ address: UInt64) -> Int {
    (try? ELFFile(bytes).fileRange(ofVirtualAddress: address, size: 1)?.lowerBound) ?? 0
  }

  /// Where the value of the dynamic table's entry `tag` is.
  func dynamic(_ tag: UInt64) -> Int {
    var offset = Int(clamping: self[segment(index(.dynamic)) + 8, UInt64.self])
    while self[offset, UInt64.self] != tag { offset += 16 }
    return offset + 8
  }

  /// What the dynamic table's entry `tag` points to, as an offset.
  func dynamicContent(_ tag: UInt64) -> Int { offset(self[dynamic(tag), UInt64.self]) }

  /// Makes the entry `tag` of the dynamic table one of `other`.
  mutating func rename(_ tag: UInt64, to other: UInt64) { self[dynamic(tag) - 8, UInt64.self] = other }

  /// Removes the section headers.
  mutating func stripSections() {
    self[0x28, UInt64.self] = 0
    self[0x3c, UInt16.self] = 0
    self[0x3e, UInt16.self] = 0
  }
}

/// Reads all there is to read.
func readAll(_ bytes: [UInt8]) throws(ELFError) {
  let file = try ELFFile(bytes)
  for segment in file.segments {
    _ = file.fileRange(ofVirtualAddress: segment.virtualAddress, size: segment.memorySize)
    _ = file.bytes[segment.fileRange]
  }
  for section in file.sections { _ = file.bytes[section.fileRange] }
  var problems: [ELFError] = []
  do { _ = try file.symbols() } catch { problems.append(error) }
  do { _ = try file.relocations() } catch { problems.append(error) }
  do { _ = try file.dynamicEntries() } catch { problems.append(error) }
  do { _ = try file.dynamicSymbols() } catch { problems.append(error) }
  if let problem = problems.first { throw problem }
}
