// DepfileTests.swift — the dependencies of an output, as a real make reads them
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct DepfileTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func text() async throws {
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try await folder.done(
      ["build", "--source", "small", "--depfile", "p.d", "-o", "p.bin", "--kernel", "Image@0x40200000"])
    try Golden.expect(try folder.text(of: "p.d"), "depfile.txt", in: folder)
  }

  /// Whatever the folder is called, make rebuilds after a change of a header, of the kernel, and only then.
  @Test(.serialized, arguments: ["small", "with space", "dollar$", "hash#", "co:lon"])
  func makeRebuildsWhatChanged(_ source: String) async throws {
    try Source.makeSmall(in: folder, as: source)
    try folder.write(Input.image(), to: "Image")
    try folder.write(
      """
      p.bin:
      \t@'\(try Command.purgatory.get())' build --source '\(source.replacing("$", with: "$$"))' -o p.bin --depfile p.d \\
      \t  --kernel Image@0x40200000 2>/dev/null
      \t@echo built >>log
      -include p.d

      """, to: "Makefile")
    #expect(try await builds() == 1)
    #expect(try await builds() == 1)
    for (count, input) in ["include/purgatory_info.h", "entry.S", "purgatory.lds"].enumerated() {
      try age("p.bin", by: 60)
      try age("\(source)/\(input)", by: 30)
      #expect(try await builds() == count + 2, "after a change of \(input)")
      #expect(try await builds() == count + 2)
    }
    try age("p.bin", by: 60)
    try age("Image", by: 30)
    #expect(try await builds() == 5, "after a change of the kernel")
    // As gcc -MP: a header that is gone is a reason to build, not an error.
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(source)/include/routine.h")
    #expect(try await builds() == 6, "after a header was removed")
    #expect(try await builds() == 6)
  }

  /// What make would read as something else is refused before anything is written.
  @Test func namesThatMakeCannotRead() async throws {
    try Source.makeSmall(in: folder)
    let build = ["build", "--source", "small", "--depfile", "p.d"]
    var rows: [Refusal] = []
    for name in ["a;b", "a=b", "a|b", "a%b", "a\\b", "a*b", "a?b", "a[b", "~a", "a\nb"] {
      try folder.write(Input.image(), to: name)
      rows.append(
        Refusal(
          "'\(name)'".replacing("\n", with: "\\n"),
          build + ["-o", "p.bin", "--kernel", "\(name)@0x40200000"],
          because: "--depfile: a name with ", "rename the file"))
    }
    rows.append(Refusal("the output", build + ["-o", "p;bin"], because: "p;bin: --depfile: a name with ;"))
    try await expectRefusals(rows, golden: "bad-depfiles.txt", in: folder)
  }

  /// Runs make, and says how often it has built so far.
  private func builds() async throws -> Int {
    if !folder.exists("log") {
      try ageInputs()
    }
    try await Command.tool("make", ["--silent"], in: folder.path)
    return try folder.text(of: "log").split(separator: "\n").count
  }

  private func ageInputs() throws {
    for name in try folder.snapshot().keys { try age(name, by: 3600) }
  }

  private func age(_ name: String, by seconds: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: "\(folder.path)/\(name)")
  }
}
