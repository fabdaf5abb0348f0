// ContainerTests.swift — programs that carry a purgatory: Debian's kexec
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ContainerTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  enum Kexec: String {
    case arm64 = "kexec"
    case amd64 = "kexec-amd64"
    var path: String { "\(packageFolder)/.cache/debian/\(rawValue)/kexec" }

    /// Without it the test is skipped, except in CI, where it runs and fails.
    var isThere: Bool { Tools.isCI || FileManager.default.fileExists(atPath: path) }
  }

  @Test(.enabled(if: Kexec.arm64.isThere, ".cache/debian/kexec is missing: make inputs"))
  func kexecsPurgatoryIsJudged() async throws {
    try await expectThePurgatoryToBeJudged(.arm64)
  }

  @Test(.enabled(if: Kexec.amd64.isThere, ".cache/debian/kexec-amd64 is missing: make inputs"))
  func anotherMachinesPurgatoryIsJudged() async throws {
    try await expectThePurgatoryToBeJudged(.amd64)
  }

  private func expectThePurgatoryToBeJudged(_ kexec: Kexec) async throws {
    let host = try read(kexec.path)
    let outcome = try await folder.purgatory(["check", kexec.path])
    #expect(outcome.status == .exited(1))
    // Where it is, as the note tells people: they can cut it out themselves.
    let note = try #require(outcome.text.split(separator: "\n").first)
    let words = note.split(separator: " ").map(String.init)
    let size = try #require(words.firstIndex(of: "bytes").flatMap { Int(words[$0 - 1]) })
    let offset = try #require(words.last?.dropFirst(2).description).withCString { Int(strtoul($0, nil, 16)) }
    #expect(
      note
        == "note: \(kexec.path): judged the purgatory of \(size) bytes at offset 0x\(String(offset, radix: 16))"
    )
    let object = Array(host[offset..<offset + size])
    try folder.write(object, to: "purgatory.ro")

    let readelf = try await Command.tool("readelf", ["-rW", "purgatory.ro"], in: folder.path)
    let listed = readelf.split(separator: "\n").filter {
      $0.contains(" R_AARCH64_") || $0.contains(" R_X86_64_")
    }
    #expect(listed.count > 50)
    let embedded = try #require(try await folder.report([kexec.path]).files.first)
    #expect(embedded.counts == .init(dynamic: 0, static: listed.count, undefined: 0))
    // All that it finds in the host is what it finds in the object by itself.
    let alone = try #require(try await folder.report(["purgatory.ro"]).files.first)
    #expect(alone.counts == embedded.counts)
    #expect(
      embedded.findings.map(\.location)
        == alone.findings.map { "offset 0x\(String(offset, radix: 16)): \($0.location)" })
    #expect(embedded.findings.map(\.message) == alone.findings.map(\.message))
    #expect(embedded.findings.contains { $0.rule == "wrong-machine" } == (kexec == .amd64))
    #expect(embedded.findings.filter { $0.rule == "dynamic-relocation" }.count == listed.count)
  }

  /// Programs made here, so that something is judged without Debian's, too.
  @Test func everyEmbeddedPurgatoryIsJudged() async throws {
    let good = try await Crafted().make(in: folder, as: "good")
    var spoilt = Crafted()
    spoilt.entry = "code"
    let bad = try await spoilt.make(in: folder, as: "bad")
    let host = try await Recipe(source: ".global _start\n_start: ret", script: nil, options: []).make(
      in: folder, as: "host")
    func findings(_ parts: [[UInt8]]) throws -> [String] {
      try folder.write(parts.flatMap { $0 }, to: "program")
      return folder.findings(in: "program")
    }
    #expect(try findings([host, good]) == [])
    let entry = "ELF header: entry point 0x3d0, expected the first byte, 0x0"
    func found(_ offset: Int) -> String { "entry: offset 0x\(String(offset, radix: 16)): \(entry)" }
    #expect(try findings([host, bad]) == [found(host.count)])
    #expect(try findings([host, [0], bad, [1, 2, 3], good, bad]).count == 2)
    #expect(try findings([host, [0], bad, good, bad]).first == found(host.count + 1))
    // Only whole ones, and only purgatories: otherwise the program itself is what is to be judged.
    let itself = folder.findings(in: "host")
    #expect(itself.first?.hasPrefix("absolute-address: ELF header: ET_EXEC") == true)
    #expect(try findings([host, Array(bad.dropLast())]) == itself)
    #expect(try findings([host, host]) == itself)
    #expect(try findings([host, Array("\u{7f}ELF".utf8)]) == itself)
  }
}
