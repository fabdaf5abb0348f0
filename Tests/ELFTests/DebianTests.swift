// DebianTests.swift — the files of Debian packages, read as readelf reads them
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import ELF

/// What `scripts/fetch-debian` puts into .cache/debian/elf-*.
enum Debian: String {
  case loader, module, amd64, s390x
  case staticPIE = "static-pie"

  static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

  var url: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../.cache/debian/elf-\(rawValue)/elf")
  }

  var bytes: [UInt8] {
    get throws { [UInt8](try Data(contentsOf: url)) }
  }
}

extension Trait where Self == ConditionTrait {
  /// A mirror may lack a machine's packages: without its file a test is skipped, except in CI, where it runs and fails.
  fileprivate static func requires(_ file: Debian) -> Self {
    .enabled(
      if: FileManager.default.fileExists(atPath: file.url.path) || Debian.isCI,
      ".cache/debian/elf-\(file.rawValue) is missing: make inputs")
  }
}

@Suite(.enabled(if: Toolchain.readelf != nil || Debian.isCI, "no readelf in PATH"))
struct DebianTests {
  @Test(.requires(.loader)) func loader() throws {
    let bytes = try Debian.loader.bytes
    #expect(try ELFFile(bytes).header.machine == .aarch64)
    try expectWhatReadelfFinds(in: bytes)
    try expectTheSameWithoutSectionHeaders(bytes)
  }

  @Test(.requires(.staticPIE)) func staticPIE() throws {
    let bytes = try Debian.staticPIE.bytes
    let file = try ELFFile(bytes)
    #expect(file.segments.allSatisfy { $0.type != .interpreter })
    #expect(file.header.type == .sharedObject)
    try expectWhatReadelfFinds(in: bytes)
    try expectTheSameWithoutSectionHeaders(bytes)
  }

  @Test(.requires(.module)) func module() throws {
    let bytes = try Debian.module.bytes
    #expect(try ELFFile(bytes).header.type == .relocatable)
    // Debian signs its modules, and appends the signature.
    try expectWhatReadelfFinds(in: bytes, isSigned: true)
  }

  @Test(.requires(.amd64)) func amd64WithRELR() throws {
    let bytes = try Debian.amd64.bytes
    #expect(try ELFFile(bytes).relocations().contains { $0.type == nil })
    try expectWhatReadelfFinds(in: bytes)
    try expectTheSameWithoutSectionHeaders(bytes)
  }

  @Test(.requires(.s390x)) func bigEndianS390X() throws {
    let bytes = try Debian.s390x.bytes
    #expect(try ELFFile(bytes).header.byteOrder == .bigEndian)
    try expectWhatReadelfFinds(in: bytes)
    try expectTheSameWithoutSectionHeaders(bytes)
  }

  private func expectWhatReadelfFinds(in bytes: [UInt8], isSigned: Bool = false) throws {
    let file = try ELFFile(bytes)
    let expected = try readelfCounts(bytes)
    #expect(!expected.isEmpty)
    #expect(try counts(file) == expected)
    #expect(try file.relocations().allSatisfy { $0.classification(for: file.header.machine) != .unknown })
    #expect(isSigned ? file.extent < bytes.count : file.extent == bytes.count)
  }

  private func expectTheSameWithoutSectionHeaders(_ bytes: [UInt8]) throws {
    let listed = try ELFFile(bytes)
    let stripped = try Toolchain.stripSections(bytes)
    let file = try ELFFile(stripped)
    #expect(file.sections.isEmpty)
    let expected = try readelfCountsThroughTheDynamicTable(stripped, listed: bytes)
    #expect(!expected.isEmpty)
    #expect(try counts(file) == expected && counts(listed) == expected)
    func places(_ relocations: [Relocation]) -> [String] {
      relocations.map { "\($0.offset) \($0.symbol ?? "")" }.sorted()
    }
    #expect(try places(file.relocations()) == places(listed.relocations()))
    func named(_ symbols: [Symbol]) -> [String] { symbols.filter { $0.type != .section }.map(\.name) }
    #expect(try named(file.symbols()) == named(listed.symbols()))
    func undefined(_ symbols: [Symbol]) -> [Symbol] { symbols.filter { $0.definition == .undefined } }
    #expect(try undefined(file.symbols()) == undefined(listed.symbols()))
  }

  /// How many relocations there are of each type.
  private func counts(_ file: borrowing ELFFile) throws -> [String: Int] {
    let machine = file.header.machine
    return try file.relocations().reduce(into: [:]) {
      $0[$1.type == nil ? "RELR" : $1.typeName(for: machine), default: 0] += 1
    }
  }

  /// The same as readelf prints it.
  private func readelfCounts(_ file: [UInt8]) throws -> [String: Int] {
    counts(in: try Toolchain.readelf("-rW", file: file))
  }

  private func readelfCountsThroughTheDynamicTable(_ file: [UInt8], listed: [UInt8]) throws -> [String: Int] {
    let text = try Toolchain.readelf("-rWD", file: file)
    var counts = counts(in: text)
    // binutils 2.44 says no more than where RELR is: how many there are, it says only of a section.
    if counts["RELR"] == nil, text.contains(/(?m)^'RELR' relocation section at offset/) {
      counts["RELR"] = try readelfCounts(listed)["RELR"]
    }
    return counts
  }

  private func counts(in text: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    for line in text.matches(of: /(?m)^[0-9a-f]{16} +[0-9a-f]{16} +(R_\w+)/) {
      counts[RelocationTypeTests.synonyms[String(line.1)] ?? String(line.1), default: 0] += 1
    }
    // `  1198 offsets`, and since binutils 2.43 `… which relocate 1198 locations:`
    for line in text.matches(of: /(\d+) (?:offsets|locations)/) {
      counts["RELR", default: 0] += Int(line.1) ?? 0
    }
    return counts
  }
}
