// Run.swift — boot a manifest, or an image, in QEMU
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Boot a manifest's segments, or an arm64 image, in QEMU.",
    discussion: """
      The console goes to standard output. Exit status 0: the guest ended, or with --expect the text appeared; 1: it \
      did not, or not in time.
      """)

  @Argument(help: "An output folder of `purgatory build`, its manifest.json, or an arm64 Image.")
  var file: String

  @Option(
    help: .init("RAM, with K, M or G. (default: what the device tree says, or 1G)", valueName: "size"),
    transform: parseSize)
  var memory: UInt64?

  @Option(help: "The exception level to start at. (default: the one with the purgatory's way to PSCI)")
  var el: Emulator.Level?

  @Option(help: .init("End when the console shows this.", valueName: "text"))
  var expect: String?

  @Option(help: .init("End, and fail, after so many seconds. (default: never)", valueName: "seconds"))
  var timeout: Int?

  @Flag(help: "Boot the manifest's files as they are, without holding them against their digests first.")
  var unverified = false

  func validate() throws {
    if expect?.isEmpty ?? false { throw ValidationError("--expect needs a text that is not empty") }
    if let timeout, !(1...1_000_000_000).contains(timeout) {
      throw ValidationError("--timeout needs a number from 1 to 1000000000")
    }
  }

  func run() throws {
    let path = ManifestFiles.manifestPath(file) ?? file
    let bytes = try Files.read(path, .segment)
    let emulator: Emulator
    if Manifest.looksLikeManifest(bytes) {
      let files = try ManifestFiles(Manifest(decoding: bytes, file: path), path: path)
      if !unverified { try refuse(files.findings(), of: path) }
      emulator = try Emulator(files, path: path, memory: memory, level: el)
    } else {
      _ = try KernelImage(header: bytes, file: file)
      emulator = Emulator(kernel: file, memory: memory, level: el)
    }
    let (expected, limit) = (expect, timeout.map { Duration.seconds($0) })
    let ending = try waiting { () async throws(Rejection) in
      try await emulator.run(expecting: expected, timeout: limit) { try Terminal.print($0) }
    }
    switch ending {
    case .expected: return
    case .guest where expect == nil: return
    case .guest:
      throw Rejection(
        Problem(file, "console", found: "the guest ended", expected: "\"\(expect ?? "")\" before it"))
    case .timeout:
      throw Rejection(
        Problem(
          file, "console", found: "nothing ended the run in \(timeout ?? 0) s",
          expected: expect.map { "\"\($0)\"" }))
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
