// Image.swift — a little-endian 64-bit ELF file to be spoilt field by field (offsets: gABI)
// SPDX-License-Identifier: MIT

import ELF

struct Image {
  var bytes: [UInt8]

  subscript<Value: FixedWidthInteger & UnsignedInteger>(offset: Int, _: Value.Type) -> Value {
    get { (0..<Value.bitWidth / 8).reduce(0) { $0 | Value(bytes[offset + $1]) << Value(8 * $1) } }
    set {
      for index in 0..<Value.bitWidth / 8 {
        bytes[offset + index] = UInt8(truncatingIfNeeded: newValue >> Value(8 * index))
      }
    }
  }

  /// Where the header of the section called `name` is.
  func section(_ name: String) -> Int { section(index(name)) }

  func section(_ index: Int) -> Int { Int(clamping: self[0x28, UInt64.self]) + index * 64 }

  /// Where the bytes of the section called `name` are.
  func content(_ name: String) -> Int { Int(clamping: self[section(name) + 0x18, UInt64.self]) }

  /// Where program header `index` is.
  func segment(_ index: Int) -> Int { Int(clamping: self[0x20, UInt64.self]) + index * 56 }

  /// Where the entry of the symbol called `name` is.
  func symbol(_ name: String) -> Int {
    let index = (try? ELFFile(bytes).symbols().firstIndex { $0.name == name }) ?? 0
    return content(".symtab") + 24 * (index + 1)
  }

  private func index(_ name: String) -> Int {
    (try? ELFFile(bytes).sections.firstIndex { $0.name == name }) ?? 0
  }
}
