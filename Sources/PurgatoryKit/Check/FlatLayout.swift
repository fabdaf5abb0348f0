// FlatLayout.swift — whether bytes that are copied out of an ELF file end up where their code expects them
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// A flat file is what `objcopy -O binary` makes of an ELF file: the loaded bytes from the lowest load address on, at
/// the distances of their load addresses, copied to the start of a page.
struct FlatLayout {
  /// A piece of the loaded bytes.
  struct Piece {
    /// A section's name, or which program header it is.
    let name: String
    /// Where it is loaded, for a loader that knows no virtual addresses.
    let loadAddress: UInt64
    /// Where its code runs.
    let address: UInt64
    /// Its bytes, within the file.
    let range: Range<Int>
  }

  /// By load address.
  let pieces: [Piece]

  init(_ elf: borrowing ELFFile) {
    let loads = elf.segments.filter { $0.type == .load }
    let byAddress = Self.byAddress(elf)
    func loadAddress(_ section: Section) -> UInt64 {
      let load = Self.loads(byAddress, at: section.address).first {
        section.address &- $0.virtualAddress < $0.memorySize && $0.fileSize > 0
          && section.fileRange.lowerBound >= $0.fileRange.lowerBound
          && section.fileRange.upperBound <= $0.fileRange.upperBound
      }
      return section.address &+ (load.map { $0.physicalAddress &- $0.virtualAddress } ?? 0)
    }
    let sections = elf.sections.filter { $0.isLoaded && $0.type != .noBits }
    pieces =
      (elf.sections.isEmpty
      ? loads.enumerated().filter { $0.element.fileSize > 0 }.map {
        Piece(
          name: "PT_LOAD \($0.offset)", loadAddress: $0.element.physicalAddress,
          address: $0.element.virtualAddress, range: $0.element.fileRange)
      }
      : sections.map {
        Piece(name: $0.name, loadAddress: loadAddress($0), address: $0.address, range: $0.fileRange)
      }).sorted { $0.loadAddress < $1.loadAddress }
  }

  /// - Parameter pageRelative: a place of code that goes by pages, where relocations tell of one.
  static func findings(_ elf: borrowing ELFFile, pageRelative: String?) -> [Finding] {
    guard elf.header.type != .relocatable else { return [] }
    let layout = FlatLayout(elf)
    return segmentFindings(elf) + layout.pieceFindings(elf)
      + (layout.pageFinding(elf, pageRelative).map { [$0] } ?? [])
  }

  private static func byAddress(_ elf: borrowing ELFFile) -> [ELF.Segment] {
    elf.segments.filter { $0.type == .load && $0.memorySize > 0 }
      .sorted { $0.virtualAddress < $1.virtualAddress }
  }

  /// Those that may have `address`: where segments are in each other's memory, which is reported, the next few too.
  private static func loads(_ byAddress: [ELF.Segment], at address: UInt64) -> ArraySlice<ELF.Segment> {
    byAddress[..<byAddress.count(upTo: address) { $0.virtualAddress }].suffix(16)
  }

  private static func report(_ location: String, found: String, expected: String, help: String? = nil)
    -> Finding
  {
    Finding(.flatLayout, location, found: found, expected: expected, help: help)
  }

  /// Segments are in ascending order (gABI), share no memory, and are all moved alike.
  private static func segmentFindings(_ elf: borrowing ELFFile) -> [Finding] {
    let loads = elf.segments.enumerated().filter { $0.element.type == .load && $0.element.memorySize > 0 }
    var findings: [Finding] = []
    let bss = elf.sections.filter { $0.isLoaded && $0.type == .noBits }.sorted { $0.address < $1.address }
    for (first, second) in zip(loads, loads.dropFirst()) {
      let (one, two) = (first.element, second.element)
      let place = "program header \(second.offset)"
      if two.virtualAddress < one.virtualAddress {
        findings.append(
          report(
            place,
            found: "address \(String(hex: two.virtualAddress)), behind \(String(hex: one.virtualAddress))",
            expected: "ascending addresses"))
      } else if two.virtualAddress &- one.virtualAddress < one.memorySize {
        findings.append(
          report(
            place,
            found:
              "address \(String(hex: two.virtualAddress)), in the memory of program header \(first.offset)",
            expected: "memory of its own"))
      } else if one.fileSize < one.memorySize, two.fileSize > 0, !isPadded(one, bss) {
        findings.append(
          report(
            "program header \(first.offset)",
            found:
              "\(String(hex: one.memorySize &- one.fileSize)) bytes that only memory has, before bytes of the file",
            expected: "what has no file bytes last"))
      }
    }
    // Linkers that know no load addresses leave them 0.
    let moved = loads.filter { $0.element.fileSize > 0 }
    guard moved.contains(where: { $0.element.physicalAddress != 0 }), let first = moved.first?.element else {
      return findings
    }
    let distance = first.physicalAddress &- first.virtualAddress
    for (index, load) in moved where load.physicalAddress &- load.virtualAddress != distance {
      findings.append(
        report(
          "program header \(index)",
          found:
            "loaded at \(String(hex: load.physicalAddress)) to run at \(String(hex: load.virtualAddress))",
          expected: "as far apart as the segment before it, \(String(hex: first.physicalAddress)) and "
            + String(hex: first.virtualAddress),
          help: "link it where it is loaded, without AT(…) or AT>, or let it copy itself there"))
    }
    return findings
  }

  /// Every section's bytes are those of a segment.
  private func pieceFindings(_ elf: borrowing ELFFile) -> [Finding] {
    let loads = elf.segments.filter { $0.type == .load }
    guard !elf.sections.isEmpty, !loads.isEmpty else { return [] }
    let byAddress = Self.byAddress(elf)
    return pieces.filter { piece in
      !Self.loads(byAddress, at: piece.address).contains {
        piece.range.lowerBound >= $0.fileRange.lowerBound && piece.range.upperBound <= $0.fileRange.upperBound
          && piece.address &- $0.virtualAddress
            == UInt64(clamping: piece.range.lowerBound - $0.fileRange.lowerBound)
      }
    }.map {
      Self.report($0.name, found: "bytes that no PT_LOAD loads", expected: "all of them in one")
    }
  }

  /// `adrp` reaches a page, and then an offset in it: bytes that start elsewhere in their page than they were linked
  /// to are not there.
  private func pageFinding(_ elf: borrowing ELFFile, _ pageRelative: String?) -> Finding? {
    let page = PurgatoryInfo.loadAlignment
    guard elf.header.machine == .aarch64, let first = pieces.first, !first.address.isMultiple(of: page),
      let place = pageRelative ?? Self.adrp(in: elf)
    else { return nil }
    return Self.report(
      first.name,
      found: "the first byte at \(String(hex: first.address)), and page-relative code at \(place)",
      expected: "a multiple of 4 KiB",
      help: "start the linker script with `. = 0;`, or use adr and -mcmodel=tiny")
  }

  /// The first instruction that is an `adrp`.
  private static func adrp(in elf: borrowing ELFFile) -> String? {
    let code: [(name: String, range: Range<Int>)] =
      elf.sections.isEmpty
      ? elf.segments.filter { $0.type == .load && $0.flags.contains(.execute) }.map {
        ("PT_LOAD", $0.fileRange)
      }
      : elf.sections.filter { $0.isLoaded && $0.flags.contains(.execute) && $0.type != .noBits }
        .map { ($0.name, $0.fileRange) }
    for (name, range) in code {
      // The high byte of a little-endian instruction: 1xx10000.
      let offset = stride(from: 3, to: range.count, by: 4).first {
        elf.bytes[range.lowerBound + $0] & 0x9f == 0x90
      }
      if let offset { return "\(name)+\(String(hex: UInt64(offset - 3)))" }
    }
    return nil
  }
}

extension FlatLayout {
  /// Whether the memory without file bytes in `segment` is what lld pads with up to the next page's permissions.
  ///
  /// - Parameter all: sections that have memory only, by address.
  private static func isPadded(_ segment: ELF.Segment, _ all: [Section]) -> Bool {
    let start = segment.virtualAddress.minus(1).map { all.count(upTo: $0) { $0.address } } ?? 0
    let bss = all[start...].prefix { $0.address &- segment.virtualAddress < segment.memorySize }
    return !bss.isEmpty && bss.allSatisfy { $0.name == ".relro_padding" || $0.flags.contains(.threadLocal) }
  }
}
