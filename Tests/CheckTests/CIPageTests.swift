// CIPageTests.swift — every command of docs/ci.md is run as the page has it
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct CIPageTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// The fenced blocks of the page, with their languages.
  static let blocks: [(language: String, text: String)] = {
    let page = (try? read("\(packageFolder)/docs/ci.md")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    var blocks: [(language: String, text: String)] = []
    // Every other fence ends a block.
    for (index, part) in page.components(separatedBy: "\n```").dropFirst().enumerated()
    where index.isMultiple(of: 2) {
      let lines = part.split(separator: "\n", maxSplits: 1)
      blocks.append((String(lines[0]), lines.count > 1 ? String(lines[1]) + "\n" : ""))
    }
    return blocks
  }()

  /// The shell commands of all blocks but Make's.
  static let commands: [String] = {
    var commands: [String] = []
    for block in blocks where block.language != "make" {
      for line in block.text.split(separator: "\n") {
        if let command = line.firstRange(of: "purgatory check ") {
          commands.append(String(line[command.lowerBound...]))
        } else if line.hasSuffix("entry: purgatory check") {
          // pre-commit appends the files.
          commands.append("purgatory check purgatory.elf purgatory.bin")
        }
      }
    }
    return commands
  }()

  private func makeFiles(_ spoil: (inout Crafted) -> Void = { _ in }) async throws {
    var crafted = Crafted(spoil)
    crafted.isSealed = true
    try await crafted.make(in: folder, as: "purgatory.elf")
    try await crafted.makeFlat(in: folder, as: "purgatory.bin")
  }

  private func run(_ command: String) async throws -> Outcome {
    let shell = try #require(Tools.inPath("sh"))
    let program = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent().path
    let path = "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
    return try await Command.run(shell, ["-c", command], in: folder.path, environment: ["PATH": path])
  }

  @Test func thePageHasASnippetForEach() {
    #expect(Self.blocks.map(\.language) == ["sh", "yaml", "yaml", "yaml", "make", "make", "yaml", "sh"])
    #expect(Self.commands.count == 5)
    for format in ["github", "sarif", "junit", "json"] {
      #expect(Self.commands.contains { $0.contains("--format \(format)") }, "\(format)")
    }
  }

  @Test(arguments: commands)
  func aCommandPassesAGoodBlobAndStopsABadOne(_ command: String) async throws {
    try await makeFiles()
    let good = try await run(command)
    #expect(good.status == .exited(0), "\(good.text)\(good.error)")
    try checkOutput(of: command)
    try await makeFiles { $0.fields[0x18] = 3 }
    let bad = try await run(command)
    #expect(bad.status == .exited(1), "\(bad.text)\(bad.error)")
    // The report is there to be uploaded.
    try checkOutput(of: command)
  }

  /// What the next step of the snippet takes.
  private func checkOutput(of command: String) throws {
    guard let output = command.firstRange(of: " -o ") else { return }
    let bytes = try folder.read(String(command[output.upperBound...].prefix { $0 != " " }))
    if command.contains("--format junit") {
      _ = try JUnitReport(bytes)
    } else {
      _ = try JSONSerialization.jsonObject(with: Data(bytes))
    }
  }

  /// As pre-commit wants its file: a list of repositories at the top, hooks in each.
  @Test func theFilesOfPreCommitAreBlobs() throws {
    let page = try #require(Self.blocks.first { $0.text.contains("hooks:") })
    #expect(page.text.hasPrefix("repos:\n  - repo: local\n    hooks:\n      - id: "))
    let line = try #require(
      Self.blocks.flatMap { $0.text.split(separator: "\n") }.first { $0.contains("files: ") })
    let pattern = line.split(separator: "'")[1]
    let regex = try Regex(String(pattern))
    #expect("build/purgatory.elf".contains(regex) && "purgatory.bin".contains(regex))
    #expect(!"purgatory.elf.txt".contains(regex) && !"header.S".contains(regex))
  }

  @Test(.enabled(if: Tools.find("make") != nil || Tools.isCI, "make is not in PATH"))
  func theMakeRulesWork() async throws {
    let rules = Self.blocks.filter { $0.language == "make" }.map(\.text).joined(separator: "\n")
    let objcopy = try #require(Tools.find("llvm-objcopy"))
    try folder.write("OBJECTS = a.o b.o\nOBJCOPY = \(objcopy)\n\n\(rules)", to: "Makefile")
    try folder.write(ProofTests.script, to: "blob.lds")
    try await Recipe(source: ".text\n.global other\nother: nop", isLinked: false).make(in: folder, as: "b.o")

    func make(_ more: String) async throws -> (blob: Outcome, proof: Outcome) {
      try await Recipe(source: ".text\n.global _start\n_start: adr x0, other\n\(more)", isLinked: false)
        .make(in: folder, as: "a.o")
      try await Recipe.link(
        ["a.o", "b.o"], ProofTests.script, ["--emit-relocs"], .llvm, in: folder, as: "blob.elf")
      return (try await run("make blob.bin"), try await run("make check"))
    }
    let bad = try await make(".balign 8\nhere: .quad here")
    #expect(bad.blob.status == .exited(2) && bad.blob.text.contains("[absolute-address]"), "\(bad.blob)")
    #expect(!folder.exists("blob.bin"))
    #expect(bad.proof.status == .exited(2) && bad.proof.text.contains("[absolute-address]"), "\(bad.proof)")
    let good = try await make("nop")
    #expect(good.blob.status == .exited(0), "\(good.blob)")
    #expect(try folder.read("blob.bin").count == 12)
    #expect(good.blob.text.contains("blob.bin: unproven: "), "what the copy is of is not proven yet")
    #expect(
      good.proof.status == .exited(0) && good.proof.text.contains("2 proven of 2 files"), "\(good.proof)")
  }
}
