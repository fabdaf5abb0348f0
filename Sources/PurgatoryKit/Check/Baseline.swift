// Baseline.swift — findings that are known: only what is new breaks the build
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import FoundationEssentials
import SystemPackage

/// What was found before, so that a project with findings can adopt the gate at once. Offsets are left out: a finding is
/// known by its file, its rule and what it is about, and so many of them are.
package struct Baseline: Codable, Equatable, Sendable {
  struct File: Codable, Equatable {
    let path: String
    let findings: [Known]
  }

  struct Known: Codable, Equatable {
    let rule: String
    let kind: String
    var count: Int
  }

  let version: Int
  let files: [File]

  private static let version = 1

  /// What `files` break now. What cannot be read, or is not proven, is never known.
  package init(_ files: [CheckedFile]) {
    version = Self.version
    self.files = files.compactMap { file in
      var known: [Known] = []
      var indices: [Name: Int] = [:]
      for finding in file.findings where finding.mayBeAllowed && finding.rule != .proof {
        if let index = indices[Name(finding)] {
          known[index].count += finding.count
        } else {
          indices[Name(finding)] = known.count
          known.append(Known(rule: finding.rule.rawValue, kind: finding.kind, count: finding.count))
        }
      }
      return known.isEmpty ? nil : File(path: file.path, findings: known)
    }
  }

  /// The baseline in the file at `path`.
  package init(path: String) throws(Rejection) {
    let bytes = try Files.read(path, .text)
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(bytes))
    } catch {
      throw Rejection(
        Problem(
          path, found: "no baseline", expected: "what check --write-baseline writes",
          help: "write it again: purgatory check --write-baseline \(path) FILE…"))
    }
    guard version == Self.version else {
      throw Rejection(
        Problem(path, "version", found: "\(version)", expected: "\(Self.version)", help: "write it again"))
    }
  }

  /// The file that says it: readable, reproducible.
  package func encoded() throws(Rejection) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(self)) + Array("\n".utf8)
    } catch {
      throw Rejection(
        Problem("baseline", found: "\(error)", help: "purgatory check --write-baseline FILE writes one"))
    }
  }

  /// However it is spelled.
  private static func normalized(_ path: String) -> String { FilePath(path).lexicallyNormalized().string }

  /// Takes off `file` what is known of it.
  func apply(to file: inout CheckedFile) {
    let path = Self.normalized(file.path)
    var known = files.first { Self.normalized($0.path) == path }?.findings ?? []
    // Of two that say the same, the first.
    let indices = Dictionary(
      known.enumerated().map { (Name(rule: $1.rule, kind: $1.kind), $0) },
      uniquingKeysWith: { first, _ in first })
    file.list.remove { finding in
      guard let index = indices[Name(finding)] else { return 0 }
      let count = min(finding.count, known[index].count)
      known[index].count -= count
      return count
    }
  }
}

/// What findings are known by.
private struct Name: Hashable {
  let rule: String
  let kind: String
}

extension Name {
  fileprivate init(_ finding: Finding) { self.init(rule: finding.rule.rawValue, kind: finding.kind) }
}
