// Build.swift — from sources to a purgatory that is ready to be loaded
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
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

struct Build: Verb {
  static let example = "build --kernel Image --initrd initrd.img --dtb board.dtb --output-dir out"

  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Assemble, link, prove and fill in a purgatory.",
    discussion: """
      Without options that fill something in, the result is an empty purgatory for `purgatory patch` or for a loader \
      to fill in.
      """)

  @Option(
    name: .shortAndLong,
    help: .init("Write here; - is standard output. (default: purgatory.<format>)", valueName: "file"),
    completion: .file())
  var output: String?

  @OptionGroup(title: "What to fill in") var info: InfoOptions

  @Option(help: "The flat bytes, the ELF file they are from, or an object for kexec-tools.")
  var format = OutputFormat.bin

  @OptionGroup var sources: SourceOptions
  @OptionGroup(title: "What to say") var talk: TalkOptions

  @Option(
    help: .init("Write the output's dependencies in Make syntax.", valueName: "file"), completion: .file())
  var depfile: String?

  @Option(
    help: .init("Write what a loader needs to know, as JSON. Needs --load-address.", valueName: "file"),
    completion: .file())
  var manifest: String?

  @Option(
    help: .init(
      "Write purgatory.bin, manifest.json and the final device tree here; it is made if need be.",
      valueName: "dir"), completion: .directory)
  var outputDir: String?

  @Flag(help: "With --output-dir: copy kernel, initrd and segments there, too.")
  var copy = false

  @Flag(help: "Say what would be done, and check all of it, but write nothing.")
  var dryRun = false

  @Flag(help: "Print JSON: what is written, and where everything goes.")
  var json = false

  func validate() throws {
    if json, [output, manifest, depfile].contains("-") {
      throw ValidationError(
        "--json goes to standard output, and - of -o, --manifest or --depfile is that, too")
    }
    if outputDir == "" { throw ValidationError("--output-dir is empty, expected a folder") }
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

  func run() throws {
    let origin = try sources.find()
    let output = outputDir.map { "\($0)/purgatory.bin" } ?? self.output ?? "purgatory.\(format.rawValue)"
    let manifest = outputDir.map { "\($0)/manifest.json" } ?? self.manifest
    var outputs = OutputFiles(from: info.files + origin.files)
    outputs.waiting = talk.waiting
    if let outputDir { outputs.make(folder: outputDir) }

    var blob = try sources.build(origin, talk)
    let (changes, layout, notes) = try info.changes(
      to: blob.info, defaults: true, updatesDeviceTree: outputDir != nil, talk.progress)
    var info = blob.info
    if format == .ro { info.presetForObjectLoaders() }
    let diagram = MemoryDiagram(
      layout, loadSize: UInt64(blob.loadRange.count), memorySize: info.memorySize)
    do throws(Rejection) {
      info = try changes.applied(to: info, file: output, talk.progress)
    } catch {
      throw error.diagram == nil ? error : error.with(diagram)
    }
    try blob.fill(info)
    // The proof: what is written is read back by the rules that everybody else's blobs are held to.
    let result = try Blob(format.bytes(of: blob), file: output)
    if manifest != nil, outputDir == nil,
      let packed = layout.segments.first(where: { $0.unpackedName != nil })
    {
      throw Rejection(
        Problem(
          packed.file, found: "packed, and a manifest names files that are loaded as they are",
          expected: "a place to write what is in it", help: "use --output-dir DIR instead of --manifest"))
    }
    if manifest != nil, layout.loadAddress == nil {
      throw Rejection(
        Problem(
          output, "address", found: "none, and no memory to choose one from",
          expected: "the purgatory's base",
          help: self.info.relative == true
            ? "add --load-address ADDR" : "add --load-address ADDR or --memory BASE+SIZE"))
    }

    for segment in layout.segments { talk.detail(segment.text) }
    outputs.add(result.bytes, to: output)
    let files = addCopies(layout, to: &outputs)
    if let manifest, let loadAddress = layout.loadAddress {
      let purgatory = try Segment(
        role: .purgatory, file: output, bytes: result.bytes, base: loadAddress,
        memorySize: result.info.memorySize)
      outputs.add(
        manifest: try Manifest(
          entry: loadAddress, segments: [purgatory] + files, path: manifest, talk.progress
        ).encoded(),
        to: manifest)
    }
    if let depfile {
      let dependencies = origin.files + self.info.files
      outputs.add(try Depfile(target: output, dependencies: dependencies).text.utf8, to: depfile)
    }
    outputs.rely(on: files.map(\.contents))
    try outputs.refuseCollisions()

    let description = BuildDescription(outputs, result, layout, files: files, notes: notes)
    if dryRun {
      talk.notes(notes)
      if json { return try Terminal.print(json: description) }
      try Terminal.print(lines: sources.steps(origin) + [""] + diagram.text + result.text)
      return
    }
    try outputs.write(talk.progress)
    talk.details(of: outputs)
    talk.notes(notes)
    talk.summary(result.summary(as: output))
    if layout.segments.contains(where: { $0.role == .dtb }) {
      talk.summary("bootargs: \(layout.commandLine ?? "none")")
    }
    if json { try Terminal.print(json: description) }
  }

  /// What goes into --output-dir, since the user's files do not have it, or by --copy.
  ///
  /// - Returns: the segments, by the files that hold them then.
  private func addCopies(_ layout: Layout, to outputs: inout OutputFiles) -> [Segment] {
    guard let outputDir else { return layout.segments }
    var copied: [String: String] = [:]
    return layout.segments.map { segment in
      guard segment.role == .dtb || copy || segment.unpackedName != nil else { return segment }
      let name =
        segment.role == .dtb
        ? "devicetree.dtb"
        : segment.unpackedName ?? FilePath(segment.file).lastComponent?.string ?? segment.file
      let path = "\(outputDir)/\(name)"
      let changed = segment.unpackedName != nil || (segment.role == .dtb && layout.deviceTreeChanged)
      // A file that is there already, from a run before, is its own copy.
      // One file at two addresses is copied once.
      if changed || (copied[path] != segment.file && !OutputFiles.areOne(path, segment.file)) {
        copied[path] = segment.file
        outputs.add(segment.contents, to: path, copyOf: segment.file)
      }
      return segment.renamed(path)
    }
  }
}
