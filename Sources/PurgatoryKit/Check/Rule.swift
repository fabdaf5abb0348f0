// Rule.swift — the rules of `check`: their ids are a contract, each has a page in docs/rules.md
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// What a purgatory must satisfy. The raw values are a contract; docs/rules.md has a page for each.
public enum Rule: String, CaseIterable, Sendable {
  /// No entry of SHT_REL, SHT_RELA or SHT_RELR that a loader applies, or of DT_REL, DT_RELA, DT_RELR and DT_JMPREL (ELF gABI,
  /// chapters 4 and 5).
  case dynamicRelocation = "dynamic-relocation"
  /// No PT_DYNAMIC, PT_INTERP or .dynamic (ELF gABI, chapter 5).
  case dynamicSection = "dynamic-section"
  /// No GOT and no PLT (ELF for the Arm 64-bit Architecture).
  case gotOrPLT = "got-or-plt"
  /// No symbol in SHN_UNDEF (ELF gABI, chapter 4).
  case undefinedSymbol = "undefined-symbol"
  /// No bytes that depend on the address that they are linked at: by what is left of relocations, or by linking again.
  case absoluteAddress = "absolute-address"
  /// No thread-local storage: PT_TLS, SHF_TLS, STT_TLS (ELF gABI, chapters 4 and 5).
  case threadLocal = "thread-local"
  /// The bytes of all PT_LOAD, copied to a page, are where their code expects them.
  case flatLayout = "flat-layout"
  /// Exactly one PT_LOAD, contiguous from the base, and within the budget of `Checker.maximumSize`.
  case loadSegment = "load-segment"
  /// e_entry is the first byte, in an executable segment.
  case entry
  /// Exactly one `purgatory_info`, an object of the struct's size, with valid contents (docs/abi.md).
  case infoSymbol = "info-symbol"
  /// ELFCLASS64, ELFDATA2LSB, EM_AARCH64.
  case wrongMachine = "wrong-machine"
  /// The file is whole and well-formed; it is broken by whatever cannot be read, too.
  case malformedELF = "malformed-elf"
  /// Regions share no byte with each other or with the blob.
  case overlap
  /// `kernel_entry` lies in a verified region.
  case entryOutsideRegions = "entry-outside-regions"
  /// The device tree is 8-byte aligned, is one, and has at most 2 MiB (booting.rst).
  case dtb
  /// Each file of an output folder is what the manifest and the purgatory say.
  case manifest
  /// Something has proven that the bytes do not depend on the address that they are linked at: the seal of a build, a link,
  /// or an ELF file.
  case proof

  /// Those that make any file run wherever its bytes are copied. Where one is broken and that is allowed, nothing is
  /// proven.
  static let positionIndependence: Set<Rule> = [
    .dynamicRelocation, .dynamicSection, .gotOrPLT, .undefinedSymbol, .absoluteAddress, .threadLocal,
    .flatLayout,
  ]

  /// The rule as a sentence.
  public var summary: String {
    switch self {
    case .dynamicRelocation: "nothing is left for a loader to relocate"
    case .dynamicSection: "there are no tables for a dynamic loader"
    case .gotOrPLT: "nothing is addressed through a GOT or called through a PLT"
    case .undefinedSymbol: "every symbol is defined, weak ones too"
    case .absoluteAddress: "the bytes do not depend on the address they are linked at"
    case .threadLocal: "nothing is thread-local"
    case .flatLayout: "copied to a page, the loaded bytes are where their code expects them"
    case .loadSegment: "one PT_LOAD holds the blob, contiguous from its base and within budget"
    case .entry: "the entry point is the first byte, and executable"
    case .infoSymbol: "there is exactly one struct purgatory_info, and its contents are valid"
    case .wrongMachine: "the file is for 64-bit little-endian AArch64"
    case .malformedELF: "the file is a whole, well-formed ELF file or purgatory"
    case .overlap: "regions overlap neither each other nor the blob"
    case .entryOutsideRegions: "the kernel's entry lies in a verified region"
    case .dtb: "the device tree is aligned, is one, and is at most 2 MiB"
    case .manifest: "the files of an output folder are what its manifest and its purgatory say"
    case .proof: "it was proven that the bytes do not depend on the address they are linked at"
    }
  }

  /// Whether it may be left out: what cannot be read is never ok.
  public var mayBeAllowed: Bool { self != .malformedELF }

  /// The usual remedy, on AArch64.
  public var help: String { help(for: .aarch64) }

  /// The usual remedy.
  func help(for machine: ELFHeader.Machine) -> String {
    let isAArch64 = machine == .aarch64
    let address =
      isAArch64
      ? "address it with adr or adrp (in C: -fPIE), or store a difference of labels"
      : "compile it with -fPIE, or store a difference of labels"
    return switch self {
    case .dynamicRelocation: "\(address); hide what is exported"
    case .dynamicSection:
      "link with --no-dynamic-linker and /DISCARD/ the dynamic tables in the linker script"
    case .gotOrPLT:
      "declare the symbol .hidden (-fvisibility=hidden)" + (isAArch64 ? " and address it with adr" : "")
    case .undefinedSymbol: "define it, or remove the reference; a weak one is no use without a loader"
    case .absoluteAddress: address
    case .threadLocal: "make it an ordinary variable: nobody sets a thread pointer up"
    case .flatLayout:
      "link with a script that starts at a multiple of 4 KiB, and put everything where it is to run"
    case .loadSegment: "link with a script that puts everything into one PT_LOAD, what has no file bytes last"
    case .entry: "put the entry first in the linker script, in an executable segment"
    case .infoSymbol:
      "include purgatory_info.h, define purgatory_info once as an object, and fill in valid values"
    case .wrongMachine: "build for aarch64-none-elf"
    case .malformedELF: "build or copy the file again"
    case .overlap: "give each region, and the purgatory, memory of its own"
    case .entryOutsideRegions: "verify the kernel too, or correct --kernel-entry"
    case .dtb: "pass a flattened device tree at an 8-byte aligned address"
    case .manifest: "build the folder again: purgatory build --output-dir"
    case .proof: "let it be linked: purgatory check --objects OBJECT… --script SCRIPT"
    }
  }
}

/// Which rules apply.
public enum Profile: String, CaseIterable, Sendable {
  /// All: the file is to be a purgatory, and proven.
  case purgatory
  /// Those of position independence: the file is anybody's blob.
  case pie
  /// The file is firmware that relocates itself: what it has to relocate is relative, and not the code that does it.
  case selfRelocating = "self-relocating"

  /// The rules that apply.
  public var rules: Set<Rule> {
    switch self {
    case .purgatory: Set(Rule.allCases)
    case .pie: Rule.positionIndependence.union([.malformedELF, .manifest])
    case .selfRelocating: Profile.pie.rules.subtracting([.dynamicSection, .gotOrPLT])
    }
  }
}
