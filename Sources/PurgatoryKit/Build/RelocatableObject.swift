// RelocatableObject.swift — a purgatory as the ET_REL file that kexec-tools and the kernel's loader take
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// An object with nothing to relocate: the flat blob as one section, its scratch as NOBITS behind it.
///
/// Both loaders put sections with bytes first and NOBITS after them, each aligned as it asks: the scratch is where
/// the linker script put it.
public struct RelocatableObject: Sendable {
  /// An ELF file of type ET_REL (ELF gABI, chapter 4).
  public let bytes: [UInt8]

  /// Makes an object of a linked purgatory.
  ///
  /// - Parameter blob: an ELF file; its global symbols are kept, with their sizes.
  /// - Throws: `Rejection` for a file that is no ELF file, or whose memory_size does not hold its bytes.
  public init(_ blob: Blob) throws(Rejection) {
    let symbols: [Symbol]
    do {
      symbols = try ELFFile(blob.bytes).symbols().filter {
        $0.binding == .global && $0.definition != .undefined
      }
      .sorted { ($0.value, $0.name) < ($1.value, $1.name) }  // linkers have an order of their own
    } catch {
      throw Rejection(error.finding.problem(in: blob.file))
    }
    let flat = blob.flat
    let alignment = Int(PURGATORY_LOAD_ALIGNMENT)
    let scratchStart = (flat.count + alignment - 1) / alignment * alignment
    var file = ELFWriter()
    // SHT_PROGBITS, SHF_WRITE | SHF_ALLOC | SHF_EXECINSTR; then SHT_NOBITS, SHF_WRITE | SHF_ALLOC
    let text = file.add(".purgatory", type: 1, flags: 7, bytes: flat, alignment: alignment)
    guard let scratchSize = blob.info.memorySize.minus(UInt64(scratchStart)) else {
      throw Rejection(
        Problem(
          blob.file, "memory_size", found: String(hex: blob.info.memorySize),
          expected:
            "at least the \(flat.count) bytes of the file in whole pages, \(String(hex: UInt64(scratchStart)))",
          help: "in header.S, let it be the distance to the end of the scratch"))
    }
    file.add(".scratch", type: 8, flags: 3, bytes: [], size: scratchSize, alignment: alignment)
    // What loaders look up is in the header and the struct; GNU ld leaves the code's hidden symbols global, too.
    let named = UInt64(PurgatoryInfo.blobOffset + PurgatoryInfo.size)
    for symbol in symbols where symbol.value < named {
      file.addSymbol(
        symbol.name, type: symbol.type.rawValue, section: text, value: symbol.value, size: symbol.size)
    }
    bytes = file.bytes()
  }
}

extension PurgatoryInfo {
  /// What kexec-tools leaves to the purgatory: one digest over all regions, and bytes to the address that it fills in,
  /// which is what a description of zeros means.
  public mutating func presetForObjectLoaders() {
    flags.insert(.verifyCombined)
    console = nil
  }
}

/// Writes a 64-bit little-endian ET_REL file for AArch64 (ELF gABI, chapter 4).
private struct ELFWriter {
  private struct Section {
    let name: String
    let type: UInt32
    let flags: UInt64
    let bytes: [UInt8]
    let size: UInt64
    var link: UInt32 = 0
    var info: UInt32 = 0
    let alignment: Int
    var entrySize: UInt64 = 0
  }

  private var sections: [Section] = []
  private var symbols = [UInt8](repeating: 0, count: 24)  // the reserved first one
  private var names: [UInt8] = [0]

  /// - Returns: the section's index.
  @discardableResult
  mutating func add(
    _ name: String, type: UInt32, flags: UInt64, bytes: [UInt8], size: UInt64? = nil, alignment: Int
  ) -> UInt16 {
    sections.append(
      Section(
        name: name, type: type, flags: flags, bytes: bytes, size: size ?? UInt64(bytes.count),
        alignment: alignment))
    return UInt16(sections.count)
  }

  mutating func addSymbol(_ name: String, type: UInt8, section: UInt16, value: UInt64, size: UInt64) {
    var entry = [UInt8](repeating: 0, count: 24)
    entry.store(UInt32(clamping: names.count), at: 0)
    entry[4] = 1 << 4 | type  // STB_GLOBAL
    entry.store(section, at: 6)
    entry.store(value, at: 8)
    entry.store(size, at: 16)
    symbols += entry
    names += Array(name.utf8) + [0]
  }

  func bytes() -> [UInt8] {
    var all = sections
    let strings = UInt32(clamping: sections.count + 2)
    all.append(
      Section(
        name: ".symtab", type: 2, flags: 0, bytes: symbols, size: UInt64(symbols.count), link: strings,
        info: 1,
        alignment: 8, entrySize: 24))
    all.append(
      Section(name: ".strtab", type: 3, flags: 0, bytes: names, size: UInt64(names.count), alignment: 1))
    var sectionNames: [UInt8] = [0]
    var offsets: [Int] = []
    for name in all.map(\.name) + [".shstrtab"] {
      offsets.append(sectionNames.count)
      sectionNames += Array(name.utf8) + [0]
    }
    all.append(
      Section(
        name: ".shstrtab", type: 3, flags: 0, bytes: sectionNames, size: UInt64(sectionNames.count),
        alignment: 1))

    let headerSize = 64
    var body: [UInt8] = []
    var headers = [UInt8](repeating: 0, count: headerSize)  // the reserved section 0
    for (section, name) in zip(all, offsets) {
      while !(headerSize + body.count).isMultiple(of: min(section.alignment, 16)) { body.append(0) }
      var header = [UInt8](repeating: 0, count: headerSize)
      header.store(UInt32(clamping: name), at: 0x00)
      header.store(section.type, at: 0x04)
      header.store(section.flags, at: 0x08)
      header.store(UInt64(headerSize + body.count), at: 0x18)
      header.store(section.size, at: 0x20)
      header.store(section.link, at: 0x28)
      header.store(section.info, at: 0x2c)
      header.store(UInt64(section.alignment), at: 0x30)
      header.store(section.entrySize, at: 0x38)
      headers += header
      body += section.bytes
    }
    while !(headerSize + body.count).isMultiple(of: 8) { body.append(0) }

    var file = [UInt8](repeating: 0, count: headerSize)
    file.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])  // 64-bit, little-endian, version 1
    file.store(UInt16(1), at: 0x10)  // ET_REL
    file.store(ELFHeader.Machine.aarch64.rawValue, at: 0x12)
    file.store(UInt32(1), at: 0x14)
    file.store(UInt64(headerSize + body.count), at: 0x28)
    file.store(UInt16(headerSize), at: 0x34)
    file.store(UInt16(64), at: 0x3a)
    file.store(UInt16(all.count + 1), at: 0x3c)
    file.store(UInt16(all.count), at: 0x3e)
    return file + body + headers
  }
}
