// Build.swift — from sources to a purgatory that is ready to be loaded
// SPDX-License-Identifier: MIT

import ArgumentParser
import FoundationEssentials
import PurgatoryKit
import SystemPackage

/// What `build` writes.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case bin, elf, ro

  func bytes(of blob: Blob) throws(Rejection) -> [UInt8] {
    switch self {
    case .bin: blob.flat
    case .elf: blob.bytes
    case .ro: try RelocatableObject(blob).bytes
    }
  }
}

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

  @Option(help: "The flat bytes, the ELF file they are from, or an object for kexec-tools.")
  var format = OutputFormat.bin

  @OptionGroup var sources: SourceOptions

  @Option(help: .init("Write the output's dependencies in Make syntax.", valueName: "file"))
  var depfile: String?

  @Option(help: .init("Write what a loader needs to know, as JSON. Needs --load-address.", valueName: "file"))
  var manifest: String?

  @Option(
    help: .init(
      "Write purgatory.bin, manifest.json and the final device tree here; it is made if need be.",
      valueName: "dir"))
  var outputDir: String?

  @Flag(help: "With --output-dir: copy kernel, initrd and segments there, too.")
  var copy = false

  @Flag(help: "Say what would be done, and check all of it, but write nothing.")
  var dryRun = false

  func validate() throws {
    if outputDir != nil, output != nil || manifest != nil || format != .bin {
      throw ValidationError("--output-dir names all outputs, not with -o, --manifest or --format")
    }
    if copy, outputDir == nil { throw ValidationError("--copy needs --output-dir") }
    if manifest != nil, info.loadAddress == nil, info.memory.isEmpty, info.dtb.isEmpty {
      throw ValidationError("--manifest needs --load-address: a loader must know where the purgatory goes")
    }
    if manifest != nil, format != .bin || output == "-" {
      throw ValidationError("--manifest names the purgatory as a flat file, not with --format or -o -")
    }
    if depfile != nil, output == "-" {
      throw ValidationError("--depfile names the output, not with -o -")
    }
  }

  func run() async throws {
    var blob = try await sources.build()
    let (changes, layout) = try info.changes(
      to: blob.info, defaults: true, updatesDeviceTree: outputDir != nil)

    let output = outputDir.map { "\($0)/purgatory.bin" } ?? self.output ?? "purgatory.\(format.rawValue)"
    let manifest = outputDir.map { "\($0)/manifest.json" } ?? self.manifest
    var info = blob.info
    if format == .ro { info.presetForObjectLoaders() }
    blob.fill(try changes.applied(to: info, file: output))
    // The proof: what is written is read back by the rules that everybody else's blobs are held to.
    let result = try Blob(format.bytes(of: blob), file: output)
    if manifest != nil, layout.loadAddress == nil {
      throw Rejection(
        Problem(
          output, "address", found: "none, and no memory to choose one from",
          expected: "the purgatory's base",
          help: "add --load-address ADDR or --memory BASE+SIZE"))
    }

    if dryRun {
      let commands = try sources.tools.find().commands(building: sources.find(), to: "purgatory.elf").map(
        \.line)
      let map = layout.text(purgatorySize: result.info.memorySize)
      print((commands + [""] + map + [result.text]).joined(separator: "\n"))
      return
    }
    try refuseCollisions(
      outputs: [output, manifest, depfile].compactMap { $0 }, inputs: changes.segments.map(\.file))
    let files = try write(result, layout, to: output)
    if let manifest, let loadAddress = layout.loadAddress {
      let purgatory = try Segment(
        role: .purgatory, file: output, bytes: result.bytes, base: loadAddress,
        memorySize: result.info.memorySize)
      try Files.write(
        Manifest(entry: loadAddress, segments: [purgatory] + files, path: manifest).encoded(), to: manifest)
    }
    if let depfile {
      let dependencies = try sources.find().files.map(\.string) + changes.segments.map(\.file)
      try Files.write(Depfile(target: output, dependencies: dependencies).text.utf8, to: depfile)
    }
    talk(result.summary(as: output))
  }

  /// An output must replace neither another nor what it is made of.
  private func refuseCollisions(outputs: [String], inputs: [String]) throws(Rejection) {
    let paths = (outputs + inputs).map { FilePath(absolute: $0) }
    let problems = outputs.indices.filter { index in
      outputs[index] != "-" && paths[(index + 1)...].contains(paths[index])
    }
    .map {
      Problem(outputs[$0], found: "named twice", expected: "an output that is no other file of this build")
    }
    if !problems.isEmpty { throw Rejection(problems) }
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
      let name =
        segment.role == .dtb ? "devicetree.dtb" : FilePath(segment.file).lastComponent?.string ?? segment.file
      guard segment.role == .dtb || copy else { return segment }
      let path = "\(outputDir)/\(name)"
      if FilePath(absolute: path) != FilePath(absolute: segment.file) || layout.deviceTreeChanged {
        try Files.write(segment.bytes, to: path)
      }
      return segment.renamed(path)
    }
  }
}
