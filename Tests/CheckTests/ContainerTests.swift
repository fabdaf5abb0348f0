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
    // The program itself is judged, and what is not is said.
    let program = try #require(try await folder.report([kexec.path]).files.first)
    #expect(program.counts.dynamicRelocations > 100 && program.verdict == "broken")
    #expect(program.judged.hasPrefix("a linked ELF file for "))
    #expect(program.notes.count == 1 && program.notes[0].contains("was not judged: --embedded judges it"))
    // Where it is, as people are told: they can cut it out themselves.
    let arguments = ["--embedded", "--verbose", kexec.path]
    let embedded = try #require(try await folder.report(arguments).files.first)
    let place = try #require(
      embedded.judged.wholeMatch(
        of: /the purgatory of (\d+) bytes at offset 0x([0-9a-f]+), not the program around it/))
    let (size, offset) = (try #require(Int(place.1)), try #require(Int(place.2, radix: 16)))
    let object = Array(host[offset..<offset + size])
    try folder.write(object, to: "purgatory.ro")

    let readelf = try await Command.tool("readelf", ["-rW", "purgatory.ro"], in: folder.path)
    let listed = readelf.split(separator: "\n").filter {
      $0.contains(" R_AARCH64_") || $0.contains(" R_X86_64_")
    }
    #expect(listed.count > 50)
    #expect(embedded.counts == .init(dynamic: 0, static: listed.count, undefined: 0))
    // All that it finds in the host is what it finds in the object by itself.
    let alone = try #require(try await folder.report(["--verbose", "purgatory.ro"]).files.first)
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
      return folder.findings(in: "program", embedded: true)
    }
    #expect(try findings([host, good]) == [])
    let entry = "ELF header: entry point 0x3d0, expected the first byte, 0x0"
    func found(_ offset: Int) -> String { "entry: offset 0x\(String(offset, radix: 16)): \(entry)" }
    #expect(try findings([host, bad]) == [found(host.count)])
    #expect(try findings([host, [0], bad, [1, 2, 3], good, bad]).count == 2)
    #expect(try findings([host, [0], bad, good, bad]).first == found(host.count + 1))
    // Only whole ones, and only purgatories: otherwise nothing is judged.
    let itself = ["malformed-elf: file: no purgatory in it, expected one, to be judged with --embedded"]
    #expect(try findings([host]) == itself)
    #expect(try findings([host, Array(bad.dropLast())]) == itself)
    #expect(try findings([host, host]) == itself)
    #expect(try findings([host, Array("\u{7f}ELF".utf8)]) == itself)
  }
}
