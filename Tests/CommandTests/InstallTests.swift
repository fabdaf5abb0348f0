// InstallTests.swift — `make install`: what belongs there and nothing else, for everybody to read
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Tools.inPath("make") != nil || Tools.isCI, "make is not in PATH"))
struct InstallTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Runs a target of the Makefile below the folder, as root's shell with the strictest umask would.
  private func make(_ target: String, _ options: String...) async throws {
    let tool = try Command.purgatory.get()
    let shell = try #require(Tools.inPath("sh"))
    let outcome = try await Command.run(
      shell,
      [
        "-c", "umask 077 && exec make -s -C \"$0\" \"$@\"", packageFolder, target, "tool=\(tool)",
        "DESTDIR=\(folder.path)/root of a package",
      ] + options, in: folder.path)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.error == "" && outcome.output == [])
  }

  /// Each file and folder below the root of the package, with its permissions.
  private func installed() throws -> [String: Int] {
    let root = "root of a package"
    let names = FileManager.default.enumerator(atPath: "\(folder.path)/\(root)")?.compactMap { $0 as? String }
    return try Dictionary(
      uniqueKeysWithValues: (names ?? []).map { ($0, try folder.mode(of: "\(root)/\($0)")) })
  }

  /// What there is to install: the files of the checkout's purgatory, as git would have them.
  private static func expected(below prefix: String) throws -> [String: Int] {
    let manager = FileManager.default
    var expected = ["bin/purgatory": 0o755, "bin": 0o755, "share": 0o755, "share/purgatory": 0o755]
    expected["share/purgatory/include"] = 0o755
    let purgatory = "\(packageFolder)/purgatory"
    for name in try manager.contentsOfDirectory(atPath: purgatory)
    where name.hasSuffix(".S") || ["purgatory.lds", "SOURCES"].contains(name) {
      expected["share/purgatory/\(name)"] = 0o644
    }
    for name in try manager.contentsOfDirectory(atPath: "\(purgatory)/include") where name.hasSuffix(".h") {
      expected["share/purgatory/include/\(name)"] = 0o644
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

  @Test func anOlderInstallationGoes() async throws {
    let share = "root of a package/opt/a b/share/purgatory"
    try folder.makeFolder("\(share)/include/old")
    for name in ["aaa_old.S", "purgatory.lds", "include/routine.h", "include/old/old.h"] {
      try folder.write(".text\nold: ret\n", to: "\(share)/\(name)")
      try folder.setMode(0o600, of: "\(share)/\(name)")
    }
    try folder.setMode(0o700, of: "\(share)/include")
    try folder.setMode(0o700, of: share)
    try await make("install", "PREFIX=/opt/a b")
    #expect(try installed() == Self.expected(below: "opt/a b"))
  }

  /// What is installed builds what the checkout does; a file that is left would be in it.
  @Test func whatIsInstalledBuildsTheSame() async throws {
    let share = "root of a package/usr/share/purgatory"
    func build() async throws -> [UInt8] {
      try await folder.done(["build", "--source", share, "-o", "installed.bin"])
      return try folder.read("installed.bin")
    }
    let real = try await Built.get().real
    try await make("install", "PREFIX=/usr")
    #expect(try await build() == real)
    try folder.write(".text\nold: ret\n", to: "\(share)/aaa_old.S")
    await #expect(throws: ToolFailure.self) { try await build() }  // it is not in SOURCES
    try await make("install", "PREFIX=/usr")
    #expect(try await build() == real)
    // The command that is installed finds its sources there.
    let outcome = try await Command.run(
      "\(folder.path)/root of a package/usr/bin/purgatory", ["build", "-o", "-"], in: folder.path)
    #expect(outcome.status == .exited(0) && outcome.output == real, "\(outcome.error)")
  }
}
