// MutationTests.swift — thousands of files with random bytes changed: each is judged, in bounded words
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct MutationTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  enum Kind: String, CaseIterable, Sendable {
    case purgatory, pie, packed, object, archive, host, flat
  }

  private func make(_ kind: Kind) async throws -> [UInt8] {
    let source =
      ".text\n.global _start\n_start: adr x0, _start\n.weak m\nbl m\n.data\n.quad _start, _start, 1, _start"
    switch kind {
    case .purgatory: return try await Crafted { $0.isSealed = true }.make(in: folder, as: "x")
    case .pie: return try await Recipe(source: source).make(in: folder, as: "x")
    case .packed:
      return try await Recipe(source: source, options: ["-pie", "-z", "pack-relative-relocs", "--strip-all"])
        .make(in: folder, as: "x")
    case .object: return try await Recipe(source: source, isLinked: false).make(in: folder, as: "x")
    case .archive:
      _ = try await make(.object)
      try await Command.tool(
        "llvm-ar", ["--format=gnu", "rcs", "x.a", "x", "x.o", "x"].filter { $0 != "x.o" }, in: folder.path)
      return try folder.read("x.a")
    case .host: return try await make(.object) + make(.purgatory)
    case .flat:
      try await Crafted { $0.isSealed = true }.makeFlat(in: folder, as: "x")
      return try folder.read("x")
    }
  }

  /// Changes up to four numbers to one that is often wrong, mostly in headers; sometimes cuts or doubles something.
  private func mutate(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let isHeader = Int.random(in: 0..<3, using: &random) > 0
      // The ELF header is at the start, section headers at the end.
      let start = isHeader && Bool.random(using: &random) ? 0 : max(0, bytes.count - 700)
      let offset =
        isHeader
        ? Int.random(in: start..<min(bytes.count, start + 700), using: &random)
        : Int.random(in: 0..<bytes.count, using: &random)
      let value =
        [0, 1, 8, 0x40, 0x7fff, 0xffff, 1 << 31, .max >> 1, .max, random.next()]
        .randomElement(using: &random) ?? 0
      let width = [1, 2, 4, 8].randomElement(using: &random) ?? 1
      for index in 0..<min(width, bytes.count - offset) {
        bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
      }
    }
    if Int.random(in: 0..<20, using: &random) == 0 {
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
    }
    return bytes
  }

  @Test(arguments: Kind.allCases)
  func everyMutationIsJudged(_ kind: Kind) async throws {
    let good = try await make(kind)
    var random = SplitMix64(seed: UInt64(good.count))
    var outcomes: Set<[String]> = []
    var malformed = 0
    var proven = 0
    let sealed = (try? Blob(good, file: "x").flat) ?? []
    for round in 0..<700 {
      let bytes = mutate(good, &random)
      try folder.write(bytes, to: "y")
      let file = folder.judge("y", round.isMultiple(of: 2) ? .pie : .purgatory)
      // Only what has the code that was sealed is ok.
      if file.ok {
        #expect(file.findings.isEmpty)
        #expect(try Blob(bytes, file: "y").flat[0x3d0...] == sealed[0x3d0...], "round \(round)")
        proven += 1
      }
      #expect(file.findings.count <= bytes.count / 4 + 20)
      let words = file.findings.reduce(0) { $0 + $1.line.utf8.count + $1.help.utf8.count }
      #expect(words < 100 * bytes.count + 10_000, "round \(round)")
      outcomes.insert(file.lines)
      malformed += file.findings.contains { $0.rule == .malformedELF } ? 1 : 0
    }
    // Neither is everything found malformed nor nothing, and there are many ways to be wrong.
    #expect(malformed > 20 && malformed < 690, "\(malformed)")
    #expect(outcomes.count > 30, "\(outcomes.count)")
    #expect((proven > 0) == [.purgatory, .flat].contains(kind), "\(proven)")
  }

  /// The command ends in order, whatever it is given.
  @Test func theCommandEndsInOrder() async throws {
    var names: [String] = []
    for kind in Kind.allCases {
      let good = try await make(kind)
      var random = SplitMix64(seed: 42)
      for index in 0..<30 {
        names.append("\(kind)\(index)")
        try folder.write(mutate(good, &random), to: names[names.count - 1])
      }
    }
    for format in ["text", "json", "sarif", "junit", "github"] {
      let outcome = try await folder.purgatory(["check", "--format", format] + names)
      #expect(outcome.status == .exited(2))
      #expect(outcome.error == "")
    }
    let report = try await folder.report(names)
    #expect(report.files.map(\.path) == names)
  }
}
