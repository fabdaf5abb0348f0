// RelocationUse.swift — what is left of a relocation when the file is moved: by its type, its symbol and its code
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// What a relocation makes of the place that it changes.
enum RelocationUse: UInt8 {
  /// No address.
  case nothing
  /// A distance within the file.
  case distance
  /// The low bits of an address, or the distance to its page: the same as long as the file is moved by pages.
  case page
  /// A number that is the same wherever the file is linked.
  case constant
  /// An address.
  case address
  /// The distance to a fixed address.
  case fixedDistance
  /// What a GOT or a PLT holds.
  case gotOrPLT
  /// Something thread-local.
  case threadLocal
  /// An address that a linker has made a distance from address 0.
  case fromZero
  /// One half of a difference of two addresses, without the other half.
  case half
  /// Nobody here knows.
  case unknown

  /// Whether it comes out the same at every base once it was linked.
  var isResolvedByLink: Bool {
    switch self {
    case .nothing, .distance, .page, .constant: true
    case .address, .fixedDistance, .gotOrPLT, .threadLocal, .fromZero, .half, .unknown: false
    }
  }

  /// The rule that it breaks, if it breaks one.
  var rule: Rule {
    switch self {
    case .gotOrPLT: .gotOrPLT
    case .threadLocal: .threadLocal
    default: .absoluteAddress
    }
  }

  /// What a link will make of it.
  func prospect(symbolIsDefined: Bool) -> String {
    switch self {
    case .nothing: "(nothing to apply)"
    case .distance, .page:
      symbolIsDefined ? "(a link resolves it)" : "(a link resolves it where the symbol is defined)"
    case .constant: "(a constant: a link resolves it)"
    case .address: "(depends on the load address: no link resolves it)"
    case .fixedDistance: "(the distance to a fixed address: no link resolves it)"
    case .gotOrPLT: "(needs a GOT or PLT)"
    case .threadLocal: "(needs a thread pointer)"
    case .half: "(one half of a difference: no link resolves it)"
    case .fromZero, .unknown: "(not known to be position-independent)"
    }
  }

  /// What should stand in a linked file instead.
  var expectedInstead: String {
    switch self {
    case .nothing, .distance, .page, .constant: ""
    case .address: "no absolute address"
    case .fixedDistance: "no distance to a fixed address"
    case .gotOrPLT: "no GOT or PLT"
    case .threadLocal: "nothing thread-local"
    case .fromZero: "no distance from address 0"
    case .half: "its other half beside it"
    case .unknown: "a type that is known to be position-independent"
    }
  }
}

extension RelocationUse {
  /// - Parameters:
  ///   - kind: what its type does.
  ///   - isConstant: whether it is about a number: an absolute symbol, or none.
  ///   - isFixed: whether its symbol is absolute, and not an address of the file by all appearances.
  init(_ kind: RelocationClass, isConstant: Bool, isFixed: Bool) {
    self =
      switch kind {
      case .none: .nothing
      case .absolute: isConstant ? .constant : .address
      case .pcRelative: isFixed ? .fixedDistance : .distance
      case .pageOffset: .page
      case .plus, .minus: .half
      case .gpRelative: .distance
      case .gotOrPLT: .gotOrPLT
      case .tls: .threadLocal
      case .dynamic, .unknown: .unknown
      }
  }
}

extension ELFFile {
  /// Whether the linker has made the use of a GOT at `entry` one without: by what stands there now. A linked file keeps
  /// the type that the object had.
  func isRelaxed(_ entry: RelocationEntry) -> Bool {
    switch (header.machine, entry.type) {
    // LD64_GOT_LO12_NC, LD64_GOTPAGE_LO15: `ldr` loads from the GOT, `add` does not.
    case (.aarch64, 312), (.aarch64, 313):
      instruction(at: entry.offset).map { $0 & 0xffc0_0000 != 0xf940_0000 } ?? false
    // GOT_LD_PREL19: `ldr` of a literal.
    case (.aarch64, 309): instruction(at: entry.offset).map { $0 & 0xff00_0000 != 0x5800_0000 } ?? false
    // ADR_GOT_PAGE only leads to one of the others.
    case (.aarch64, 311): true
    // GOTPCREL and its kin: `lea`, `addr32 call`, `jmp` in the place of a load.
    case (.x86_64, 9), (.x86_64, 41), (.x86_64, 42), (.i386, 43):
      bytes(before: entry.offset, count: 2).map { $0[0] == 0x8d || $0 == [0x67, 0xe8] || $0[0] == 0xe9 }
        ?? false
    default: false
    }
  }

  /// Whether a distance from the global pointer at `entry` is in fact one from address 0.
  func isFromZero(_ entry: RelocationEntry) -> Bool {
    // rs1 is x3, the global pointer, or has been made x0 (RISC-V unprivileged ISA, "Base Instruction Formats").
    instruction(at: entry.offset).map { ($0 >> 15) & 31 != 3 } ?? true
  }

  /// The little-endian word at a virtual address.
  func instruction(at address: UInt64) -> UInt32? {
    guard let range = fileRange(ofVirtualAddress: address, size: 4) else { return nil }
    return bytes[range].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The address that a loader finds at `place`, of the file's class.
  func address(at place: UInt64) -> UInt64? {
    guard let range = fileRange(ofVirtualAddress: place, size: header.elfClass == .elf64 ? 8 : 4) else {
      return nil
    }
    let ordered = header.byteOrder == .littleEndian ? bytes[range].reversed() : Array(bytes[range])
    return ordered.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func bytes(before address: UInt64, count: UInt64) -> [UInt8]? {
    fileRange(ofVirtualAddress: address &- count, size: count).map { Array(bytes[$0]) }
  }
}
