// AgreementTests.swift — what show and patch take for the purgatory of a file is what check judges
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct AgreementTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// A program that is no purgatory.
  private func makeHost() async throws -> [UInt8] {
    try await Recipe(source: ".global _start\n_start: ret", script: nil, options: []).make(
      in: folder, as: "host")
  }

  private func patch(_ bytes: [UInt8]) async throws -> (outcome: Outcome, changed: [Int]) {
    try folder.write(bytes, to: "file")
    let outcome = try await folder.purgatory(["patch", "file", "--kernel-entry", "0x40000000"])
    let patched = try folder.read("file")
    #expect(patched.count == bytes.count)
    return (outcome, bytes.indices.filter { bytes[$0] != patched[$0] })
  }

  /// What is loaded is the file itself, whatever it carries.
  @Test func aPurgatoryInAPurgatoryIsNone() async throws {
    let good = try await Built.get().elf
    var broken = Image(bytes: good)
    broken[broken.segment(0) + 4, UInt32.self] = 6  // not executable
    let object = try RelocatableObject(Blob(good, file: "good")).bytes
    let reference = try await Recipe(
      source: ".text\n.global purgatory_start\nbl purgatory_start\n.quad purgatory_info", isLinked: false
    ).make(in: folder, as: "a.o")
    for inner in [good, broken.bytes, object, reference] {
      let (outcome, changed) = try await patch(good + inner)
      #expect(outcome.status == .exited(0), "\(outcome.error)")
      #expect(!changed.isEmpty && changed.allSatisfy { $0 < good.count }, "\(changed)")
      #expect(folder.judge("file").verdict == .proven)
    }
    let (outcome, _) = try await patch(broken.bytes + good)
    #expect(outcome.status == .exited(1) && folder.judge("file").verdict == .broken)
  }

  @Test func theOneOfAProgramIsPatched() async throws {
    let good = try await Built.get().elf
    let host = try await makeHost()
    let (outcome, changed) = try await patch(host + good)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(!changed.isEmpty && changed.allSatisfy { $0 >= host.count })
    #expect(folder.judge("file", embedded: true).verdict == .proven)

    let (two, untouched) = try await patch(host + good + good)
    #expect(two.status == .exited(1) && two.error.contains("2 purgatories in it, at 0x"), "\(two.error)")
    #expect(untouched.isEmpty)
  }

  /// A link compiles it, and it is not what is in the file then. What has code beside it is linked as it is.
  @Test func intermediateCodeIsNoPurgatory() async throws {
    let elf = try await Built.get().elf
    var image = Image(bytes: try RelocatableObject(Blob(elf, file: "elf")).bytes)
    let name = try #require(image.bytes.firstRange(of: ".purgatory\0".utf8))
    image.bytes.replaceSubrange(name, with: ".gnu.lto_x\0".utf8)
    #expect(try await patch(image.bytes).outcome.status == .exited(0))
    image[image.section(".gnu.lto_x") + 4, UInt32.self] = 14  // SHT_INIT_ARRAY, not SHT_PROGBITS
    let (outcome, changed) = try await patch(image.bytes)
    #expect(outcome.status == .exited(1) && outcome.error.contains("intermediate code"), "\(outcome.error)")
    #expect(changed.isEmpty && folder.judge("file").verdict == .unreadable)
    #expect(try await folder.purgatory(["show", "file"]).status == .exited(1))
  }

  struct HeaderLie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rules: Set<Rule>
    /// The section, the offset of a field of 8 bytes in its header (gABI), and what is in it.
    let section: String
    let field: Int
    let value: UInt64
  }

  private static let (address, size, alignment) = (0x10, 0x20, 0x30)

  /// Headers by which a loader gives it other memory than it takes.
  static let linked = [
    HeaderLie(
      testDescription: "elsewhere", rules: [.loadSegment], section: ".scratch", field: address,
      value: 0x10_0000),
    HeaderLie(
      testDescription: "larger", rules: [.loadSegment], section: ".scratch", field: size, value: 0x10_0000),
    HeaderLie(
      testDescription: "larger than there is", rules: [.loadSegment], section: ".scratch", field: size,
      value: .max),
  ]
  static let objects = [
    HeaderLie(testDescription: "none", rules: [.infoSymbol], section: ".scratch", field: size, value: 0),
    HeaderLie(
      testDescription: "in the page", rules: [.infoSymbol], section: ".scratch", field: alignment, value: 16),
    HeaderLie(
      testDescription: "too large", rules: [.loadSegment], section: ".scratch", field: size, value: 1 << 40),
    HeaderLie(
      testDescription: "larger than there is", rules: [.loadSegment], section: ".scratch", field: size,
      value: .max),
    HeaderLie(
      testDescription: "code off its page", rules: [.loadSegment], section: ".purgatory", field: alignment,
      value: 8),
    HeaderLie(
      testDescription: "an alignment of 0", rules: [.loadSegment], section: ".purgatory", field: alignment,
      value: 0),
  ]

  private func expectRefusal(_ bytes: [UInt8], _ lie: HeaderLie) async throws {
    var image = Image(bytes: bytes)
    #expect(image.section(lie.section) != image.section(0), "no such section")
    try folder.write(bytes, to: "file")
    #expect(folder.judge("file").verdict == .proven)
    image[image.section(lie.section) + lie.field, UInt64.self] = lie.value
    try folder.write(image.bytes, to: "file")
    #expect(Set(folder.judge("file").findings.map(\.rule)) == lie.rules)
    #expect(try await folder.purgatory(["show", "file"]).status == .exited(1))
  }

  @Test(arguments: linked) func memoryOfALinkedFile(_ lie: HeaderLie) async throws {
    try await expectRefusal(Built.get().elf, lie)
  }

  @Test(arguments: objects) func memoryOfAnObject(_ lie: HeaderLie) async throws {
    try await expectRefusal(RelocatableObject(Blob(Built.get().elf, file: "elf")).bytes, lie)
  }

  /// What a loader fills in is no address of the code's.
  @Test func whatIsFilledInIsNoAddress() async throws {
    var crafted = Crafted()
    crafted.base = "0x40000000"
    try await crafted.make(in: folder, as: "x")
    try await folder.done(["patch", "x", "--kernel-entry", "0x40000000"])
    #expect(folder.judge("x").findings.isEmpty)
    crafted.more = ".balign 8\n.quad 0x40000000"
    try await crafted.make(in: folder, as: "x")
    #expect(Set(folder.judge("x").findings.map(\.rule)) == [.absoluteAddress])
  }

  /// Nor does it make another link.
  @Test func aPatchedLinkIsStillTheLink() async throws {
    let source = "\(packageFolder)/purgatory"
    let objects = try FileManager.default.contentsOfDirectory(atPath: source).filter { $0.hasSuffix(".S") }
      .sorted().map { "\($0).o" }
    for object in objects {
      try await Command.tool(
        "clang",
        [
          "--target=aarch64-none-elf", "-I\(source)/include", "-c", "\(source)/\(object.dropLast(2))", "-o",
          object,
        ],
        in: folder.path)
    }
    let script = try String(contentsOfFile: "\(source)/purgatory.lds", encoding: .utf8)
    try await Recipe.link(objects, script, ["-pie", "--no-dynamic-linker"], .llvm, in: folder, as: "x")
    let check = ["check", "x", "--script", "x.lds", "--objects"] + objects
    try await folder.done(check)
    try await folder.done(["patch", "x", "--kernel-entry", "0x40000000"])
    try await folder.done(check)
    // A byte of the code is another matter.
    var image = Image(bytes: try folder.read("x"))
    image.bytes[image.content(".text")] ^= 1
    try folder.write(image.bytes, to: "x")
    #expect(try await folder.purgatory(check).status == .exited(1))
  }
}
