// Check.swift — the CI gate: does anything in these files depend on where they are loaded
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit
import SystemPackage

struct Check: Verb {
  static let example = "check --format github out/purgatory.bin"

  static let exitStatuses = [
    (status: 0, meaning: "Nothing is broken, and all is proven that has to be."),
    (status: 1, meaning: "There are findings."),
    (status: 2, meaning: "Something could not be read, or a link not made."),
    (status: 64, meaning: "The command was used wrongly."),
  ]

  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check that blobs have no relocations, and that purgatories are whole.",
    discussion: """
      FILE is an ELF file, an archive of objects, a flat purgatory, or an output folder of `purgatory build` (or its \
      manifest.json), of which every file is held against the manifest; of any other folder, all files in it that can be \
      judged; - is standard input. A file is proven (ok), unproven, broken or unreadable. With --objects and --script, \
      the objects are linked at several bases and the bytes compared, which proves them, and every FILE that has the same. \
      Exit status 0: nothing is broken, and all is proven that has to be; 1: there are findings; 2: something could not \
      be read, or a link not made. `purgatory check --explain RULE` explains a rule, docs/ci.md how to use it in CI.
      """)

  @Argument(help: "The files to check.", completion: .file())
  var file: [String] = []

  @Option(help: "How to report. (default: text)")
  var format: CheckFormat?

  @Flag(help: "Report as --format json does.")
  var json = false

  @Option(
    name: .shortAndLong,
    help: .init("Write the report to this file, and text to the terminal.", valueName: "file"),
    completion: .file())
  var output: String?

  @Option(
    help: """
      purgatory: all rules; pie: those of position independence, for any blob; self-relocating: firmware that relocates \
      itself.
      """)
  var profile = Profile.purgatory

  @Flag(help: "Fail what is not proven. (--profile purgatory: always)")
  var requireProof = false

  @Option(
    help: .init(
      "Do not apply this rule, or not to this section, symbol or relocation type. Repeatable.",
      valueName: "rule[:subject]"), completion: .list(Allowance.allValueStrings))
  var allow: [Allowance] = []

  @Option(
    help: .init("Allow what this file lists, a rule[:subject] a line. Repeatable.", valueName: "file"),
    completion: .file())
  var allowList: [String] = []

  @Option(help: .init("Report only what this file does not know.", valueName: "file"), completion: .file())
  var baseline: String?

  @Option(
    help: .init("Write what is found to this file, for --baseline, and end with 0.", valueName: "file"),
    completion: .file())
  var writeBaseline: String?

  @Option(
    help: .init("The budget for loadable bytes, with K or M. (default: 8K)", valueName: "size"),
    transform: parseSize)
  var maxSize: UInt64?

  @Flag(help: "Judge the purgatory that a program carries (kexec), not the program.")
  var embedded = false

  @Option(
    help: .init("Check that this flat file is the bytes of --elf, complete and in order.", valueName: "file"),
    completion: .file())
  var flat: String?

  @Option(help: .init("The ELF file of --flat.", valueName: "file"), completion: .file())
  var elf: String?

  @Option(
    parsing: .upToNextOption,
    help: .init("Link these objects and archives at several bases and compare.", valueName: "object"),
    completion: .file()
  )
  var objects: [String] = []

  @Option(help: .init("The linker script for --objects.", valueName: "file"), completion: .file())
  var script: String?

  @Flag(name: .shortAndLong, help: "Report each finding, not one of each kind.")
  var verbose = false

  @Option(help: .init("Explain a rule, and check nothing.", valueName: "rule"))
  var explain: Rule?

  @OptionGroup var tools: ToolchainOptions
  @OptionGroup var progress: ProgressOptions

  func validate() throws {
    if explain != nil { return }
    if json, format ?? .json != .json { throw ValidationError("--json is --format json: use one") }
    guard objects.isEmpty == (script == nil) else {
      throw ValidationError("--objects and --script need each other")
    }
    guard (flat == nil) == (elf == nil) else { throw ValidationError("--flat and --elf need each other") }
    guard flat == nil || !embedded else {
      throw ValidationError("--embedded: a flat file is a whole program's, expected --flat without it")
    }
    guard flat != "-", elf != "-" else { throw ValidationError("--flat and --elf: expected files") }
    guard profile != .selfRelocating || script == nil else {
      throw ValidationError(
        "--objects: what relocates itself has other bytes at other bases, expected --profile pie")
    }
    if let allowance = allow.first(where: { !$0.rule.mayBeAllowed }) {
      throw ValidationError("--allow \(allowance.rule.rawValue): what cannot be read is never ok")
    }
    guard !file.isEmpty || script != nil || flat != nil else {
      throw ValidationError("nothing to check: name a file")
    }
    guard file.count(where: { $0 == "-" }) <= 1 else {
      throw ValidationError("-: standard input can be read only once")
    }
  }

  func run() throws {
    if let explain { return try Terminal.print("\(explain.page)\n".utf8) }
    let checker: Checker
    do throws(Rejection) {
      checker = try self.checker()
    } catch {
      // What says how to judge cannot be read: nothing is.
      Terminal.report(error)
      throw ExitCode(2)
    }
    let (names, notes) = namesOfFiles()
    for note in notes { Terminal.say(note) }

    let colour = CheckText.showsColour(
      isTerminal: Terminal.isTerminal, environment: ProcessInfo.processInfo.environment)
    let paths = names + [elf, flat, script].compactMap(\.self)
    var report = CheckReport(
      checker: checker, paths: paths, format: format ?? (json ? .json : .text), output: output,
      colour: colour,
      keepsFiles: writeBaseline != nil)
    try report.begin()
    try judge(names, checker, &report)
    var files = OutputFiles(
      from: paths.flatMap { ManifestFiles.paths(of: $0) } + objects + allowList
        + [baseline].compactMap(\.self))
    try report.end(&files)
    if let writeBaseline { files.add(try Baseline(report.files).encoded(), to: writeBaseline) }
    try files.write()
    if writeBaseline != nil, report.status == 1 { return }
    if report.status != 0 { throw ExitCode(report.status) }
  }

  private func checker() throws(Rejection) -> Checker {
    var checker = Checker()
    checker.profile = profile
    checker.requiresProof = requireProof
    checker.allowances = allow
    for path in allowList { checker.allowances += try Allowance.read(path) }
    if let baseline { checker.baseline = try Baseline(path: baseline) }
    if let maxSize { checker.maximumSize = Int(clamping: maxSize) }
    checker.judgesEmbedded = embedded
    checker.foldsFindings = !verbose
    checker.progress = progress.progress
    return checker
  }

  /// The files that were named, and those in folders that were; and what is to be said of the folders.
  private func namesOfFiles() -> (names: [String], notes: [String]) {
    var names: [String] = []
    var notes: [String] = []
    for path in file {
      guard let folder = CheckedFolder(path: path), !folder.files.isEmpty else {
        names.append(path)
        continue
      }
      names += folder.files
      if folder.otherCount > 0 {
        let files = folder.otherCount == 1 ? "1 other file was" : "\(folder.otherCount) other files were"
        notes.append("note: \(path): \(files) not judged: no ELF files, archives or purgatories")
      }
    }
    return (names, notes)
  }

  private func judge(_ names: [String], _ checker: Checker, _ report: inout CheckReport) throws {
    var checker = checker
    var proven: CheckedFile?
    if let script {
      let input = LinkInput(objects: objects, script: script)
      do throws(Rejection) {
        let tools = try tools.find()
        let proof = try waiting { () async throws(Rejection) in try await tools.prove(input) }
        checker.linkProof = proof
        proven = checker.judge(proof, of: input)
      } catch {
        // No proof is a finding like any other, in every format; what the linker says is talk.
        Terminal.report(Rejection([], transcript: error.transcript))
        proven = checker.judge(error, of: input)
      }
    }
    for path in names { try report.add(checker.check(path: path)) }
    if let flat, let elf {
      for file in checker.check(flat: flat, elf: elf) { try report.add(file) }
    }
    if let proven { try report.add(proven) }
  }
}

/// How `check` reports.
enum CheckFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, sarif, junit, github
}

extension Profile: ExpressibleByArgument {}
extension Rule: ExpressibleByArgument {}
extension Allowance: ExpressibleByArgument {
  public init?(argument: String) { self.init(parsing: argument) }
  public static var allValueStrings: [String] { Rule.allCases.filter(\.mayBeAllowed).map(\.rawValue) }
}
