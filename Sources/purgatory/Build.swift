// Build.swift — from sources to a purgatory that is ready to be loaded
// SPDX-License-Identifier: MIT

import ArgumentParser
import FoundationEssentials
import PurgatoryKit
import SystemPackage

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Assemble, link, prove and fill in a purgatory.",
    discussion: """
      Without options that fill something in, the result is an empty purgatory for `purgatory patch` or for a loader \
      to fill in.
      """)

  @Option(
    name: .shortAndLong,
    help: .init("Write here; - is standard output. (default: purgatory.<format>)", valueName: "file"))
  var output: String?

  @OptionGroup(title: "What to fill in") var info: InfoOptions

  @Option(help: "The flat bytes, or the ELF file they are from.")
  var format = Blob.Format.bin

  @Option(
    help: .init("The purgatory's sources. (default: those that came with this command)", valueName: "dir"))
  var source: String?

  @OptionGroup var tools: ToolchainOptions

  @Option(help: .init("Write the output's dependencies in Make syntax.", valueName: "file"))
  var depfile: String?

  @Option(help: .init("Write what a loader needs to know, as JSON. Needs --load-address.", valueName: "file"))
  var manifest: String?

  @Flag(help: "Say what would be done, and check all of it, but write nothing.")
  var dryRun = false

  func validate() throws {
    if manifest != nil, info.loadAddress == nil {
      throw ValidationError("--manifest needs --load-address: a loader must know where the purgatory goes")
    }
    if manifest != nil, format != .bin || output == "-" {
      throw ValidationError("--manifest names the purgatory as a flat file, not with --format elf or -o -")
    }
    if depfile != nil, output == "-" {
      throw ValidationError("--depfile names the output, not with -o -")
    }
  }

  /// This command's own file, through all links.
  private static var executable: FilePath {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return FilePath(absolute: path ?? CommandLine.arguments[0])
  }

  func run() async throws {
    let source =
      try self.source.map { try PurgatorySource(directory: FilePath(absolute: $0)) }
      ?? PurgatorySource.belonging(to: Self.executable)
    let tools = try self.tools.find()
    let changes = try info.changes()

    let elf = try await tools.build(source)
    let output = self.output ?? "purgatory.\(format.rawValue)"
    var blob = try Blob(elf, file: "purgatory.elf")
    blob.fill(try changes.applied(to: blob.info, file: output))
    // The proof: what is written is read back by the rules that everybody else's blobs are held to.
    let result = try Blob(format == .elf ? blob.bytes : blob.flat, file: output)

    if dryRun {
      let commands = tools.commands(building: source, to: "purgatory.elf").map(\.line)
      try Files.write((commands + ["", result.text, ""]).joined(separator: "\n").utf8, to: "-")
      return
    }
    try Files.write(result.bytes, to: output)
    if let manifest, let loadAddress = changes.loadAddress {
      let purgatory = try Segment(
        role: .purgatory, file: output, bytes: result.bytes, base: loadAddress,
        memorySize: result.info.memorySize)
      let segments = [purgatory] + changes.segments
      try Files.write(
        Manifest(entry: loadAddress, segments: segments, path: manifest).encoded(), to: manifest)
    }
    if let depfile {
      let dependencies = source.files.map(\.string) + changes.segments.map(\.file)
      try Files.write(Depfile(target: output, dependencies: dependencies).text.utf8, to: depfile)
    }
    talk(result.summary(as: output))
  }
}
