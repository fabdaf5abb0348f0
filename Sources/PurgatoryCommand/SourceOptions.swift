// SourceOptions.swift — the purgatory's sources and tools, for the verbs that build one
// SPDX-License-Identifier: MIT

import ArgumentParser
import CArguments
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit
import SystemPackage

/// What a purgatory is made of.
enum Origin {
  case source(PurgatorySource)
  case prebuilt(Prebuilt)

  /// Everything a change of which changes the purgatory.
  var files: [String] {
    switch self {
    case .source(let source): source.files.map(\.string)
    case .prebuilt(let prebuilt): [prebuilt.path.string]
    }
  }
}

struct SourceOptions: ParsableArguments {
  @Option(
    help: .init(
      "The purgatory's sources. (default: those of this command's checkout; installed, it has a purgatory that is built)",
      valueName: "dir"),
    completion: .directory)
  var source: String?

  @OptionGroup var tools: ToolchainOptions

  func find() throws(Rejection) -> Origin {
    if let source { return .source(try PurgatorySource(directory: FilePath(absolute: source))) }
    let folder = try PurgatorySource.folder(belongingTo: Self.executable)
    if tools.areDefault, let prebuilt = Prebuilt(in: folder) { return .prebuilt(prebuilt) }
    return .source(try PurgatorySource(directory: folder))
  }

  /// A purgatory with nothing filled in: assembled, linked and proven, now or when this command was installed.
  func build(_ origin: Origin, _ talk: TalkOptions) throws(Rejection) -> Blob {
    for line in try steps(origin) { talk.detail(line) }
    switch origin {
    case .prebuilt(let prebuilt): return try prebuilt.blob()
    case .source(let source):
      let tools = try tools.find()
      return try Blob(
        waiting { () async throws(Rejection) in try await tools.build(source) }, file: "purgatory.elf")
    }
  }

  /// What `build` does, in lines.
  func steps(_ origin: Origin) throws(Rejection) -> [String] {
    switch origin {
    case .prebuilt(let prebuilt): ["prebuilt: \(prebuilt.path)"]
    case .source(let source):
      try tools.find().commands(building: source, to: "purgatory.elf").map(\.line)
    }
  }

  /// This command's own file, through all links; without /proc as it was called, or as a shell finds it.
  private static var executable: FilePath {
    if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      return FilePath(path)
    }
    let name = carguments_at(0).map { String(cString: $0) } ?? ""
    let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
    let paths = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
    let path = paths.first { FileManager.default.isExecutableFile(atPath: $0) } ?? name
    return FilePath(absolute: URL(filePath: path).resolvingSymlinksInPath().path)
  }
}
