// ToolchainTests.swift — which assembler and linker are taken, and what is said if there is none
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct ToolchainTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.makeFolder("none")
  }

  private let build = ["build", "--source", "small"]

  @Test func notFound() async throws {
    let none = ["PATH": "\(folder.path)/none"]
    try await expectRefusals(
      [
        Refusal(
          "neither", build, because: "ld.lld", "apt-get install clang lld", "aarch64-linux-gnu-as",
          "apt-get install binutils-aarch64-linux-gnu", environment: none),
        Refusal("an empty PATH", build, because: "llvm", "gnu", environment: ["PATH": ""]),
        Refusal("llvm", build + ["--toolchain", "llvm"], because: "ld.lld", environment: none),
        Refusal("gnu", build + ["--toolchain", "gnu"], because: "aarch64-linux-gnu-as", environment: none),
        Refusal("a prefix", build + ["--cross-compile", "nobodys-"], because: "nobodys-as"),
        Refusal(
          "a prefix's variable", build, because: "theirs-as", environment: ["CROSS_COMPILE": "theirs-"]),
        Refusal(
          "the option wins over the variable", build + ["--cross-compile", "nobodys-"], because: "nobodys-as",
          environment: ["CROSS_COMPILE": "theirs-"]),
      ], golden: "toolchains.txt", in: folder)
  }

  private func tools(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> String {
    try await folder.done(build + ["--dry-run"] + arguments, environment: environment).text
  }

  @Test func llvmIsTheFirst() async throws {
    #expect(try await tools([]).contains("/ld.lld "))
    #expect(try await tools([], ["CROSS_COMPILE": ""]).contains("/ld.lld "))
    #expect(try await tools(["--toolchain", "llvm"], ["CROSS_COMPILE": "theirs-"]).contains("/ld.lld "))
  }

  @Test(.requiresGNU) func gnuIfItIsAskedFor() async throws {
    let ld = "/aarch64-linux-gnu-ld "
    #expect(try await tools(["--toolchain", "gnu"]).contains(ld))
    #expect(try await tools(["--cross-compile", "aarch64-linux-gnu-"]).contains(ld))
    #expect(try await tools([], ["CROSS_COMPILE": "aarch64-linux-gnu-"]).contains(ld))
    #expect(try await !tools([]).contains(ld))
  }

  @Test(.requiresGNU) func gnuIfThereIsNoOther() async throws {
    for name in ["aarch64-linux-gnu-as", "aarch64-linux-gnu-ld", "cpp"] {
      try link(name, Tools.inPath(name) ?? "")
    }
    #expect(try await tools([], ["PATH": "\(folder.path)/none"]).contains("/none/aarch64-linux-gnu-ld "))
  }

  /// An LLVM of the distribution will do: no Swift toolchain is needed to run the command.
  @Test func llvmInThePath() async throws {
    for name in ["clang", "ld.lld"] { try link(name, Tools.find(name) ?? "") }
    #expect(try await tools([], ["PATH": "\(folder.path)/none"]).contains("/none/ld.lld "))
  }

  private func link(_ name: String, _ target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/none/\(name)", withDestinationPath: target)
  }

  @Test func noPlaceForTemporaryFiles() async throws {
    try folder.write("", to: "file")
    for (place, reason) in [
      ("/dev/null/none", "not a directory"), ("\(folder.path)/file", "not a directory"),
      ("\(folder.path)/nowhere", "no such file or directory"),
    ] {
      let outcome = try await folder.purgatory(build, environment: ["TMPDIR": place])
      #expect(outcome.status == .exited(1))
      #expect(
        outcome.error == """
          error: \(place): temporary folder: \(reason)
          help: set TMPDIR to a folder that can be written to

          """)
      #expect(!folder.exists("purgatory.bin"))
    }
  }
}
