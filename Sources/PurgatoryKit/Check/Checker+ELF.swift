// Checker+ELF.swift — judge an ELF file, by itself or as a part of another file
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

extension Checker {
  /// - Parameter prefix: where in the file this ELF file is, before every location.
  func check(elf bytes: [UInt8], at prefix: String, into file: inout CheckedFile) {
    if !ELFFile.looksLikeELF(bytes), let kind = FileKind(bytes) {
      return file.list.add(
        Finding(
          .malformedELF, prefix + "file", found: kind.name, expected: "an ELF file",
          help: kind.help(file.path)))
    }
    // Findings have the place of a member, and not those that were there before.
    let before = file.list.findings.count
    do throws(ELFError) {
      let elf = try ELFFile(bytes)
      try judge(elf, into: &file)
    } catch {
      file.list.add(error.finding)
    }
    if !prefix.isEmpty { file.list.prefix(prefix, from: before) }
  }

  private func judge(_ elf: borrowing ELFFile, into file: inout CheckedFile) throws(ELFError) {
    if file.judged == "nothing" { file.judged = elf.description }
    if elf.isIntermediateCode {
      return file.list.add(.intermediateCode)
    }
    let position = try PositionIndependence(elf, profile, into: &file.list)
    file.counts = file.counts + position.counts
    if elf.hasNamelessSymbols {
      file.notes.append("its .dynsym has no string table: symbols are known by number")
    }
    let rules = try PurgatoryRules(elf, maximumSize: profile == .purgatory ? maximumSize : .max)
    if profile == .purgatory {
      file.list.add(rules.findings)
      file.unjudged.formUnion(rules.unjudged)
      if let info = rules.info { file.list.add(info.findings()) }
    } else if elf.header.type != .relocatable, !elf.segments.contains(where: { $0.type == .load }) {
      throw ELFError(place: "program headers", found: "no PT_LOAD segment", expected: "something to load")
    }
    // The rules of a purgatory say the same of its one segment.
    if profile != .purgatory || rules.findings.allSatisfy({ $0.rule != .loadSegment }) {
      file.list.add(FlatLayout.findings(elf, pageRelative: position.pageRelative))
    }
    let proof = proof(of: elf, rules, position, file.path)
    // Firmware that relocates itself has to know where it was linked.
    if case .missing = proof, profile != .selfRelocating {
      try BakedAddresses.find(in: elf, except: rules.infoRange, into: &file.list)
    }
    file.add(proof)
    if let alignment = linkProof?.alignment, alignment > PurgatoryInfo.loadAlignment, case .made = proof {
      file.notes.append("proven at multiples of \(alignment >> 10) KiB, to which the script aligns")
    }
  }

  private func proof(
    of elf: borrowing ELFFile, _ rules: PurgatoryRules, _ position: PositionIndependence, _ path: String
  ) -> Proof {
    // What relocates a sealed object changes it.
    let isFinal = elf.header.type != .relocatable || position.retained.isEmpty
    if isFinal, rules.info != nil, let range = rules.loadRange, Seal.isIntact(elf.bytes[range]),
      profile == .purgatory || rules.findings.isEmpty
    {
      return .made(by: Seal.description)
    }
    if let linkProof, linkProof.findings.isEmpty,
      linkProof.image.isSame(as: FlatImage(elf), filledIn: info(in: elf))
    {
      return .made(by: "links at several bases: these are their bytes")
    }
    if let linkProof, linkProof.findings.isEmpty, elf.header.type != .relocatable {
      return .missing(
        reason: "it has other bytes than the links of these objects",
        help:
          "link it as they are: same objects and script, the same linker (--toolchain llvm or gnu), no other options"
      )
    }
    return .missing(
      reason: profile == .selfRelocating && position.counts.dynamicRelocations > 0
        ? "what it does to itself is not in the file" : elf.doubt(retained: position.retained),
      help: helpToProve(path, elf.header.type, relocatesItself: position.counts.dynamicRelocations > 0))
  }

  private func helpToProve(_ path: String, _ type: ELFHeader.ObjectType, relocatesItself: Bool) -> String {
    let profile = profile == .purgatory ? "" : " --profile pie"
    if self.profile == .selfRelocating, relocatesItself {
      return "run it at two bases, or do without relocations and use --profile pie"
    }
    return switch type {
    case .core: "check the program that it is the memory of"
    case .relocatable:
      "purgatory check\(profile) --objects \(judgesEmbedded ? "OBJECT…" : path) --script SCRIPT"
    default: "purgatory check\(profile) \(path) --objects OBJECT… --script SCRIPT"
    }
  }
}

extension Finding {
  static let intermediateCode = Finding(
    .malformedELF, "sections", found: "GCC's intermediate code (-flto), which a link compiles",
    expected: "machine code", help: "compile it without -flto, or check what is linked")
}

extension ELFFile {
  /// What kind of ELF file it is.
  fileprivate var description: String {
    let kind =
      switch header.type {
      case .relocatable: "an object"
      case .executable, .sharedObject: "a linked ELF file"
      case .core: "a core file"
      default: "an ELF file"
      }
    return "\(kind) for \(header.machine.name) (\(header.type.name))"
  }

  /// Whether it has no machine code yet.
  var isIntermediateCode: Bool {
    header.type == .relocatable && sections.contains { $0.name.hasPrefix(".gnu.lto_") }
      && !sections.contains { $0.isLoaded && $0.type == .programBits }
  }
}

extension PurgatoryRules {
  /// The rules that the file did not get as far as: of what another machine executes, or of several pieces of memory,
  /// no more is asked.
  fileprivate var unjudged: Set<Rule> {
    if findings.contains(where: { $0.rule == .wrongMachine }) {
      return PurgatoryInfo.rules.union([.loadSegment, .entry])
    }
    if loadRange == nil { return PurgatoryInfo.rules.union([.entry]) }
    return info == nil ? PurgatoryInfo.rules : []
  }
}
