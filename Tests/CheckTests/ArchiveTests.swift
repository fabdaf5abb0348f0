// ArchiveTests.swift — ar archives: each member is judged, and what is no archive is a finding
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ArchiveTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let longName = "a-member-with-a-name-of-more-than-fifteen-bytes.o"

  /// Three objects; the one with the long name has an absolute address.
  private func makeObjects() async throws {
    let source = ".text\n.global NAME\nNAME: nop\n"
    for name in ["a.o", "two words.o"] {
      let symbol = name.prefix { $0 != "." && $0 != " " }
      try await Recipe(source: source.replacing("NAME", with: symbol), isLinked: false).make(
        in: folder, as: "x")
      try folder.write(try folder.read("x"), to: name)
    }
    try await Recipe(source: source.replacing("NAME", with: "long") + ".quad long", isLinked: false)
      .make(in: folder, as: Self.longName)
  }

  private static let found =
    "absolute-address: \(longName): .text+0x4: R_AARCH64_ABS64 against long "
    + "(depends on the load address: no link resolves it), expected position-independent code"

  static let archivers: [(program: String, options: [String])] = [
    ("aarch64-linux-gnu-ar", ["rc"]), ("aarch64-linux-gnu-ar", ["rcS"]), ("llvm-ar", ["--format=gnu", "rc"]),
    ("llvm-ar", ["--format=bsd", "rc"]), ("llvm-ar", ["--format=darwin", "rcs"]),
    ("llvm-ar", ["--format=gnu", "rcP"]),
  ]

  @Test(arguments: archivers.indices)
  func eachMemberIsJudged(_ index: Int) async throws {
    let (program, options) = Self.archivers[index]
    if Tools.find(program) == nil, !Tools.isCI { return }
    try await makeObjects()
    try await Command.tool(program, options + ["x.a", "a.o", Self.longName, "two words.o"], in: folder.path)
    #expect(folder.findings(in: "x.a", .pie) == [Self.found])
    let file = folder.judge("x.a", .pie)
    #expect(file.judged == "3 members of the archive")
    #expect(file.counts.staticRelocations == 1)
    // Without it, all is well.
    try await Command.tool(program, options + ["y.a", "a.o", "two words.o"], in: folder.path)
    #expect(folder.findings(in: "y.a", .pie) == [])
    #expect(folder.judge("y.a", .pie).judged == "2 members of the archive")
  }

  /// A member's name has its folder where the archiver keeps it.
  @Test(arguments: ["b.o", longName])
  func foldersInNamesAreKept(_ name: String) async throws {
    if Tools.find("aarch64-linux-gnu-ar") == nil, !Tools.isCI { return }
    try await makeObjects()
    try folder.makeFolder("folder")
    try folder.write(try folder.read(Self.longName), to: "folder/\(name)")
    try await Command.tool("aarch64-linux-gnu-ar", ["rcP", "x.a", "folder/\(name)"], in: folder.path)
    #expect(
      folder.findings(in: "x.a", .pie).first?.hasPrefix("absolute-address: folder/\(name): .text+0x4: ")
        == true)
  }

  @Test func aMemberThatIsNoELFFileIsAFindingAndTheOthersAreJudged() async throws {
    try await makeObjects()
    try folder.write("text\n", to: "readme")
    try await Command.tool(
      "llvm-ar", ["--format=gnu", "rc", "x.a", "readme", "a.o", Self.longName], in: folder.path)
    #expect(
      folder.findings(in: "x.a", .pie) == [
        "malformed-elf: readme: ELF header: no ELF magic, expected 0x7f and \"ELF\" at offset 0x0",
        Self.found,
      ])
  }

  @Test func everyTruncationIsAFinding() async throws {
    try await makeObjects()
    try await Command.tool("llvm-ar", ["--format=gnu", "rc", "x.a", "a.o", "two words.o"], in: folder.path)
    let archive = try folder.read("x.a")
    try #require(folder.findings(in: "x.a", .pie).isEmpty)
    // At the end of a member it is a shorter archive.
    let whole = Set([2, 1].map { count in archive.count - count * (60 + (archive.count - 68) / 2) })
    var passed = 0
    for count in stride(from: 0, to: archive.count, by: 7) where !whole.contains(count) {
      try folder.write(Array(archive.prefix(count)), to: "short.a")
      let found = folder.findings(in: "short.a", .pie)
      if found.isEmpty { passed += 1 }
      #expect(found.allSatisfy { $0.hasPrefix("malformed-elf: ") }, "\(count) bytes: \(found)")
    }
    #expect(passed <= 2, "only where a member ends")
    try folder.write("!<arch>\n", to: "empty.a")
    #expect(
      folder.findings(in: "empty.a", .pie) == [
        "malformed-elf: archive: no members, expected objects to judge"
      ])
    try folder.write("!<thin>\n", to: "thin.a")
    #expect(
      folder.findings(in: "thin.a", .pie).first?.hasPrefix(
        "malformed-elf: file: a thin archive, which has names and no members")
        == true)
  }

  /// One proven member does not speak for the others, whatever their order.
  @Test func allMembersAreProvenOrNone() async throws {
    try await folder.done(["build", "--format", "ro", "-o", "sealed.o"])
    try await makeObjects()
    for (members, verdict) in [
      (["sealed.o"], Verdict.proven), (["a.o", "sealed.o"], .unproven), (["sealed.o", "a.o"], .unproven),
    ] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/x.a")
      try await Command.tool("llvm-ar", ["--format=gnu", "rc", "x.a"] + members, in: folder.path)
      #expect(folder.judge("x.a", .pie).verdict == verdict, "\(members)")
    }
  }
}
