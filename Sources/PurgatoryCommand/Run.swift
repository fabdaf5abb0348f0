// Run.swift — boot a manifest, or an image, in QEMU
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit

struct Run: Verb {
  static let example = "run out --expect verified"

  static let exitStatuses = [
    (status: 0, meaning: "The guest ended, or the text of --expect appeared."),
    (status: 1, meaning: "It did not, or not in time, or an input was rejected."),
    (status: 64, meaning: "The command was used wrongly."),
  ]

  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Boot a manifest's segments, or a kernel, in QEMU.",
    discussion: """
      The console goes to standard output, what is typed to the guest (Control-A X ends QEMU). Exit status 0: the guest ended, or with --expect the text appeared; 1: it \
      did not, or not in time.
      """)

  @Argument(
    help:
      "An output folder of `purgatory build`, its manifest.json, or an arm64 Image or what it is packed in.",
    completion: .file())
  var file: String

  @Option(
    help: .init("RAM, with K, M or G. (default: what the device tree says, or 1G)", valueName: "size"),
    transform: parseSize)
  var memory: UInt64?

  @Option(help: "The exception level to start at. (default: the one with the purgatory's way to PSCI)")
  var el: Emulator.Level?

  @Option(
    help: .init("The initial RAM disk of an Image. (default: that of a UKI)", valueName: "file"),
    completion: .file())
  var initrd: String?

  @Option(help: .init("The command line of an Image. (default: that of a UKI)", valueName: "string"))
  var append: String?

  @Option(help: .init("End when the console shows this.", valueName: "text"))
  var expect: String?

  @Option(help: .init("End, and fail, after so many seconds. (default: never)", valueName: "seconds"))
  var timeout: Int?

  @Flag(help: "Boot the manifest's files as they are, without holding them against their digests first.")
  var unverified = false

  @OptionGroup var progress: ProgressOptions

  func validate() throws {
    if expect?.isEmpty ?? false { throw ValidationError("--expect needs a text that is not empty") }
    if let timeout, !(1...1_000_000_000).contains(timeout) {
      throw ValidationError("--timeout needs a number from 1 to 1000000000")
    }
  }

  func run() throws {
    let path = ManifestFiles.manifestPath(file) ?? file
    let contents = try Contents(path: path)
    let emulator: Emulator
    if Manifest.looksLikeManifest(try contents.prefix(1)) {
      let options = [("--initrd", initrd != nil), ("--append", append != nil)].filter(\.1)
      guard options.isEmpty else {
        throw Rejection(
          options.map {
            Problem(
              $0.0, found: "\(path), a manifest that names its own files",
              expected: "an arm64 Image, or what it is packed in",
              help:
                "build the folder with it: purgatory build --output-dir DIR --initrd FILE --cmdline STRING")
          })
      }
      let files = try ManifestFiles(Manifest(decoding: contents.bytes(.text), file: path), path: path)
      if !unverified { try refuse(files.findings(progress.progress), of: path) }
      emulator = try Emulator(files, path: path, memory: memory, level: el)
      // QEMU opens them again.
      if !unverified { try files.checkUnchanged() }
    } else {
      emulator = try Emulator(
        kernel: contents, initrd: initrd.map { path throws(Rejection) in try Contents(path: path) },
        commandLine: append, memory: memory, level: el)
    }
    for note in emulator.notes { Terminal.say("note: \(note)") }
    if Terminal.isTyped { Terminal.say("note: what is typed goes to the guest; Control-A X ends QEMU") }
    let (expected, limit) = (expect, timeout.map { Duration.seconds($0) })
    let ending = try waiting { () async throws(Rejection) in
      try await emulator.run(expecting: expected, timeout: limit) { try Terminal.print($0) }
    }
    switch ending {
    case .expected: return
    case .guest where expect == nil: return
    case .guest:
      throw Rejection(
        Problem(
          file, "console", found: "the guest ended", expected: "\"\(expect ?? "")\" before it",
          help: "run it without --expect, and read the console"))
    case .timeout:
      throw Rejection(
        Problem(
          file, "console", found: "nothing ended the run in \(timeout ?? 0) s",
          expected: expect.map { "\"\($0)\"" },
          help: "give it more time with --timeout SECONDS, or read the console above"))
    }
  }
}

extension Run {
  private func refuse(_ findings: [Finding], of path: String) throws(Rejection) {
    guard !findings.isEmpty else { return }
    throw Rejection(findings.map { $0.problem(in: path) })
  }
}

extension Emulator.Level: ExpressibleByArgument {}
