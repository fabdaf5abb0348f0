// Checker.swift — judge a file by the rules, whatever it is: ELF, archive, host binary, flat purgatory
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryABI

/// What `check` found in one file.
public struct CheckedFile: Equatable, Sendable {
  public let path: String
  public fileprivate(set) var findings: [Finding] = []
  public fileprivate(set) var counts = LinkCounts()
  /// Anything that is worth a sentence and no finding: what was judged in a container.
  public fileprivate(set) var notes: [String] = []
  public var ok: Bool { findings.isEmpty }

  init(path: String) {
    self.path = path
  }
}

/// The rules that apply, and their bounds.
public struct Checker: Sendable {
  public var profile = Profile.purgatory
  /// Rules that are not applied.
  public var allowed: Set<Rule> = []
  /// The budget for loadable bytes.
  public var maximumSize = Int(PURGATORY_MAX_FILE_SIZE)

  public init() {}

  /// Judges the file at `path`; one that cannot be read is a finding like any other.
  public func check(path: String) -> CheckedFile {
    var file = CheckedFile(path: path)
    do {
      check(try Files.read(path), into: &file)
    } catch {
      file.findings = error.problems.map {
        Finding(.malformedELF, "file", found: $0.found, expected: "a file to check")
      }
    }
    return judged(file)
  }

  /// The findings of a proof as those of the file at `path`.
  public func judge(_ findings: [Finding], path: String) -> CheckedFile {
    var file = CheckedFile(path: path)
    file.findings = findings
    return judged(file)
  }

  private func judged(_ file: CheckedFile) -> CheckedFile {
    var file = file
    let rules = profile.rules.subtracting(allowed)
    file.findings.removeAll { !rules.contains($0.rule) }
    return file
  }

  private func check(_ bytes: [UInt8], into file: inout CheckedFile) {
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
    do {
      let blob = try Blob(recognising: bytes, file: file.path)
      if blob.loadRange.count > maximumSize {
        file.findings.append(
          Finding(
            .loadSegment, "file", found: "\(blob.loadRange.count) loadable bytes",
            expected: "at most \(maximumSize)"))
      }
      file.findings += blob.info.findings()
    } catch {
      file.findings += error.findings
    }
  }
}
