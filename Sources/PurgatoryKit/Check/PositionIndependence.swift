// PositionIndependence.swift — the rules that make any ELF file run wherever its bytes are copied
// SPDX-License-Identifier: MIT

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

  /// - Parameter onlyLinkProof: of an object file, report only what no link can resolve.
  init(_ elf: borrowing ELFFile, objectsMayLink: Bool = false) throws(ELFError) {
    let symbols = try elf.symbols()
    let relocations = try elf.relocations()
    let isObject = elf.header.type == .relocatable
    let loaded = Set(relocations.filter { $0.isDynamic }.map(\.offset))
    let absolutes = Set(symbols.filter { $0.definition == .absolute }.map(\.name))
    let defined = Set(symbols.filter { $0.definition != .undefined }.map(\.name))

    for relocation in relocations {
      let use = Use(relocation, in: elf, absolutes: absolutes, defined: defined)
      if relocation.isDynamic {
        counts.dynamicRelocations += 1
        findings.append(Finding(.dynamicRelocation, use.location, found: use.text, expected: "none"))
        continue
      }
      counts.staticRelocations += 1
      if isObject {
        guard !objectsMayLink || !use.linkResolves else { continue }
        findings.append(
          Finding(
            objectsMayLink ? use.rule : .dynamicRelocation, use.location,
            found: "\(use.text) \(use.verdict)",
            expected: objectsMayLink ? "position-independent code" : "none",
            help: use.linkResolves ? "link the object with -pie instead of handing it to a loader" : nil))
      } else if use.isAbsolute, !loaded.contains(relocation.offset) {
        findings.append(
          Finding(
            .absoluteAddress, use.location, found: "\(use.text), baked in", expected: "no absolute address"))
      }
    }
    // Without relocations that tell, an address in a fixed-base executable is a number like any other.
    if elf.header.type == .executable, counts.staticRelocations == 0 {
      findings.append(
        Finding(
          .absoluteAddress, "ELF header", found: "ET_EXEC without relocations",
          expected: "a proof that its bytes do not depend on its base",
          help: "link with -pie or --emit-relocs, or pass --objects and --script"))
    }

    findUndefined(symbols, in: elf, report: !(isObject && objectsMayLink))
    findDynamicTables(in: elf)
  }

  private mutating func findUndefined(_ symbols: [Symbol], in elf: borrowing ELFFile, report: Bool) {
    for symbol in symbols where symbol.definition == .undefined && !symbol.name.isEmpty {
      counts.undefinedSymbols += 1
      guard report else { continue }
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

/// A relocation in words: what it is, where, and whether a link could have resolved it.
private struct Use {
  let location: String
  let text: String
  let isAbsolute: Bool
  let linkResolves: Bool
  let rule: Rule
  let verdict: String

  init(_ relocation: Relocation, in elf: borrowing ELFFile, absolutes: Set<String>, defined: Set<String>) {
    let place = relocation.targetSection.map { elf.sections[$0] }
    let offset = String(hex: relocation.offset)
    if let place, elf.header.type == .relocatable {
      location = "\(place.name)+\(offset)"
    } else if let place, relocation.offset >= place.address,
      relocation.offset - place.address < max(place.size, 1)
    {
      location = "\(place.name)+\(String(hex: relocation.offset - place.address))"
    } else {
      location = "\(relocation.table): \(offset)"
    }
    text = relocation.typeName(for: elf.header.machine) + (relocation.symbol.map { " against \($0)" } ?? "")

    let constant = relocation.symbol.map(absolutes.contains) ?? false
    let kind = relocation.classification(for: elf.header.machine)
    isAbsolute = kind == .absolute && !constant
    rule = kind == .gotOrPLT ? .gotOrPLT : .absoluteAddress
    switch kind {
    case .none: (linkResolves, verdict) = (true, "(nothing to apply)")
    case .pcRelative, .pageOffset:
      let here = relocation.symbol.map { defined.contains($0) || elf.sections.contains(named: $0) } ?? true
      (linkResolves, verdict) = (
        true, here ? "(a link resolves it)" : "(a link resolves it where the symbol is defined)"
      )
    case .absolute where constant: (linkResolves, verdict) = (true, "(a constant: a link resolves it)")
    case .absolute: (linkResolves, verdict) = (false, "(depends on the load address: no link resolves it)")
    case .gotOrPLT: (linkResolves, verdict) = (false, "(needs a GOT or PLT)")
    case .tls, .dynamic, .unknown: (linkResolves, verdict) = (false, "(not known to be position-independent)")
    }
  }
}

extension [Section] {
  fileprivate func contains(named name: String) -> Bool { contains { $0.name == name } }
}
