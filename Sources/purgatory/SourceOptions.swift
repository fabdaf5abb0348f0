// SourceOptions.swift — the purgatory's sources and tools, for the verbs that build one
// SPDX-License-Identifier: MIT

import ArgumentParser
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
  func build() async throws(Rejection) -> Blob {
    try Blob(await tools.find().build(try find()), file: "purgatory.elf")
  }

  /// This command's own file, through all links.
  private static var executable: FilePath {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return FilePath(absolute: path ?? CommandLine.arguments[0])
  }
}
