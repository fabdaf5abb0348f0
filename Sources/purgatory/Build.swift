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

  @Option(
    help: .init(
      "Write purgatory.bin, manifest.json and the final device tree here; it is made if need be.", valueName: "dir"))
  var outputDir: String?

  @Flag(help: "With --output-dir: copy kernel, initrd and segments there, too.")
  var copy = false

  @Flag(help: "Say what would be done, and check all of it, but write nothing.")
  var dryRun = false

  func validate() throws {
    if outputDir != nil, output != nil || manifest != nil || format != .bin {
      throw ValidationError("--output-dir names all outputs, not with -o, --manifest or --format elf")
    }
    if copy, outputDir == nil { throw ValidationError("--copy needs --output-dir") }
    if manifest != nil, info.loadAddress == nil, info.memory.isEmpty, info.dtb.isEmpty {
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
    var blob = try Blob(await tools.build(source), file: "purgatory.elf")
    let (changes, layout) = try info.changes(
      to: blob.info, defaults: true, updatesDeviceTree: outputDir != nil)

    let output = outputDir.map { "\($0)/purgatory.bin" } ?? self.output ?? "purgatory.\(format.rawValue)"
    let manifest = outputDir.map { "\($0)/manifest.json" } ?? self.manifest
    blob.fill(try changes.applied(to: blob.info, file: output))
    // The proof: what is written is read back by the rules that everybody else's blobs are held to.
    let result = try Blob(format == .elf ? blob.bytes : blob.flat, file: output)
    if manifest != nil, layout.loadAddress == nil {
      throw Rejection(
        Problem(
          output, "address", found: "none, and no memory to choose one from", expected: "the purgatory's base",
          help: "add --load-address ADDR or --memory BASE+SIZE"))
    }

    if dryRun {
      let commands = tools.commands(building: source, to: "purgatory.elf").map(\.line)
      let map = layout.text(purgatorySize: result.info.memorySize)
      print((commands + [""] + map + [result.text]).joined(separator: "\n"))
      return
    }
    let files = try write(result, layout, to: output)
    if let manifest, let loadAddress = layout.loadAddress {
      let purgatory = try Segment(
        role: .purgatory, file: output, bytes: result.bytes, base: loadAddress, memorySize: result.info.memorySize)
      try Files.write(Manifest(entry: loadAddress, segments: [purgatory] + files, path: manifest).encoded(), to: manifest)
    }
    if let depfile {
      let dependencies = source.files.map(\.string) + changes.segments.map(\.file)
      try Files.write(Depfile(target: output, dependencies: dependencies).text.utf8, to: depfile)
    }
    talk(result.summary(as: output))
  }

  /// Writes the purgatory, and into --output-dir what is not as the user's files have it.
  ///
  /// - Returns: the segments, by the files that hold them now.
  private func write(_ result: Blob, _ layout: Layout, to output: String) throws -> [Segment] {
    guard let outputDir else {
      try Files.write(result.bytes, to: output)
      return layout.segments
    }
    try FileManager.default.createDirectory(atPath: outputDir, withIntermediateDirectories: true)
    try Files.write(result.bytes, to: output)
    return try layout.segments.map { segment in
      let name = segment.role == .dtb ? "devicetree.dtb" : FilePath(segment.file).lastComponent?.string ?? segment.file
      guard segment.role == .dtb || copy else { return segment }
      let path = "\(outputDir)/\(name)"
      if FilePath(absolute: path) != FilePath(absolute: segment.file) || layout.deviceTreeChanged {
        try Files.write(segment.bytes, to: path)
      }
      return segment.renamed(path)
    }
  }
}
