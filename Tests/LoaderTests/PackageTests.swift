// PackageTests.swift — the Debian package, in a bare Debian that has no Swift and no sources
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

private enum Package {
  /// What `make deb` left, of this version.
  static let deb: String? = {
    let version = (try? read("\(packageFolder)/VERSION")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let out = "\(packageFolder)/out"
    return (try? FileManager.default.contentsOfDirectory(atPath: out))?
      .first { $0.hasPrefix("purgatory_\(version.filter { !$0.isNewline })_") && $0.hasSuffix(".deb") }
      .map { "\(out)/\($0)" }
  }()
}

@Suite(.enabled(if: Package.deb != nil || Tools.isCI, "no package in out/: make deb"))
struct PackageTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws
    -> Outcome
  {
    let path = program.contains("/") ? program : try #require(Tools.inPath(program))
    return try await Command.run(path, arguments, in: folder.path, environment: environment)
  }

  @Test(.enabled(if: Tools.inPath("lintian") != nil || Tools.isCI, "lintian is not in PATH"))
  func lintianHasNothingToSay() async throws {
    let deb = try #require(Package.deb)
    let found = try await run("lintian", ["--allow-root", "--fail-on", "error,warning", deb])
    #expect(found.status == .exited(0) && found.output.isEmpty, "\(found.text)")
  }

  /// It depends on what the command is linked to, and on nothing that has to be built.
  @Test func itsDependencies() async throws {
    let deb = try #require(Package.deb)
    let control = try await run("dpkg-deb", ["--field", deb, "Depends"]).text
    let names = control.split(separator: ",").map { $0.split(separator: " ").first.map(String.init) ?? "" }
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines).replacing("t64", with: "") }
    #expect(names.sorted() == ["libc6", "libelf1", "libfdt1", "liblzma5", "libzstd1", "zlib1g"])
  }

  @Test(.requires(.kernel), .enabled(if: getuid() == 0 || Tools.isCI, "not root: it changes root"))
  func inABareDebian() async throws {
    let deb = try #require(Package.deb)
    try FileManager.default.copyItem(atPath: LoaderInput.kernel.path, toPath: "\(folder.path)/Image")
    try folder.write(
      TreeNode(
        "", ["#address-cells": [2], "#size-cells": [2]],
        [
          TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 28)]),
          TreeNode("chosen"),
        ]
      ).dtb(), to: "board.dtb")
    let release = try String(contentsOfFile: "/etc/os-release", encoding: .utf8)
    let suite = try #require(release.firstMatch(of: /VERSION_CODENAME=([a-z]+)/)?.1)
    let outcome = try await run(
      "\(packageFolder)/scripts/try-deb",
      [
        deb, String(suite), "\(packageFolder)/.cache/bare-\(suite)",
        """
        ! command -v swift clang ld.lld aarch64-linux-gnu-as
        purgatory --version
        purgatory build -v --kernel Image --dtb board.dtb --console pl011@0x9000000 --output-dir out
        purgatory patch out --messages failures
        purgatory show out
        purgatory show --map out
        purgatory show --svg out/map.svg out
        purgatory check out
        purgatory bundle -q --kernel Image -o verified.img --console pl011@0x9000000
        purgatory build -q -o purgatory.bin
        sha256sum purgatory.bin
        ls /usr/share/man/man1/purgatory*.1.gz /usr/share/bash-completion/completions/purgatory
        if purgatory build --toolchain llvm; then exit 1; fi
        """,
      ], environment: ["HOME": folder.path])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    for words in [
      "ABI version 2, commit ", "  purgatory    0x4", "out/purgatory.bin:\n", "ready         yes", "quiet",
      "out: ok: ",
      "purgatory-run.1.gz",
    ] { #expect(outcome.text.contains(words), "\(words): \(outcome)") }
    // The same bytes as of this checkout's sources.
    let digest = Digest(of: try await unfilledBlob())
    #expect(outcome.text.contains("\(digest)  purgatory.bin"))
    #expect(outcome.error.contains("prebuilt: /usr/share/purgatory/purgatory.elf"))
    #expect(outcome.error.contains("apt-get install clang lld"))
  }
}
