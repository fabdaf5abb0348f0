// Graft.swift — give a kexec-tools binary this purgatory
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct Graft: Verb {
  static let example = "graft /usr/sbin/kexec -o kexec.new"

  static let configuration = CommandConfiguration(
    commandName: "graft", abstract: "Replace the purgatory inside an arm64 kexec-tools binary.",
    discussion: "Nothing else of the binary changes: kexec takes the new purgatory for its own.")

  @Argument(help: "The kexec binary; it may be stripped.", completion: .file())
  var kexec: String

  @Option(
    name: .shortAndLong, help: .init("Write here; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String

  @OptionGroup var behaviour: BehaviourOptions
  @OptionGroup var sources: SourceOptions
  @OptionGroup(title: "What to say") var talk: TalkOptions

  @Flag(help: "Print JSON: what is written, and where in the program the purgatory is.")
  var json = false

  func validate() throws {
    if json, output == "-" { throw ValidationError("--json goes to standard output, not with -o -") }
  }

  func run() throws {
    var changes = InfoChanges()
    _ = try behaviour.apply(to: &changes, blob: PurgatoryInfo(), board: nil, defaults: false)
    let program = try Files.read(kexec, .elf)
    let origin = try sources.find()
    var outputs = OutputFiles(from: [kexec] + origin.files)
    outputs.waiting = talk.waiting
    var blob = try sources.build(origin, talk)
    var info = blob.info
    info.presetForObjectLoaders()
    try blob.fill(try changes.applied(to: info, file: output))
    let graft = try KexecGraft(program: program, file: kexec, object: RelocatableObject(blob))
    outputs.add(graft.bytes, to: output, permissionsOf: kexec)
    try outputs.write()
    talk.details(of: outputs)
    talk.summary(
      "\(output): \(graft.newSize.grouped) bytes in the place of \(graft.oldSize.grouped)"
        + " at offset \(String(hex: UInt64(graft.offset)))")
    if json {
      try Terminal.print(
        json: GraftDescription(
          outputs: OutputDescription.all(outputs), offset: graft.offset, oldSize: graft.oldSize,
          newSize: graft.newSize))
    }
  }
}
