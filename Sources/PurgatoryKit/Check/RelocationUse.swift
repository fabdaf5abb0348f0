// RelocationUse.swift — a relocation in words: what it is, where, and what a link makes of it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

struct RelocationUse {
  let location: String
  let text: String
  /// The rule that it breaks, if it breaks one.
  let rule: Rule
  let linkResolves: Bool
  let verdict: String
  /// Of one that the linker has applied, what should stand there instead; nil: its result is the same at every base.
  let expectedInstead: String?

  init(_ relocation: Relocation, in elf: borrowing ELFFile, _ landmarks: Landmarks) {
    let type = relocation.typeName(for: elf.header.machine)
    let isLinked = elf.header.type != .relocatable
    location = Self.location(relocation, in: elf, landmarks)
    text = Self.text(relocation, type: type, landmarks)

    // Without a symbol it is about the addend, a number.
    let constant = relocation.symbol.map(landmarks.isConstant) ?? true
    let kind = relocation.classification(for: elf.header.machine)
    rule = kind == .gotOrPLT ? .gotOrPLT : .absoluteAddress
    switch kind {
    case .none: (linkResolves, verdict) = (true, "(nothing to apply)")
    case .pcRelative where constant:
      (linkResolves, verdict) = (false, "(the distance to a fixed address: no link resolves it)")
    case .pcRelative, .pageOffset:
      let here = relocation.symbol.map(landmarks.isDefined) ?? true
      (linkResolves, verdict) = (
        true, here ? "(a link resolves it)" : "(a link resolves it where the symbol is defined)"
      )
    case .absolute where constant: (linkResolves, verdict) = (true, "(a constant: a link resolves it)")
    case .absolute: (linkResolves, verdict) = (false, "(depends on the load address: no link resolves it)")
    case .gotOrPLT: (linkResolves, verdict) = (false, "(needs a GOT or PLT)")
    case .tls, .dynamic, .unknown: (linkResolves, verdict) = (false, "(not known to be position-independent)")
    }

    guard isLinked else {
      expectedInstead = nil
      return
    }
    expectedInstead =
      switch kind {
      case .absolute: constant ? nil : "no absolute address"
      case .pcRelative: constant ? "no distance to a fixed address" : nil
      // The linker fills in the GOT of a fixed-base file, in whatever section the script puts it.
      case .gotOrPLT: elf.header.type == .executable ? "no GOT or PLT" : nil
      // Types without a name; those with one are parts of a difference, or of no address.
      case .unknown: type.hasPrefix("type ") ? "a type that is known to be position-independent" : nil
      case .none, .pageOffset, .tls, .dynamic: nil
      }
  }

  private static func location(
    _ relocation: Relocation, in elf: borrowing ELFFile, _ landmarks: Landmarks
  ) -> String {
    let offset = String(hex: relocation.offset)
    if elf.header.type == .relocatable, let target = relocation.targetSection {
      return "\(elf.sections[target].name.shortened)+\(offset)"
    }
    let place = landmarks.place(of: relocation.offset)
    if let place, !relocation.isDynamic { return place }
    return "\(relocation.table.shortened): \(place ?? offset)"
  }

  private static func text(_ relocation: Relocation, type: String, _ landmarks: Landmarks) -> String {
    if let symbol = relocation.symbol { return "\(type) against \(symbol.shortened)" }
    guard relocation.isDynamic, let addend = relocation.addend,
      let label = landmarks.label(at: UInt64(bitPattern: addend))
    else { return type }
    return "\(type) to \(label.shortened)"
  }
}
