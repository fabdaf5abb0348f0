// InstallTests.swift — `make install`: what belongs there and nothing else, for everybody to read
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite(.enabled(if: Tools.inPath("make") != nil || Tools.isCI, "make is not in PATH"))
struct InstallTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    // What `make` built.
    try folder.makeFolder("built")
    try folder.write(try await Built.get().realELF, to: "built/purgatory.elf")
  }

  private let root = "root of a package"

  /// Runs a target of the Makefile below the folder, as root's shell with the strictest umask would.
  private func make(_ target: String, _ options: String...) async throws {
    let outcome = try await ended(target, options)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.error == "" && outcome.output == [])
  }

  private func ended(_ target: String, _ options: [String] = []) async throws -> Outcome {
    let tool = try Command.purgatory.get()
    let shell = try #require(Tools.inPath("sh"))
    return try await Command.run(
      shell,
      [
        "-c", "umask 077 && exec make -s -C \"$0\" \"$@\"", packageFolder, target, "tool=\(tool)",
        "prebuilt=\(folder.path)/built/purgatory.elf", "DESTDIR=\(folder.path)/\(root)",
      ] + options, in: folder.path)
  }

  /// Each file and folder below the root of the package, with its permissions.
  private func installed() throws -> [String: Int] {
    let names = FileManager.default.enumerator(atPath: "\(folder.path)/\(root)")?.compactMap { $0 as? String }
    return try Dictionary(
      uniqueKeysWithValues: (names ?? []).map { ($0, try folder.mode(of: "\(root)/\($0)")) })
  }

  /// What there is to install: the files of the checkout's purgatory, as git would have them.
  private static func expected(below prefix: String) throws -> [String: Int] {
    let manager = FileManager.default
    var files = ["share/purgatory/purgatory.elf", "include/purgatory_info.h", "share/pkgconfig/purgatory.pc"]
    let purgatory = "\(packageFolder)/purgatory"
    files += try manager.contentsOfDirectory(atPath: purgatory)
      .filter { $0.hasSuffix(".S") || ["purgatory.lds", "SOURCES"].contains($0) }.map {
        "share/purgatory/\($0)"
      }
    files += try manager.contentsOfDirectory(atPath: "\(purgatory)/include")
      .filter { $0.hasSuffix(".h") }.map { "share/purgatory/include/\($0)" }
    files += ["", "-build", "-patch", "-show", "-check", "-verify", "-bundle", "-graft", "-run"]
      .map { "share/man/man1/purgatory\($0).1" }
    files += [
      "share/bash-completion/completions/purgatory", "share/zsh/site-functions/_purgatory",
      "share/fish/vendor_completions.d/purgatory.fish",
    ]
    files += ["README.md", "CHANGELOG.md", "LICENSE"].map { "share/doc/purgatory/\($0)" }
    files += try manager.contentsOfDirectory(atPath: "\(packageFolder)/docs").map {
      "share/doc/purgatory/docs/\($0)"
    }
    var expected = ["bin/purgatory": 0o755]
    for file in files { expected[file] = 0o644 }
    // And all folders on the way.
    for file in Array(expected.keys) {
      for (index, character) in file.enumerated() where character == "/" {
        expected[String(file.prefix(index))] = 0o755
      }
    }
    var below = Dictionary(uniqueKeysWithValues: expected.map { ("\(prefix)/\($0)", $1) })
    for (index, character) in prefix.enumerated() where character == "/" {
      below[String(prefix.prefix(index))] = 0o755
    }
    below[prefix] = 0o755
    return below
  }

  @Test func everybodyCanReadIt() async throws {
    try await make("install")
    #expect(try installed() == Self.expected(below: "usr/local"))
    try await make("uninstall")
    #expect(try installed().filter { $0.key.hasSuffix("purgatory") || $0.key.contains("purgatory/") } == [:])
  }

  /// What an older version installed goes, and what others did stays.
  @Test func anOlderInstallationGoes() async throws {
    let prefix = "\(root)/opt/a b"
    let old = [
      "share/purgatory/aaa_old.S", "share/purgatory/purgatory.lds", "share/purgatory/include/routine.h",
      "share/purgatory/include/old/old.h", "share/man/man1/purgatory-old.1", "share/man/man1/purgatory.1",
    ]
    let others = ["share/man/man1/other.1", "include/other.h", "share/zsh/site-functions/_other"]
    for name in old + others {
      let path = "\(prefix)/\(name)"
      try folder.makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
      try folder.write(".text\nold: ret\n", to: path)
      try folder.setMode(0o600, of: path)
    }
    try folder.setMode(0o700, of: "\(prefix)/share/purgatory")
    try await make("install", "PREFIX=/opt/a b")
    var expected = try Self.expected(below: "opt/a b")
    for name in others { expected["opt/a b/\(name)"] = 0o600 }
    #expect(try installed() == expected)
    try await make("uninstall", "PREFIX=/opt/a b")
    let left = try installed().keys.filter { !Command.isDirectory("\(folder.path)/\(root)/\($0)") }
    #expect(left.sorted() == others.map { "opt/a b/\($0)" }.sorted())
  }

  @Test func withoutAPurgatoryNothingIsInstalled() async throws {
    try FileManager.default.removeItem(atPath: "\(folder.path)/built/purgatory.elf")
    let outcome = try await ended("install")
    #expect(outcome.status == .exited(2) && outcome.error.contains("purgatory.elf: not there\nhelp: make\n"))
    #expect(try installed() == [:])
  }

  /// One that was built before a source was changed is not what the sources give.
  @Test func anOldPurgatoryIsNotInstalled() async throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 0)],
      ofItemAtPath: "\(folder.path)/built/purgatory.elf")
    let outcome = try await ended("install")
    #expect(outcome.status == .exited(2) && outcome.error.contains("older than purgatory/\nhelp: make\n"))
    #expect(try installed() == [:])
  }

  @Test(.enabled(if: Tools.inPath("pkg-config") != nil || Tools.isCI, "pkg-config is not in PATH"))
  func pkgConfigKnowsTheHeader() async throws {
    try await make("install", "PREFIX=/usr")
    let packages = "\(folder.path)/\(root)/usr/share/pkgconfig"
    func ask(_ option: String) async throws -> String {
      let tool = try #require(Tools.inPath("pkg-config"))
      let outcome = try await Command.run(
        tool, [option, "purgatory"], in: folder.path, environment: ["PKG_CONFIG_PATH": packages])
      #expect(outcome.status == .exited(0), "\(outcome.error)")
      return outcome.text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    #expect(try await ask("--variable=includedir") == "/usr/include")
    #expect(try await ask("--variable=purgatory") == "/usr/share/purgatory/purgatory.elf")
    #expect(try await ask("--modversion") == purgatoryVersion)
  }

  /// What is installed with the command is used, in milliseconds and without a toolchain; it has the bytes that the
  /// checkout's sources, and those that are installed, are assembled to.
  @Test func whatIsInstalledIsWhatTheSourcesGive() async throws {
    let real = try await Built.get().real
    try await make("install", "PREFIX=/usr")
    let usr = "\(folder.path)/\(root)/usr"
    func build(_ options: String..., path: String? = nil) async throws -> Outcome {
      try await Command.run(
        "\(usr)/bin/purgatory", ["build", "-v", "-o", "installed.bin"] + options, in: folder.path,
        environment: path.map { ["PATH": $0] } ?? [:])
    }
    // There is no assembler in PATH, and none is needed.
    let prebuilt = try await build(path: "\(folder.path)/tmp")
    #expect(prebuilt.status == .exited(0), "\(prebuilt.error)")
    #expect(prebuilt.error.contains("prebuilt: \(usr)/share/purgatory/purgatory.elf\n"))
    #expect(!prebuilt.error.contains("clang"))
    #expect(try folder.read("installed.bin") == real)
    // $CROSS_COMPILE is set for other things.
    let crossed = try await Command.run(
      "\(usr)/bin/purgatory", ["build", "-o", "-"], in: folder.path,
      environment: ["CROSS_COMPILE": "none-", "PATH": "\(folder.path)/tmp"])
    #expect(crossed.status == .exited(0) && crossed.output == real, "\(crossed.error)")
    for options in [["--source", "\(root)/usr/share/purgatory"], ["--toolchain", "llvm"]] {
      let assembled = try await Command.run(
        "\(usr)/bin/purgatory", ["build", "-v", "-o", "-"] + options, in: folder.path)
      #expect(assembled.status == .exited(0) && assembled.output == real, "\(assembled.error)")
      #expect(assembled.error.contains("clang") && !assembled.error.contains("prebuilt"))
    }
    // A toolchain that is asked for has to be there.
    #expect(try await build("--toolchain", "gnu", path: "\(folder.path)/tmp").status == .exited(1))
    // It is what make and depfiles depend on, and no output.
    _ = try await build("--depfile", "p.d")
    #expect(try folder.text(of: "p.d").contains("share/purgatory/purgatory.elf"))
    let over = try await build("-o", "\(usr)/share/purgatory/purgatory.elf")
    #expect(over.status == .exited(1) && over.error.contains("would replace the input"))
  }

  /// One that is not what was installed is not used.
  @Test(arguments: ["code", "info", "end", "nothing"]) func aDamagedPurgatoryIsRefused(_ damage: String)
    async throws
  {
    try await make("install", "PREFIX=/usr")
    let path = "\(root)/usr/share/purgatory/purgatory.elf"
    var bytes = try folder.read(path)
    let start = try #require(bytes.firstRange(of: Array("PURGINFO".utf8))).lowerBound
    switch damage {
    case "code": bytes[start + 0x400] ^= 1
    case "info": bytes[start + 0x10] = 4  // kernel_entry
    case "end": bytes.removeLast(bytes.count / 2)
    default: bytes = []
    }
    try folder.write(bytes, to: path)
    let outcome = try await Command.run(
      "\(folder.path)/\(root)/usr/bin/purgatory", ["build", "-o", "out.bin"], in: folder.path)
    #expect(outcome.status == .exited(1) && !folder.exists("out.bin"))
    #expect(
      outcome.error.hasPrefix("error: ") && outcome.error.contains("purgatory.elf: "), "\(outcome.error)")
  }

  /// An older file among the sources is refused where they are assembled.
  @Test func aSourceThatIsNotListedIsRefused() async throws {
    try await make("install", "PREFIX=/usr")
    let share = "\(root)/usr/share/purgatory"
    try folder.write(".text\nold: ret\n", to: "\(share)/aaa_old.S")
    await #expect(throws: ToolFailure.self) {
      try await folder.done(["build", "--source", share, "-o", "installed.bin"])
    }
  }
}
