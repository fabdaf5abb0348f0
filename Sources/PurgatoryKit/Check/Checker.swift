// Checker.swift — judge a file by the rules, whatever it is: ELF, archive, flat purgatory, output folder
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// Judges files by the rules (docs/rules.md). It never throws: what cannot be read is a finding of `Rule.malformedELF`.
public struct Checker: Sendable {
  /// Which rules apply.
  public var profile = Profile.purgatory
  /// Whether what was not proven fails; of a purgatory it does.
  public var requiresProof = false
  /// What may be broken.
  public var allowances: [Allowance] = []
  /// The budget for loadable bytes; two pages of 4 KiB unless it is set.
  public var maximumSize = Int(PURGATORY_MAX_FILE_SIZE)
  /// Whether the purgatories in a program are judged instead of the program.
  public var judgesEmbedded = false
  /// Whether findings of one kind are one.
  package var foldsFindings = false
  /// What was found before.
  package var baseline: Baseline?
  /// Of the digests of large files.
  public var progress: Progress?
  /// Links that are the proof of files with the same bytes.
  package var linkProof: LinkProof?

  /// Every rule of a purgatory, no exceptions.
  public init() {}

  /// The rules that are applied.
  private var rules: Set<Rule> { requiresProof ? profile.rules.union([.proof]) : profile.rules }
  private var allowed: Set<Rule> { Set(allowances.filter { $0.subject == nil }.map(\.rule)) }

  /// The rules that are applied to no file, and why.
  package var omissions: [Rule: Omission] {
    let profile = profile
    return Dictionary(uniqueKeysWithValues: allowed.map { ($0, .allowed) })
      .merging(Set(Rule.allCases).subtracting(rules).map { ($0, .profile(profile)) }) { $1 }
  }

  func newFile(_ path: String) -> CheckedFile {
    CheckedFile(path: path, list: FindingList(rules: rules, isFolded: foldsFindings, allowances: allowances))
  }

  /// Judges the file at `path`, `-` being standard input; a manifest and an output folder with all that they name; what cannot be read is a finding,
  /// too, and nothing that is allowed hides it.
  public func check(path: String) -> CheckedFile {
    var file = newFile(path)
    do throws(Rejection) {
      if CheckedFolder(path: path)?.files.isEmpty ?? false {
        throw Rejection(
          Problem(
            path, found: "a folder with nothing to judge in it",
            expected: "ELF files, archives, purgatories, or the manifest.json of an output folder",
            help: "name a folder that has some"))
      }
      let path = ManifestFiles.manifestPath(path) ?? path
      let contents = try Contents(path: path == "-" ? "/dev/stdin" : path)
      if Manifest.looksLikeManifest(try contents.prefix(1)) {
        try check(Manifest(decoding: contents.bytes(.text), file: path), at: path, into: &file)
      } else {
        try check(contents, into: &file)
      }
      try contents.checkUnchanged()
    } catch {
      refuse(&file, error)
    }
    return concluded(file)
  }

  /// Judges what would be written to `path`, which only names it.
  public func check(_ bytes: [UInt8], path: String) -> CheckedFile {
    check(Contents(bytes, name: path), path: path)
  }

  /// Judges what would be written to `path`, of which no more is held than is parsed.
  public func check(_ contents: Contents, path: String) -> CheckedFile {
    var file = newFile(path)
    do throws(Rejection) {
      try check(contents, into: &file)
    } catch {
      refuse(&file, error)
    }
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
    file.list.add(try files.findings(progress))
    try files.checkUnchanged()
    file.unjudged = Set(Rule.allCases).subtracting(
      PurgatoryInfo.rules.union([.malformedELF, .manifest, .proof]))
    let blobs = files.files.filter { $0.segment.role == .purgatory }
    if let blob = blobs.first, blobs.count == 1 {
      file.proof = proof(of: (try? Blob(blob.contents, file: blob.path))?.flat, blob.path)
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

  private func check(_ contents: Contents, into file: inout CheckedFile) throws(Rejection) {
    file.unjudged = [.manifest]
    let start = try contents.prefix(FileKind.size)
    // Only what is parsed is held.
    guard ELFFile.looksLikeELF(start) || Archive.looksLikeArchive(start) else {
      return checkFlat(contents, start, into: &file)
    }
    let bytes = try contents.bytes(.elf)
    do throws(ELFError) {
      if ELFFile.looksLikeELF(bytes) {
        try checkProgram(bytes, into: &file)
      } else {
        let members = try Archive(bytes).members
        guard !members.isEmpty else {
          throw ELFError(place: "archive", found: "no members", expected: "objects to judge")
        }
        file.judged = "\(members.count) \(members.count == 1 ? "member" : "members") of the archive"
        for member in members {
          check(elf: Array(bytes[member.range]), at: "\(member.name.shortened): ", into: &file)
        }
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
      file.list.add(
        Finding(
          .malformedELF, "file", found: "no purgatory in it", expected: "one, to be judged with --embedded",
          help: "leave --embedded out to judge the file itself"))
      return
    }
    for (elf, place) in zip(embedded, places) {
      check(elf: Array(bytes[elf.range]), at: "\(place): ", into: &file)
    }
    file.judged =
      zip(embedded, places).map { "the purgatory of \($0.range.count) bytes at \($1)" }.joined(
        separator: ", ")
      + ", not the program around it"
  }
}
