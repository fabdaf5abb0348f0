// SourceOptions.swift — the purgatory's sources and tools, for the verbs that build one
// SPDX-License-Identifier: MIT

import ArgumentParser
import CArguments
import CheckedArithmetic
import FoundationEssentials
import PurgatoryKit
import SystemPackage

struct SourceOptions: ParsableArguments {
  @Option(
    help: .init("The purgatory's sources. (default: those that came with this command)", valueName: "dir"))
  var source: String?

  @OptionGroup var tools: ToolchainOptions

  func find() throws(Rejection) -> PurgatorySource {
    guard let source else { return try PurgatorySource.belonging(to: Self.executable) }
    return try PurgatorySource(directory: FilePath(absolute: source))
  }

  /// Assembles, links and proves a purgatory with nothing filled in.
  func build(_ talk: TalkOptions) throws(Rejection) -> Blob {
    let (tools, source) = (try tools.find(), try find())
    for command in tools.commands(building: source, to: "purgatory.elf") { talk.detail(command.line) }
    return try Blob(
      waiting { () async throws(Rejection) in try await tools.build(source) }, file: "purgatory.elf")
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
