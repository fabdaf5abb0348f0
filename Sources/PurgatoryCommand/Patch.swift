// Patch.swift — fill fields of a purgatory in, in an ELF file or a flat one
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit
import SystemPackage

struct Patch: Verb {
  static let example = "patch out --messages failures --on-failure reset"

  static let configuration = CommandConfiguration(
    commandName: "patch", abstract: "Change fields of struct purgatory_info in a purgatory.",
    discussion: """
      An ELF file is patched by its symbol purgatory_info, a flat one by its header; no other byte changes. What is \
      not named stays as it is, except that naming files replaces all regions. Of an output folder, or its \
      manifest.json, the purgatory is patched and the manifest is told. What would fail `purgatory check` is not written.
      """)

  @Argument(
    help: "The purgatory, ELF or flat, or an output folder of `purgatory build`.", completion: .file())
  var file: String

  @Option(
    name: .shortAndLong, help: .init("Write here, not in place; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String?

  @OptionGroup(title: "What to fill in") var info: InfoOptions
  @OptionGroup(title: "What to say") var talk: TalkOptions

  func run() throws {
    let path = ManifestFiles.manifestPath(file) ?? file
    let target = output ?? file
    guard target != file || !OutputFiles.isPipe(file) else {
      throw Rejection(
        Problem(
          file, found: "a pipe", expected: "a file to patch in place, or -o FILE",
          help: "purgatory patch \(file.quotedForShell) -o FILE"))
    }
    var files = OutputFiles(from: info.files)
    files.waiting = talk.waiting
    // What another patch changes meanwhile must not be lost.
    if target == file || OutputFiles.areOne(target, file) {
      files.lock(ManifestFiles.paths(of: file, .purgatory))
    }
    let contents = try Contents(path: path)
    if Manifest.looksLikeManifest(try contents.prefix(1)) {
      try patchFolder(of: Manifest(decoding: contents.bytes(.text), file: path), at: path, &files)
      return
    }
    let (blob, relied, notes) = try patched(Blob(contents, file: file, talk.progress))
    files.add(blob.contents, to: target, permissionsOf: file)
    files.rely(on: relied + [contents])
    try files.write(talk.progress)
    talk.details(of: files)
    talk.notes(notes)
    talk.summary(blob.summary(as: target))
    warnOfManifest(beside: target)
  }

  /// - Parameter board: the one whose device tree the purgatory hands over, if that is known.
  private func patched(_ blob: Blob, board: Board? = nil) throws(Rejection) -> (
    Blob, segments: [Contents], notes: [String]
  ) {
    if blob.format == .bundle { try refuseMoving(blob) }
    var blob = blob
    let (changes, _, notes) = try info.changes(
      to: blob.info, defaults: false, updatesDeviceTree: false, board: board, talk.progress)
    try blob.fill(try changes.applied(to: blob.info, file: blob.file, talk.progress))
    // The proof: nothing is written that everybody else's rules would find fault with.
    var checker = Checker()
    // What it was made of may be linked by hand: that is for check to say.
    checker.allowances = [Allowance(.proof)]
    checker.judgesEmbedded = blob.isEmbedded
    checker.progress = talk.progress
    let findings = checker.check(blob.contents, path: blob.file).findings
    guard findings.isEmpty else { throw Rejection(findings.map { $0.problem(in: blob.file) }) }
    for segment in changes.segments { talk.detail(segment.text) }
    return (blob, changes.segments.map(\.contents), notes)
  }

  /// What a bundle verifies and enters is in it, at places of its own.
  private func refuseMoving(_ blob: Blob) throws(Rejection) {
    let options: [(String, Bool)] = [
      ("--kernel", !info.kernel.isEmpty), ("--dtb", !info.dtb.isEmpty), ("--initrd", !info.initrd.isEmpty),
      ("--segment", !info.segment.isEmpty), ("--kernel-entry", info.kernelEntry != nil),
      ("--dtb-addr", info.dtbAddr != nil), ("--result-addr", info.resultAddr != nil),
      ("--no-relative", info.relative == false),
      ("--load-address", info.loadAddress != nil),
    ]
    let problems = options.filter(\.1).map {
      Problem(
        file, $0.0, found: "a bundle, whose kernel and addresses are its own",
        expected: "options about what it says and does",
        help: "make another with purgatory bundle --kernel Image -o FILE")
    }
    if !problems.isEmpty { throw Rejection(problems) }
  }

  /// Patches the purgatory of an output folder; the manifest gets its new digest.
  private func patchFolder(of manifest: Manifest, at path: String, _ outputs: inout OutputFiles) throws {
    let files = try ManifestFiles(manifest, path: path)
    guard let index = files.files.firstIndex(where: { $0.segment.role == .purgatory }) else {
      throw Rejection(
        Problem(
          path, "segments", found: "no purgatory", expected: "one to patch",
          help: "name the file that has it"))
    }
    guard output == nil, info.files.isEmpty, info.loadAddress == nil else {
      throw Rejection(
        Problem(
          path, found: "an output folder, of which the purgatory is patched in place",
          expected: "no -o, no files and no --load-address",
          help: "purgatory build --output-dir places files, and writes the manifest"))
    }
    // What was damaged must not become true; what the purgatory is filled in with may be what is to be mended.
    try files.computeDigests(talk.progress)
    let damaged = try files.files.filter { file throws(Rejection) in try !file.isIntact() }
    guard damaged.isEmpty else {
      throw Rejection(
        damaged.map {
          Problem(
            path, $0.segment.file, found: "another file than the one that was built",
            expected: "sha256 \($0.segment.sha256)", help: Rule.manifest.help)
        })
    }
    let purgatory = files.files[index]
    let tree = files.files.first { $0.segment.role == .dtb }
    let board = try tree.map { tree throws(Rejection) in
      try Board(tree.contents.bytes(.deviceTree), file: tree.segment.path(in: path))
    }
    let (blob, relied, notes) = try patched(
      Blob(purgatory.contents, file: purgatory.segment.path(in: path)), board: board)
    let changed = files.replacing(index, with: blob.bytes)
    let findings = try changed.findings(talk.progress)
    guard findings.isEmpty else { throw Rejection(findings.map { $0.problem(in: path) }) }
    outputs.add(blob.bytes, to: purgatory.path)
    outputs.add(manifest: try changed.manifest.encoded(), to: path)
    outputs.rely(on: relied + files.files.map(\.contents))
    try outputs.write()
    talk.details(of: outputs)
    talk.notes(notes)
    talk.summary(blob.summary(as: blob.file))
  }

  private func warnOfManifest(beside target: String) {
    let path = FilePath(absolute: target).removingLastComponent().appending("manifest.json").string
    guard let bytes = try? Files.read(path, .text), let manifest = try? Manifest(decoding: bytes, file: path),
      let files = try? ManifestFiles(manifest, path: path),
      files.files.contains(where: { OutputFiles.areOne($0.path, target) && (try? $0.isIntact()) == false })
    else { return }
    talk.warning(
      "\(path): has the digest of what \(target) was before",
      help: "build the folder again, and patch the folder, not the file: purgatory patch \(path)")
  }
}
