// ManifestTests.swift — output folders: every file is held against the manifest, and the purgatory against the files
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct ManifestTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// `check` of the folder and of its manifest, which say the same; what depends on the build replaced.
  private func findings(_ profile: Profile = .purgatory, allowing allowed: Set<Rule> = []) throws -> [String]
  {
    let judged = folder.judge("out", profile, allowing: allowed)
    #expect(folder.judge("out/manifest.json", profile, allowing: allowed).lines == judged.lines)
    #expect(judged.findings.allSatisfy { judged.omissions[$0.rule] == nil })
    return judged.lines.map {
      $0.replacing(/[0-9a-f]{64}/, with: "SHA256")
        .replacing(/: \d+ bytes at 0x40200000/, with: ": SIZE bytes at 0x40200000")
        .replacing(/0x40000000-0x400[0-9a-f]{5}/, with: "MEMORY")
        .replacing("elf, expected a flat purgatory", with: "FORMAT")
    }
  }

  @Test(arguments: ManifestRow.all.indices, Profile.allCases)
  func eachFindingIsMade(_ index: Int, _ profile: Profile) async throws {
    let row = ManifestRow.all[index]
    var output = try await OutputFolder.get()
    row.spoil(&output)
    if row.findings.contains(where: { $0.hasSuffix("FORMAT") }) {
      let elf = try await elf()
      output.replacePurgatory { $0.bytes = elf }
    }
    try output.write(to: folder)
    let expected = row.findings.filter { line in
      profile.rules.contains { line.hasPrefix("\($0.rawValue): ") }
    }
    #expect(try findings(profile) == expected, "\(row.name)")
    #expect(
      try findings(profile, allowing: [.manifest]) == expected.filter { !$0.hasPrefix("manifest: ") },
      "\(row.name)")
  }

  /// The purgatory of the folder as the linker left it, filled in alike.
  private func elf() async throws -> [UInt8] {
    let work = try Folder()
    try work.write(try await Built.get().elf, to: "purgatory.elf")
    try await OutputFolder.build(in: work)
    try await work.done([
      "patch", "purgatory.elf", "--load-address", "0x40000000", "--kernel", "Image@0x40200000",
    ])
    return try work.read("purgatory.elf")
  }

  @Test(arguments: [
    [], ["--digest", "combined"], ["--digest", "none"], ["--relative"],
    ["--relative", "--digest", "combined"],
  ])
  func whatBuildWritesPasses(_ options: [String]) async throws {
    try await OutputFolder.build(options, in: folder)
    for profile in Profile.allCases {
      #expect(try findings(profile) == [])
      let judged = folder.judge("out", profile)
      #expect(judged.ok && judged.judged == "the manifest and its 4 files")
      // Of an ELF file, and of a budget, nothing can be said.
      #expect(judged.omissions[.dynamicRelocation] == .unjudged)
      #expect(judged.omissions[.manifest] == nil)
    }
    for path in ["out", "out/", "out/manifest.json", "./out/../out"] {
      let outcome = try await folder.done(["check", path])
      #expect(outcome.text.hasPrefix("\(path): ok: "), "\(outcome.text)")
    }
  }

  /// What cannot be read is never ok, whatever is allowed.
  @Test func filesThatAreMissing() async throws {
    try await OutputFolder.get().write(to: folder)
    try FileManager.default.removeItem(atPath: "\(folder.path)/out/data")
    try folder.write([], to: "out/Image")
    for profile in Profile.allCases {
      let judged = folder.judge("out", profile, allowing: [.manifest])
      #expect(judged.findings.map(\.rule) == [.malformedELF, .malformedELF])
      #expect(judged.lines.first?.contains("/out/Image: is empty") == true, "\(judged.lines)")
      #expect(judged.lines.last?.contains("/out/data: no such file or directory") == true)
      #expect(judged.verdict == .unreadable)
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/out/manifest.json")
    #expect(folder.findings(in: "out").count == 1)
    try folder.write("{", to: "out/manifest.json")
    let broken = folder.findings(in: "out")
    #expect(broken.count == 1 && broken[0].contains("no JSON"), "\(broken)")
  }
}
