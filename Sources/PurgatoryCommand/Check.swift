// Check.swift — the CI gate: does anything in these files depend on where they are loaded
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit
import SystemPackage

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that blobs have no relocations, and that purgatories are whole.",
    discussion: """
      FILE is an ELF file, an archive of objects, a program that carries a purgatory (kexec), a flat purgatory, or an \
      output folder of `purgatory build` (or its manifest.json), of which every file is held against the manifest. \
      With --objects and --script, the objects are linked at two bases and the bytes compared. Exit status 0: all \
      files pass; 1: there are findings. docs/rules.md explains each rule.
      """)

  @Argument(help: "The files to check.")
  var file: [String] = []

  @Option(help: "How to report.")
  var format = CheckFormat.text

  @Option(help: "purgatory: all rules; pie: those of position independence, for any blob.")
  var profile = Profile.purgatory

  @Option(help: .init("Do not apply this rule. Repeatable.", valueName: "rule"))
  var allow: [Rule] = []

  @Option(
    help: .init("The budget for loadable bytes, with K or M. (default: 8K)", valueName: "size"),
    transform: parseSize)
  var maxSize: UInt64?

  @Option(
    parsing: .upToNextOption, help: .init("Link these objects at two bases and compare.", valueName: "object")
  )
  var objects: [String] = []

  @Option(help: .init("The linker script for --objects.", valueName: "file"))
  var script: String?

  @OptionGroup var tools: ToolchainOptions

  func validate() throws {
    guard objects.isEmpty == (script == nil) else {
      throw ValidationError("--objects and --script need each other")
    }
    if let rule = allow.first(where: { !$0.mayBeAllowed }) {
      throw ValidationError("--allow \(rule.rawValue): what cannot be read is never ok")
    }
    guard !file.isEmpty || script != nil else { throw ValidationError("nothing to check: name a file") }
  }

  func run() throws {
    var checker = Checker()
    checker.profile = profile
    checker.allowed = Set(allow)
    if let maxSize { checker.maximumSize = Int(clamping: maxSize) }
    var files: [CheckedFile] = []
    for path in file { files.append(checker.check(path: path)) }
    if let script {
      let (tools, input) = (try tools.find(), LinkInput(objects: objects, script: script))
      do throws(Rejection) {
        files.append(
          checker.judge(
            try waiting { () async throws(Rejection) in try await tools.prove(input) },
            by: [.absoluteAddress, .undefinedSymbol], path: script))
      } catch {
        // No proof is a finding like any other, in every format; what the linker says is talk.
        Terminal.report(Rejection([], transcript: error.transcript))
        files.append(checker.judge(error.problems.map(\.unproven), by: [], path: script))
      }
    }
    let colour = CheckText.showsColour(
      isTerminal: Terminal.isTerminal, environment: ProcessInfo.processInfo.environment)
    try Terminal.print(try format.render(files, omissions: checker.omissions, colour: colour).utf8)
    if !files.allSatisfy(\.ok) { throw ExitCode.failure }
  }
}

/// How `check` reports.
enum CheckFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, sarif, junit, github

  /// - Parameter omissions: the rules that were applied to none of the files.
  func render(_ files: [CheckedFile], omissions: [Rule: Omission], colour: Bool) throws -> String {
    switch self {
    case .text: CheckText(colour: colour).render(files, omissions: omissions)
    case .json: try jsonText(CheckJSON(files))
    case .sarif: try jsonText(SARIF(files, omissions: omissions))
    case .junit: junitReport(files)
    case .github: githubAnnotations(files, omissions: omissions)
    }
  }
}

extension Problem {
  /// What keeps a proof from being made.
  fileprivate var unproven: Finding {
    Finding(
      .absoluteAddress, place ?? "link at its own base", found: found,
      expected: expected ?? "a link, as proof",
      help: help ?? "mend what the linker says", mayBeAllowed: false)
  }
}

extension Profile: ExpressibleByArgument {}
extension Rule: ExpressibleByArgument {
  public static var allValueStrings: [String] { allCases.filter(\.mayBeAllowed).map(\.rawValue) }
}
