// BlobELF.swift — what makes a linked ELF file a purgatory that needs no relocation
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryABI

extension Blob {
  /// The name by which every loader finds the struct.
  static let infoSymbol = "purgatory_info"

  /// Finds the one loadable segment and the one `purgatory_info` of an ELF file.
  ///
  /// - Returns: the loadable bytes within the file, and where the struct lies in them.
  static func locateInELF(
    _ bytes: [UInt8], file: String
  ) throws(Rejection) -> (loadRange: Range<Int>, infoOffset: Int) {
    do {
      let elf = try ELFFile(bytes)
      return try locate(in: elf, file: file)
    } catch let error as ELFError {
      throw Rejection(Problem(file, error.place, found: error.found, expected: error.expected))
    } catch {
      throw error as? Rejection ?? Rejection(Problem(file, found: "\(error)"))
    }
  }

  private static func locate(in elf: borrowing ELFFile, file: String) throws -> (Range<Int>, Int) {
    let header = elf.header
    guard header.machine == .aarch64, header.elfClass == .elf64, header.byteOrder == .littleEndian else {
      throw Rejection(
        Problem(
          file, "ELF header",
          found: "machine \(header.machine.rawValue), \(header.elfClass), \(header.byteOrder)",
          expected: "a 64-bit little-endian file for AArch64 (machine 183)"))
    }
    guard header.type == .sharedObject else {
      throw Rejection(
        Problem(
          file, "ELF header", found: "file type \(header.type.rawValue)",
          expected: "a position-independent executable (ET_DYN)",
          help: "link it with -pie, and with --no-dynamic-linker"))
    }
    var problems: [Problem] = []
    let segments = elf.segments
    let loads = segments.filter { $0.type == .load }
    if loads.count != 1 || loads[0].virtualAddress != 0 {
      problems.append(
        Problem(
          file, "program headers",
          found: loads.count == 1
            ? "PT_LOAD at \(String(hex: loads[0].virtualAddress))" : "\(loads.count) PT_LOAD segments",
          expected: "exactly one, at address 0", help: "link it with purgatory/purgatory.lds"))
    }
    for segment in segments where segment.type == .dynamic || segment.type == .interpreter {
      problems.append(
        Problem(
          file, "program headers", found: segment.type == .dynamic ? "PT_DYNAMIC" : "PT_INTERP",
          expected: "nothing for a dynamic loader"))
    }
    if header.entry != 0 {
      problems.append(
        Problem(
          file, "ELF header", found: "entry point \(String(hex: header.entry))", expected: "0: the first byte"
        ))
    }
    for relocation in try elf.relocations() {
      problems.append(
        Problem(
          file, "\(relocation.table)+\(String(hex: relocation.offset))",
          found: "a relocation\(relocation.symbol.map { " against \($0)" } ?? "")", expected: "none",
          help: "address it with adr, or by a difference of labels"))
    }

    let symbols = try elf.symbols()
    for symbol in symbols where symbol.definition == .undefined && !symbol.name.isEmpty {
      problems.append(
        Problem(file, "symbol table", found: "undefined symbol \(symbol.name)", expected: "none"))
    }
    let infos = symbols.filter { $0.name == infoSymbol && $0.definition != .undefined }
    guard infos.count == 1, let info = infos.first else {
      problems.append(
        Problem(
          file, "symbol table", found: "\(infos.count == 0 ? "no" : "\(infos.count)") \(infoSymbol)",
          expected: "exactly one"))
      throw Rejection(problems)
    }
    if info.type != .object || info.size != UInt64(PurgatoryInfo.size) {
      problems.append(
        Problem(
          file, infoSymbol, found: "a symbol of type \(info.type.rawValue) and \(info.size) bytes",
          expected: "an object (type 1) of \(PurgatoryInfo.size) bytes"))
    }
    guard problems.isEmpty, let load = loads.first else { throw Rejection(problems) }

    let loadRange = load.fileRange
    guard info.value.isMultiple(of: 8), info.value <= load.fileSize,
      load.fileSize - info.value >= UInt64(PurgatoryInfo.size)
    else {
      throw Rejection(
        Problem(
          file, infoSymbol, found: "address \(String(hex: info.value))",
          expected: "a multiple of 8, wholly in the \(load.fileSize) file bytes of the segment"))
    }
    guard loadRange.count <= Int(PURGATORY_MAX_FILE_SIZE) else {
      throw Rejection(
        Problem(
          file, "program headers", found: "\(loadRange.count) loadable bytes",
          expected: "at most \(PURGATORY_MAX_FILE_SIZE)"))
    }
    return (loadRange, Int(info.value))
  }
}
