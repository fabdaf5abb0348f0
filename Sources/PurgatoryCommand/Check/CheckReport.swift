// CheckReport.swift — reports file by file, as they are judged: to standard output, or to a file and text beside it
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// A format: what is written before the first file, of each file, and behind the last.
protocol CheckWriter {
  mutating func begin() throws -> String
  mutating func text(of file: CheckedFile) throws -> String
  mutating func end(_ summary: CheckSummary) throws -> String
}

/// How the files did.
struct CheckSummary {
  private(set) var counts: [Verdict: Int] = [:]
  /// Files that break something that they were asked for.
  private(set) var failed = 0
  private(set) var total = 0

  mutating func add(_ file: CheckedFile) {
    counts[file.verdict, default: 0] += 1
    if !file.passes { failed += 1 }
    total += 1
  }

  var ok: Bool { counts[.proven] == total }

  /// `2 proven, 1 broken of 3 files`
  var words: String {
    let texts = Verdict.allCases.compactMap { verdict in counts[verdict].map { "\($0) \(verdict.rawValue)" } }
    return texts.joined(separator: ", ") + (total == 1 ? " of 1 file" : " of \(total) files")
  }
}

struct CheckReport {
  /// What was judged, if that is asked for.
  private(set) var files: [CheckedFile] = []
  private let keepsFiles: Bool
  private var summary = CheckSummary()
  private var writer: any CheckWriter
  /// Text for the terminal, where the report goes to a file.
  private var text: CheckText?
  private let output: String?
  private var report = ""

  init(
    checker: Checker, paths: [String], format: CheckFormat, output: String?, colour: Bool, keepsFiles: Bool
  ) {
    self.keepsFiles = keepsFiles
    let omissions = checker.omissions
    let text = CheckText(colour: colour, omissions: omissions)
    writer =
      switch format {
      case .text: output == nil ? text : CheckText(colour: false, omissions: omissions)
      case .json: CheckJSON()
      case .sarif: SARIF(paths: paths, omissions: omissions)
      case .junit: JUnit()
      case .github: GitHub(omissions: omissions)
      }
    self.text = output == nil || output == "-" ? nil : text
    self.output = output == "-" ? nil : output
  }

  /// 0: nothing is broken; 1: there are findings; 2: something could not be judged.
  var status: Int32 {
    if summary.counts[.unreadable] != nil { return 2 }
    return summary.failed == 0 ? 0 : 1
  }

  mutating func begin() throws { try write(writer.begin(), text?.begin() ?? "") }

  mutating func add(_ file: CheckedFile) throws {
    summary.add(file)
    if keepsFiles { files.append(file) }
    try write(writer.text(of: file), text?.text(of: file) ?? "")
  }

  /// Ends it, and adds the report that goes to a file to `files`.
  mutating func end(_ files: inout OutputFiles) throws {
    try write(writer.end(summary), text?.end(summary) ?? "")
    if let output { files.add(report.utf8, to: output) }
  }

  private mutating func write(_ piece: String, _ text: String) throws {
    if output == nil {
      if !piece.isEmpty { try Terminal.print(piece.utf8) }
    } else {
      report += piece
      if !text.isEmpty { try Terminal.print(text.utf8) }
    }
  }
}
