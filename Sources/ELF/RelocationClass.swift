// RelocationClass.swift — what relocations do, and what they are called
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// What a relocation makes of an address.
package enum RelocationClass: Hashable, Sendable {
  /// Nothing about an address: a marker, a hint, a symbol's size, an offset within a section.
  case none
  /// A part of the address itself: the result depends on where the program is.
  case absolute
  /// The distance from the place to the address, also when a linker may lead it through the PLT; and the distance to
  /// where the GOT is, or from there to the address: of what the GOT holds nothing is used.
  case pcRelative
  /// The low bits of the address, within its page of 4 KiB: the same wherever the program is moved by pages.
  case pageOffset
  /// Something about an entry of the GOT or the PLT, or a distance from them.
  case gotOrPLT
  /// One part of a difference of two addresses: what is stored or added at the place (S + A), or taken off it. The
  /// other part is another relocation of the same place.
  case plus, minus
  /// The distance from the global pointer; a linker may have made it one from address 0.
  case gpRelative
  /// Something about a thread-local variable.
  case tls
  /// For a dynamic loader only.
  case dynamic
  /// Another one, or of a machine or number that this module does not know.
  case unknown
}

extension Relocation {
  /// What the relocation does in a file for `machine`.
  package func classification(for machine: ELFHeader.Machine) -> RelocationClass {
    RelocationClass(type, for: machine)
  }

  /// The name of its type in a file for `machine`, such as `R_AARCH64_ABS64`; `type N` for one that this module
  /// does not know, `RELR` for a RELR entry of such a machine.
  package func typeName(for machine: ELFHeader.Machine) -> String {
    RelocationClass.typeName(type, for: machine)
  }
}

extension RelocationClass {
  /// What relocations of `type`, nil in RELR entries, do in a file for `machine`.
  package init(_ type: UInt32?, for machine: ELFHeader.Machine) {
    self = RelocationTypes.of(machine)?.type(type)?.classification ?? (type == nil ? .dynamic : .unknown)
  }

  /// As ``Relocation/typeName(for:)``.
  package static func typeName(_ type: UInt32?, for machine: ELFHeader.Machine) -> String {
    if let types = RelocationTypes.of(machine), let type = types.type(type) {
      return types.prefix + type.name
    }
    return type.map { "type \($0)" } ?? "RELR"
  }
}

extension RelocationClass {
  /// Whether relocations of `type`, nil in RELR entries, add where the program is to an address of it, and nothing else.
  package static func isRelative(_ type: UInt32?, for machine: ELFHeader.Machine) -> Bool {
    type == nil || RelocationTypes.of(machine)?.relative == type
  }
}

/// The relocation types of one machine.
struct RelocationTypes: Sendable {
  /// What all names begin with.
  let prefix: String
  /// The type of RELR entries.
  let relative: UInt32
  private let types: [UInt32: (name: Substring, classification: RelocationClass)]

  /// Rows of names of the same class, whose numbers follow each other from `first` on.
  init(
    prefix: String, relative: UInt32,
    _ rows: [(first: UInt32, classification: RelocationClass, names: String)]
  ) {
    self.prefix = prefix
    self.relative = relative
    var types: [UInt32: (name: Substring, classification: RelocationClass)] = [:]
    for row in rows {
      for (number, name) in zip(row.first..., row.names.split { $0 == " " || $0 == "\n" }) {
        types[number] = (name, row.classification)
      }
    }
    self.types = types
  }

  static func of(_ machine: ELFHeader.Machine) -> RelocationTypes? {
    switch machine {
    case .aarch64: aarch64
    case .x86_64: amd64
    case .riscv: riscv
    case .ppc64: ppc64
    case .s390: s390
    case .arm: arm
    case .i386: i386
    case .mips: mips
    default: nil
    }
  }

  func type(_ number: UInt32?) -> (name: Substring, classification: RelocationClass)? {
    let number = number ?? relative
    return types[number] ?? composition(number)
  }
}
