// PositionIndependence.swift — the rules that make any ELF file run wherever its bytes are copied
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// What a file has of what a loader or a linker would have to resolve.
public struct LinkCounts: Equatable, Sendable {
  /// Relocations for whoever loads the file.
  public var dynamicRelocations = 0
  /// Relocations for the linker: of an object, or retained by --emit-relocs.
  public var staticRelocations = 0
  public var undefinedSymbols = 0

  public static func + (left: LinkCounts, right: LinkCounts) -> LinkCounts {
    LinkCounts(
      dynamicRelocations: left.dynamicRelocations + right.dynamicRelocations,
      staticRelocations: left.staticRelocations + right.staticRelocations,
      undefinedSymbols: left.undefinedSymbols + right.undefinedSymbols)
  }
}

/// One pass over an ELF file: every rule of position independence, and the counts.
struct PositionIndependence {
  private(set) var findings: [Finding] = []
  private(set) var counts = LinkCounts()

  /// - Parameter objectsMayLink: of an object file, report only what no link can resolve.
  init(_ elf: borrowing ELFFile, objectsMayLink: Bool = false) throws(ELFError) {
    let symbols = try elf.symbols()
    let relocations = try elf.relocations()
    let isObject = elf.header.type == .relocatable
    let loaded = Set(relocations.filter { $0.isDynamic }.map(\.offset))
    let landmarks = Landmarks(symbols, in: elf)
    var hasProof = false

    for relocation in relocations {
      if relocation.isDynamic {
        counts.dynamicRelocations += 1
        let use = RelocationUse(relocation, in: elf, landmarks)
        findings.append(Finding(.dynamicRelocation, use.location, found: use.text, expected: "none"))
        continue
      }
      counts.staticRelocations += 1
      // What is not loaded, such as debug information, is nobody's to relocate.
      if let target = relocation.targetSection, !elf.sections[target].flags.contains(.allocate) { continue }
      hasProof = true
      let use = RelocationUse(relocation, in: elf, landmarks)
      if isObject {
        guard !objectsMayLink || !use.linkResolves else { continue }
        findings.append(
          Finding(
            objectsMayLink ? use.rule : .dynamicRelocation, use.location,
            found: "\(use.text) \(use.verdict)",
            expected: objectsMayLink ? "position-independent code" : "none",
            help: use.linkResolves ? "link the object with -pie instead of handing it to a loader" : nil))
      } else if let expected = use.expectedInstead, !loaded.contains(relocation.offset) {
        findings.append(Finding(use.rule, use.location, found: "\(use.text), baked in", expected: expected))
      }
    }
    // Without relocations that tell, an address in a fixed-base executable is a number like any other.
    if elf.header.type == .executable, !hasProof {
      findings.append(
        Finding(
          .absoluteAddress, "ELF header", found: "ET_EXEC without relocations",
          expected: "a proof that its bytes do not depend on its base",
          help: "link with -pie or --emit-relocs, or pass --objects and --script"))
    }

    try findUndefined(symbols, in: elf, report: !(isObject && objectsMayLink))
    findDynamicTables(in: elf)
  }

  private mutating func findUndefined(
    _ symbols: [Symbol], in elf: borrowing ELFFile, report: Bool
  ) throws(ELFError) {
    var undefined = symbols.filter { $0.definition == .undefined && !$0.name.isEmpty }
    // GNU ld writes the version behind a name in .symtab, but not in .dynsym.
    let known = Set(undefined.map { $0.name.prefix { $0 != "@" } })
    undefined += try elf.dynamicSymbols().filter {
      $0.definition == .undefined && !$0.name.isEmpty && !known.contains($0.name[...])
    }
    counts.undefinedSymbols = undefined.count
    guard report else { return }
    for symbol in undefined {
      findings.append(
        Finding(
          .undefinedSymbol, symbol.name,
          found: symbol.binding == .weak ? "undefined weak symbol" : "undefined symbol",
          expected: "a definition in this file"))
    }
  }

  private mutating func findDynamicTables(in elf: borrowing ELFFile) {
    for (index, segment) in elf.segments.enumerated()
    where segment.type == .dynamic || segment.type == .interpreter {
      findings.append(
        Finding(
          .dynamicSection, "program header \(index)",
          found: segment.type == .dynamic ? "PT_DYNAMIC" : "PT_INTERP",
          expected: "nothing for a dynamic loader"))
    }
    for section in elf.sections where section.flags.contains(.allocate) && section.size > 0 {
      if Self.dynamicTypes.contains(section.type) {
        findings.append(
          Finding(
            .dynamicSection, section.name, found: "\(section.size) bytes at \(String(hex: section.address))",
            expected: "nothing for a dynamic loader"))
      } else if Self.isGOTOrPLT(section.name) {
        findings.append(
          Finding(
            .gotOrPLT, section.name, found: "\(section.size) bytes at \(String(hex: section.address))",
            expected: "an empty one"))
      }
    }
  }

  private static let dynamicTypes: Set<Section.Kind> = [.dynamic, .dynamicSymbols, .hash, .gnuHash]

  private static func isGOTOrPLT(_ name: String) -> Bool {
    [".got", ".plt", ".igot", ".iplt"].contains { name == $0 || name.hasPrefix($0 + ".") }
  }
}
