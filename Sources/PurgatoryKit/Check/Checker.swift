// Checker.swift — judge a file by the rules, whatever it is: ELF, archive, host binary, flat purgatory
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import PurgatoryABI

/// What `check` found in one file.
public struct CheckedFile: Equatable, Sendable {
  public let path: String
  public fileprivate(set) var findings: [Finding] = []
  public fileprivate(set) var counts = LinkCounts()
  /// Anything that is worth a sentence and no finding: what was judged in a container.
  public fileprivate(set) var notes: [String] = []
  /// The rules that say nothing of the file, and why: they are neither broken nor kept.
  public fileprivate(set) var omissions: [Rule: Omission] = [:]
  /// Whether there were bytes to judge.
  public fileprivate(set) var wasRead = true
  public var ok: Bool { findings.isEmpty }

  /// Rules that could not be applied to all of the file.
  fileprivate var unjudged: Set<Rule> = []

  init(path: String) {
    self.path = path
  }
}

/// Why a rule was not applied to a file.
public enum Omission: Hashable, Sendable {
  /// It was allowed to be broken.
  case allowed
  /// The profile does not have it.
  case profile(Profile)
  /// The file does not show whether it is kept: it has no such part, or could not be read that far.
  case unjudged
}

/// The rules that apply, and their bounds.
public struct Checker: Sendable {
  public var profile = Profile.purgatory
  /// Rules that are not applied.
  public var allowed: Set<Rule> = []
  /// The budget for loadable bytes.
  public var maximumSize = Int(PURGATORY_MAX_FILE_SIZE)

  public init() {}

  /// The rules that are applied to no file, and why.
  public var omissions: [Rule: Omission] {
    let profile = profile
    return Dictionary(uniqueKeysWithValues: allowed.map { ($0, .allowed) })
      .merging(Profile.purgatory.rules.subtracting(profile.rules).map { ($0, .profile(profile)) }) { $1 }
  }

  /// Judges the file at `path`, a manifest and an output folder with all that they name; what cannot be read is a finding,
  /// too, and no `allowed` rule hides it.
  public func check(path: String) -> CheckedFile {
    var file = CheckedFile(path: path)
    do throws(Rejection) {
      let path = ManifestFiles.manifestPath(path) ?? path
      let bytes = try Files.read(path, .elf)
      if Manifest.looksLikeManifest(bytes) {
        try check(Manifest(decoding: bytes, file: path), at: path, into: &file)
      } else {
        check(bytes, into: &file)
      }
    } catch {
      file.wasRead = false
      file.findings = error.problems.map {
        Finding(
          .malformedELF, $0.place ?? "file", found: $0.file == path ? $0.found : "\($0.file): \($0.found)",
          expected: $0.expected ?? "a file to check", help: $0.help ?? "name a file that can be read")
      }
    }
    return judged(file)
  }

  /// Judges what would be written to `path`.
  public func check(_ bytes: [UInt8], path: String) -> CheckedFile {
    var file = CheckedFile(path: path)
    check(bytes, into: &file)
    return judged(file)
  }

  private func check(_ manifest: Manifest, at path: String, into file: inout CheckedFile) throws(Rejection) {
    let files = try ManifestFiles(manifest, path: path)
    file.notes.append("judged the manifest and its \(files.files.count) files")
    file.findings = files.findings()
    file.unjudged = Set(Rule.allCases).subtracting(PurgatoryInfo.rules.union([.malformedELF, .manifest]))
  }

  /// The findings of a proof, which judges by `rules`, as those of the file at `path`.
  public func judge(_ findings: [Finding], by rules: Set<Rule>, path: String) -> CheckedFile {
    var file = CheckedFile(path: path)
    file.findings = findings
    file.unjudged = Set(Rule.allCases).subtracting(rules)
    return judged(file)
  }

  private func judged(_ file: CheckedFile) -> CheckedFile {
    var file = file
    let omissions = omissions
    let broken = Set(file.findings.map(\.rule))
    // What cannot be read cannot be vouched for; and what is broken in one part of a file is broken.
    let unjudged = (broken.contains(.malformedELF) ? Set(Rule.allCases) : file.unjudged).subtracting(broken)
    file.omissions = omissions.merging(unjudged.map { ($0, .unjudged) }) { omission, _ in omission }
    file.findings.removeAll { $0.mayBeAllowed && omissions[$0.rule] != nil }
    for finding in file.findings { file.omissions[finding.rule] = nil }
    return file
  }

  private func check(_ bytes: [UInt8], into file: inout CheckedFile) {
    file.unjudged = [.manifest]
    do throws(ELFError) {
      if ELFFile.looksLikeELF(bytes) {
        let embedded = try EmbeddedELF.search(bytes)
        if embedded.isEmpty {
          check(elf: bytes, at: "", into: &file)
        }
        for elf in embedded {
          file.notes.append(
            "judged the purgatory of \(elf.range.count) bytes at offset \(String(hex: UInt64(elf.range.lowerBound)))"
          )
          check(
            elf: Array(bytes[elf.range]), at: "offset \(String(hex: UInt64(elf.range.lowerBound))): ",
            into: &file)
        }
      } else if Archive.looksLikeArchive(bytes) {
        let members = try Archive(bytes).members
        guard !members.isEmpty else {
          throw ELFError(place: "archive", found: "no members", expected: "objects to judge")
        }
        file.notes.append(
          "judged \(members.count) \(members.count == 1 ? "member" : "members") of the archive")
        for member in members {
          check(elf: Array(bytes[member.range]), at: "\(member.name.shortened): ", into: &file)
        }
      } else {
        checkFlat(bytes, into: &file)
      }
    } catch {
      file.findings.append(error.finding)
    }
  }

  /// - Parameter prefix: where in the file this ELF file is, before every location.
  private func check(elf bytes: [UInt8], at prefix: String, into file: inout CheckedFile) {
    var findings: [Finding] = []
    do throws(ELFError) {
      let elf = try ELFFile(bytes)
      let position = try PositionIndependence(elf, objectsMayLink: profile == .pie)
      file.counts = file.counts + position.counts
      findings += position.findings
      if profile == .purgatory {
        let rules = try PurgatoryRules(elf, maximumSize: maximumSize)
        findings += rules.findings
        file.unjudged.formUnion(rules.unjudged)
        if let info = rules.info { findings += info.findings() }
      } else if elf.header.type != .relocatable, !elf.segments.contains(where: { $0.type == .load }) {
        throw ELFError(place: "program headers", found: "no PT_LOAD segment", expected: "something to load")
      }
    } catch {
      findings.append(error.finding)
    }
    file.findings += findings.map { $0.at(prefix + $0.location) }
  }

  private func checkFlat(_ bytes: [UInt8], into file: inout CheckedFile) {
    file.unjudged = Set(Rule.allCases)
    do {
      let blob = try Blob(recognising: bytes, file: file.path)
      if blob.loadRange.count > maximumSize {
        file.findings.append(
          Finding(
            .loadSegment, "file", found: "\(blob.loadRange.count) loadable bytes",
            expected: "at most \(maximumSize)"))
      }
      file.findings += blob.info.findings()
      file.unjudged.subtract(PurgatoryInfo.rules.union([.malformedELF, .loadSegment]))
    } catch {
      file.findings += error.findings
    }
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
  fileprivate static let rules: Set<Rule> = [.infoSymbol, .overlap, .entryOutsideRegions, .dtb]
}
