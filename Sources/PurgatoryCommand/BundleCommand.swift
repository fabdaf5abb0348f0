// BundleCommand.swift — a kernel that verifies itself, in one arm64 Image
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct BundleCommand: Verb {
  static let example = "bundle --kernel Image -o verified.img"

  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract: "Put a purgatory, a kernel and perhaps a device tree into one arm64 Image.",
    discussion: """
      What loads a plain arm64 Image takes it (kexec, U-Boot's booti, QEMU); UEFI and GRUB do not. The kernel, and the device tree if there is one, are verified before the \
      kernel is entered; without a device tree of its own, the kernel gets the loader's.
      """)

  @Option(
    help: .init("The kernel, an arm64 Image, or what it is packed in.", valueName: "file"),
    completion: .file())
  var kernel: String

  @Option(
    help: .init("The device tree to hand to the kernel. (default: the loader's)", valueName: "file"),
    completion: .file())
  var dtb: String?

  @Option(
    help: .init(
      "RAM, to tell the device tree of. Repeatable. (default: what --dtb says)", valueName: "base+size"),
    transform: parseMemory)
  var memory: [Range<UInt64>] = []

  @Option(
    name: .shortAndLong, help: .init("Write here; - is standard output.", valueName: "file"),
    completion: .file())
  var output: String

  @OptionGroup var digest: DigestOptions
  @OptionGroup var behaviour: BehaviourOptions
  @OptionGroup var sources: SourceOptions
  @OptionGroup(title: "What to say") var talk: TalkOptions

  @Flag(help: "Print JSON: what is written.")
  var json = false

  func validate() throws {
    if json, output == "-" { throw ValidationError("--json goes to standard output, not with -o -") }
  }

  func run() throws {
    let origin = try sources.find()
    var outputs = OutputFiles(from: [kernel] + [dtb].compactMap(\.self) + origin.files)
    outputs.waiting = talk.waiting
    let unpacked = try KernelFile(Contents(path: kernel), talk.progress)
    let file = File(role: .kernel, name: kernel, contents: unpacked.image, address: nil)
    var tree = try dtb.map { name throws(Rejection) in
      File(role: .dtb, name: name, contents: try Files.deviceTree(name), address: nil)
    }
    if tree == nil, let bytes = unpacked.deviceTree {
      tree = File(role: .dtb, name: "\(kernel):.dtb", bytes: bytes, address: nil)
    }
    guard memory.isEmpty || tree != nil else {
      throw Rejection(
        Problem("--memory", found: "no device tree to tell it to", expected: "--dtb", help: "add --dtb FILE"))
    }
    var changes = InfoChanges()
    changes.digest = digest.digest
    let board = try tree.map { tree throws(Rejection) in
      try Board(tree.contents.bytes(.deviceTree), file: tree.name)
    }
    // Without a console there is a warning below.
    _ = try behaviour.apply(to: &changes, blob: PurgatoryInfo(), board: board, defaults: true)
    let bundle = try Bundle(
      try sources.build(origin, talk), kernel: file, dtb: tree, memory: memory,
      commandLine: unpacked.commandLine, changes: changes, progress: talk.progress)
    // The proof: what is written is read back, digests and all.
    let result = try Blob(bundle.contents, file: output, talk.progress)
    outputs.add(result.contents, to: output)
    outputs.rely(on: [unpacked.image] + [tree?.contents].compactMap(\.self))
    try outputs.write(talk.progress)
    talk.details(of: outputs)
    talk.notes(bundle.notes)
    for (name, isLost) in [
      ("initrd", unpacked.initrd != nil), ("cmdline", unpacked.commandLine != nil && tree == nil),
    ]
    where isLost {
      talk.notes(["\(kernel): its .\(name) is not in the bundle: whoever loads that gives one"])
    }
    talk.summary(result.summary(as: output))
    if json {
      try Terminal.print(
        json: BundleDescription(
          outputs: OutputDescription.all(outputs), purgatory: BlobDescription(result), notes: bundle.notes))
    }
    if result.info.console == nil {
      talk.warning(
        "\(output): no console, so a failure would be silent",
        help: "add --console TYPE@ADDR, or a --dtb whose /chosen names one")
    }
    if KernelImage.hasPEHeader(try file.contents.prefix(4096)) {
      talk.warning(
        "\(output): has no PE header, as \(kernel) has: UEFI and GRUB cannot start it, sbsign cannot sign it",
        help: "start it with kexec, U-Boot's booti or QEMU; docs/loaders.md tells of signatures")
    }
  }
}
