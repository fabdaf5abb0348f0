// Checker.swift — judge a file by the rules, whatever it is: ELF, archive, flat purgatory, output folder
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// The rules that apply, and their bounds.
public struct Checker: Sendable {
  public var profile = Profile.purgatory
  /// Whether what was not proven fails; of a purgatory it does.
  public var requiresProof = false
  /// What may be broken.
  public var allowances: [Allowance] = []
  /// The budget for loadable bytes.
  public var maximumSize = Int(PURGATORY_MAX_FILE_SIZE)
  /// Whether the purgatories in a program are judged instead of the program.
  public var judgesEmbedded = false
  /// Whether findings of one kind are one.
  public var foldsFindings = false
  /// What was found before.
  public var baseline: Baseline?
  /// Links that are the proof of files with the same bytes.
  public var linkProof: LinkProof?

  public init() {}

  /// The rules that are applied.
  private var rules: Set<Rule> { requiresProof ? profile.rules.union([.proof]) : profile.rules }
  private var allowed: Set<Rule> { Set(allowances.filter { $0.subject == nil }.map(\.rule)) }

  /// The rules that are applied to no file, and why.
  public var omissions: [Rule: Omission] {
    let profile = profile
    return Dictionary(uniqueKeysWithValues: allowed.map { ($0, .allowed) })
      .merging(Set(Rule.allCases).subtracting(rules).map { ($0, .profile(profile)) }) { $1 }
  }

  func newFile(_ path: String) -> CheckedFile {
    CheckedFile(path: path, list: FindingList(rules: rules, isFolded: foldsFindings, allowances: allowances))
  }

  /// Judges the file at `path`, a manifest and an output folder with all that they name; what cannot be read is a finding,
  /// too, and nothing that is allowed hides it.
  public func check(path: String) -> CheckedFile {
    var file = newFile(path)
    do throws(Rejection) {
      let path = ManifestFiles.manifestPath(path) ?? path
      let bytes = try Files.read(path == "-" ? "/dev/stdin" : path, .elf)
      if Manifest.looksLikeManifest(bytes) {
        try check(Manifest(decoding: bytes, file: path), at: path, into: &file)
      } else {
        check(bytes, into: &file)
      }
    } catch {
      refuse(&file, error)
    }
    return concluded(file)
  }

  /// Judges what would be written to `path`.
  public func check(_ bytes: [UInt8], path: String) -> CheckedFile {
    var file = newFile(path)
    check(bytes, into: &file)
    return concluded(file)
  }

  /// Says that `file` was not judged, and why.
  func refuse(_ file: inout CheckedFile, _ rejection: Rejection) {
    for problem in rejection.problems {
      file.list.add(
        Finding(
          .malformedELF, problem.place ?? "file",
          found: problem.file == file.path ? problem.found : "\(problem.file): \(problem.found)",
          expected: problem.expected ?? "a file to check",
          help: problem.help ?? "name a file that can be read"))
    }
  }

  private func check(_ manifest: Manifest, at path: String, into file: inout CheckedFile) throws(Rejection) {
    let files = try ManifestFiles(manifest, path: path)
    file.judged = "the manifest and its \(files.files.count) files"
    file.list.add(files.findings())
    file.unjudged = Set(Rule.allCases).subtracting(
      PurgatoryInfo.rules.union([.malformedELF, .manifest, .proof]))
    let blobs = files.files.filter { $0.segment.role == .purgatory }
    if let blob = blobs.first, blobs.count == 1 {
      file.proof = proof(of: (try? Blob(blob.bytes, file: blob.path))?.flat, blob.path)
    }
  }

  /// What is to be said of `file` now that everything is known.
  func concluded(_ file: CheckedFile) -> CheckedFile {
    var file = file
    baseline?.apply(to: &file)
    if file.verdict == .unproven, requiresProof || profile == .purgatory, let doubt = file.doubt {
      file.list.add(
        Finding(.proof, "file", found: "unproven: \(doubt.reason)", expected: "a proof", help: doubt.help))
    }
    // What is broken was not asked for a proof.
    if file.verdict == .broken, case .missing = file.proof { file.unjudged.insert(.proof) }
    let omissions = omissions
    let broken = Set(file.findings.map(\.rule))
    // What cannot be read cannot be vouched for; and what is broken in one part of a file is broken.
    let unjudged =
      (broken.contains(.malformedELF) || file.verdict == .unreadable ? Set(Rule.allCases) : file.unjudged)
      .subtracting(broken)
    file.omissions = omissions.merging(unjudged.map { ($0, .unjudged) }) { omission, _ in omission }
    for rule in broken { file.omissions[rule] = nil }
    return file
  }

  private func check(_ bytes: [UInt8], into file: inout CheckedFile) {
    file.unjudged = [.manifest]
    do throws(ELFError) {
      if ELFFile.looksLikeELF(bytes) {
        try checkProgram(bytes, into: &file)
      } else if Archive.looksLikeArchive(bytes) {
        let members = try Archive(bytes).members
        guard !members.isEmpty else {
          throw ELFError(place: "archive", found: "no members", expected: "objects to judge")
        }
        file.judged = "\(members.count) \(members.count == 1 ? "member" : "members") of the archive"
        for member in members {
          check(elf: Array(bytes[member.range]), at: "\(member.name.shortened): ", into: &file)
        }
      } else {
        checkFlat(bytes, into: &file)
      }
    } catch {
      file.list.add(error.finding)
    }
  }

  /// An ELF file; or what it carries, if that is asked for.
  private func checkProgram(_ bytes: [UInt8], into file: inout CheckedFile) throws(ELFError) {
    // Looking for what others carry takes longer than all other rules.
    let embedded =
      judgesEmbedded ? try EmbeddedELF.search(bytes) : profile == .purgatory ? EmbeddedELF.all(in: bytes) : []
    let places = embedded.map { "offset \(String(hex: UInt64($0.range.lowerBound)))" }
    guard judgesEmbedded else {
      check(elf: bytes, at: "", into: &file)
      for place in places {
        file.notes.append(
          "the purgatory in it at \(place) was not judged: --embedded judges it, and not the program")
      }
      return
    }
    guard !embedded.isEmpty else {
      throw ELFError(
        place: "file", found: "no purgatory in it", expected: "one, to be judged with --embedded")
    }
    for (elf, place) in zip(embedded, places) {
      check(elf: Array(bytes[elf.range]), at: "\(place): ", into: &file)
    }
    file.judged =
      zip(embedded, places).map { "the purgatory of \($0.range.count) bytes at \($1)" }.joined(
        separator: ", ")
      + ", not the program around it"
  }

  /// - Parameter prefix: where in the file this ELF file is, before every location.
  private func check(elf bytes: [UInt8], at prefix: String, into file: inout CheckedFile) {
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
      return file.list.add(
        Finding(
          .malformedELF, "sections", found: "GCC's intermediate code (-flto), which a link compiles",
          expected: "machine code", help: "compile it without -flto, or check what is linked"))
    }
    let position = try PositionIndependence(elf, profile, into: &file.list)
    file.counts = file.counts + position.counts
    if elf.hasNamelessSymbols {
      file.notes.append("its .dynsym has no string table: symbols are known by number")
    }
    var isSealed = false
    var isOnePiece = true
    if profile == .purgatory {
      let rules = try PurgatoryRules(elf, maximumSize: maximumSize)
      file.list.add(rules.findings)
      file.unjudged.formUnion(rules.unjudged)
      isOnePiece = rules.findings.allSatisfy { $0.rule != .loadSegment }
      if let info = rules.info { file.list.add(info.findings()) }
      isSealed = rules.info != nil && rules.loadRange.map { Seal.isIntact(elf.bytes[$0]) } ?? false
    } else {
      if elf.header.type != .relocatable, !elf.segments.contains(where: { $0.type == .load }) {
        throw ELFError(place: "program headers", found: "no PT_LOAD segment", expected: "something to load")
      }
      let blob = try PurgatoryRules(elf, maximumSize: .max)
      isSealed = blob.findings.isEmpty && blob.loadRange.map { Seal.isIntact(elf.bytes[$0]) } ?? false
    }
    // The rules of a purgatory say the same of its one segment.
    if isOnePiece {
      file.list.add(FlatLayout.findings(elf, pageRelative: position.pageRelative))
    }
    // One cause, one finding: where relocations tell of addresses, their bytes need not.
    // Firmware that relocates itself has to know where it was linked.
    if profile != .selfRelocating,
      file.list.findings.allSatisfy({ ![.absoluteAddress, .dynamicRelocation, .gotOrPLT].contains($0.rule) })
    {
      try BakedAddresses.find(in: elf, into: &file.list)
    }
    let isLinked = linkProof.map { $0.findings.isEmpty && $0.image == FlatImage(elf) } ?? false
    file.proof =
      isSealed
      ? .made(by: Seal.description)
      : isLinked
        ? .made(by: "links at three bases: these are their bytes")
        : .missing(

          reason: profile == .selfRelocating
            ? "what it does to itself is not in the file" : elf.doubt(retained: position.retained),
          help: helpToProve(file.path, elf.header.type))
  }

  private func helpToProve(_ path: String, _ type: ELFHeader.ObjectType) -> String {
    let profile = profile == .purgatory ? "" : " --profile \(profile.rawValue)"
    if self.profile == .selfRelocating {
      return "run it at two bases, or do without relocations and use --profile pie"
    }
    return switch type {
    case .core: "check the program that it is the memory of"
    case .relocatable: "purgatory check\(profile) --objects \(path) --script SCRIPT"
    default: "purgatory check\(profile) \(path) --objects OBJECT… --script SCRIPT"
    }
  }

  private func checkFlat(_ bytes: [UInt8], into file: inout CheckedFile) {
    file.unjudged = Set(Rule.allCases)
    if let kind = FileKind(bytes), !Blob.looksLikeFlat(bytes) {
      file.judged = kind.name
      guard kind.isFlatCode, profile != .purgatory else {
        return file.list.add(
          Finding(
            .malformedELF, "file", found: kind.name, expected: "an ELF file or a flat purgatory",
            help: kind.help(file.path)))
      }
      file.proof = .missing(reason: "\(kind.name), without its ELF file", help: kind.help(file.path))
      file.unjudged.subtract([.malformedELF])
      return
    }
    guard profile == .purgatory || Blob.looksLikeFlat(bytes) else {
      return file.list.add(
        Finding(
          .malformedELF, "file", found: "neither an ELF file nor a flat purgatory",
          expected: "what can be judged by itself", help: FileKind.helpOfFlat(file.path)))
    }
    do {
      let blob = try Blob(recognising: bytes, file: file.path)
      file.judged = blob.format == .bundle ? "a purgatory with its kernel" : "a flat purgatory"
      if blob.loadRange.count > maximumSize {
        file.list.add(
          Finding(
            .loadSegment, "file", found: "\(blob.loadRange.count) loadable bytes",
            expected: "at most \(maximumSize)"))
      }
      file.list.add(blob.info.findings())
      file.unjudged.subtract(PurgatoryInfo.rules.union([.malformedELF, .loadSegment, .proof]))
      file.proof = proof(of: blob.flat, file.path)
    } catch {
      file.list.add(error.findings)
    }
  }

  /// The proof that a flat purgatory brings with it.
  private func proof(of flat: [UInt8]?, _ path: String) -> Proof {
    if let flat, Seal.isIntact(flat[...]) { return .made(by: Seal.description) }
    return .missing(
      reason: "a flat purgatory without a seal, and without its ELF file",
      help: "build it with purgatory build, or: purgatory check --flat \(path) --elf FILE.elf")
  }
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
  fileprivate var isIntermediateCode: Bool {
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

extension PurgatoryInfo {
  /// Those that judge the struct.
  static let rules: Set<Rule> = [.infoSymbol, .overlap, .entryOutsideRegions, .dtb]
}
