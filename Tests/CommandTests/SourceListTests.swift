// SourceListTests.swift — the list of a purgatory's sources: nothing else gets into it, nothing of it is left out
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct SourceListTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.copyReal(into: folder, as: "source")
  }

  private let build = ["build", "--source", "source", "-o", "out.bin"]

  /// What an older release, or an editor, left in the folder.
  @Test func whatTheListAndTheFolderDisagreeOn() async throws {
    for name in ["unlisted", "missing", "both"] { try Source.copyReal(into: folder, as: name) }
    for name in ["unlisted", "both"] {
      try folder.write(".text\nold: ret\n", to: "\(name)/aaa_old.S")
      try folder.write(".text\nold: ret\n", to: "\(name)/entry~.S")
    }
    for name in ["missing", "both"] {
      try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)/cache.S")
    }
    func refused(_ name: String, _ because: String...) -> Refusal {
      Refusal(name, ["build", "--source", name, "-o", "out.bin"], reasons: because)
    }
    let (unlisted, missing) = ("/aaa_old.S: is not in SOURCES", "/SOURCES: cache.S is not there")
    try await expectRefusals(
      [
        refused("unlisted", unlisted, "/entry~.S: is not in SOURCES"), refused("missing", missing),
        refused("both", unlisted, missing),
      ], golden: "source-lists.txt", in: folder)
  }

  @Test func whatIsListedIsBuilt() async throws {
    try folder.addSource(".text\nold: ret\n", as: "aaa_old.S", to: "source")
    try await folder.done(build)
    #expect(try folder.read("out.bin") != (try await Built.get().real))
    // Other files of the folder are nobody's business.
    try folder.write("A purgatory.\n", to: "source/README")
    try await folder.done(build)
  }

  @Test func withoutAListAllFilesAreTaken() async throws {
    try FileManager.default.removeItem(atPath: "\(folder.path)/source/SOURCES")
    try await folder.done(build)
    #expect(try folder.read("out.bin") == (try await Built.get().real))
    try folder.write(".text\nmore: ret\n", to: "source/more.S")
    try await folder.done(build)
    #expect(try folder.read("out.bin") != (try await Built.get().real))
  }

  /// The assembler cannot see it: what a routine at the end of a file runs into.
  @Test func noFileEndsInAFallThrough() throws {
    let folder = "\(packageFolder)/purgatory"
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".S") {
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      for match in text.matches(of: /falls_into ([a-z0-9_]+)/) {
        count += 1
        #expect(
          text[match.range.upperBound...].contains("\nfunc \(match.output.1)\n"), "\(file): \(match.output.1)"
        )
      }
    }
    #expect(count > 3)
  }
}
