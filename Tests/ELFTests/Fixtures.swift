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
    let small = ".globl _start\n_start:\n.data\n.globl table\ntable: .long _start, table, table + 4\n"
    bigEndian32 = try Toolchain.assemble(small, target: "powerpc-none-elf")
    packed32 = try Toolchain.link(bigEndian32, ["-pie", "-z", "pack-relative-relocs"])
  }

  static func get() throws -> Fixtures { try built.get() }

  var all: [[UInt8]] { [object, executable, retained, pie, packed, stripped, bigEndian32, packed32] }
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
  func section(_ index: Int) -> Int { Int(self[0x28, UInt64.self]) + index * 64 }

  /// Where the header of the section called `name` is.
  func section(_ name: String) -> Int { section(index(name)) }

  /// Where the bytes of the section called `name` are.
  func content(_ name: String) -> Int { Int(self[section(name) + 0x18, UInt64.self]) }

  /// Where program header `index` is.
  func segment(_ index: Int) -> Int { Int(self[0x20, UInt64.self]) + index * 56 }

  func index(_ name: String) -> Int {
    (try? ELFFile(bytes).sections.firstIndex { $0.name == name }) ?? 0
  }

  func index(_ type: Segment.Kind) -> Int {
    (try? ELFFile(bytes).segments.firstIndex { $0.type == type }) ?? 0
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
  if let problem = problems.first { throw problem }
}
