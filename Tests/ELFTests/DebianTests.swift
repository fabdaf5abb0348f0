// DebianTests.swift — the files of Debian packages, read as readelf reads them
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import ELF

/// What `scripts/fetch-debian elf` fetches.
enum Debian {
  static let files = ["loader", "static-pie", "module.ko", "amd64-relr.so", "s390x"]
  static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"

  static func url(_ file: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.cache/debian/elf/\(file)")
  }

  /// CI must not lose a test unseen: there it runs, and fails.
  static let canTest =
    isCI
    || Toolchain.readelf != nil && files.allSatisfy { FileManager.default.fileExists(atPath: url($0).path) }
}

@Suite(.enabled(if: Debian.canTest, "no readelf in PATH, or not all of .cache/debian/elf: make inputs"))
struct DebianTests {
  /// How many relocations there are of each type.
  func counts(_ file: borrowing ELFFile) throws -> [String: Int] {
    let machine = file.header.machine
    return try file.relocations().reduce(into: [:]) {
      $0[$1.type == nil ? "RELR" : $1.typeName(for: machine), default: 0] += 1
    }
  }

  /// The same as readelf prints it, `-D`: through the dynamic table.
  func readelfCounts(_ file: [UInt8], _ options: String) throws -> [String: Int] {
    let text = try Toolchain.readelf(options, file: file)
    var counts: [String: Int] = [:]
    for line in text.matches(of: /(?m)^[0-9a-f]{16} +[0-9a-f]{16} +(R_\w+)/) {
      counts[RelocationTypeTests.synonyms[String(line.1)] ?? String(line.1), default: 0] += 1
    }
    for line in text.matches(of: /(\d+) (?:offsets|locations)/) {
      counts["RELR", default: 0] += Int(line.1) ?? 0
    }
    return counts
  }

  @Test(arguments: Debian.files) func relocationsAsReadelfCountsThem(_ name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: Debian.url(name)))
    let file = try ELFFile(bytes)
    let expected = try readelfCounts(bytes, "-rW")
    #expect(!expected.isEmpty)
    #expect(try counts(file) == expected)
    #expect(try file.relocations().allSatisfy { $0.classification(for: file.header.machine) != .unknown })
    // Debian signs its modules, and appends the signature.
    #expect(name == "module.ko" ? file.extent < bytes.count : file.extent == bytes.count)
  }

  @Test(arguments: Debian.files.filter { $0 != "module.ko" }) func withoutSectionHeaders(_ name: String)
    throws
  {
    let listed = try ELFFile([UInt8](try Data(contentsOf: Debian.url(name))))
    let bytes = try Toolchain.stripSections(listed.bytes)
    let file = try ELFFile(bytes)
    #expect(file.sections.isEmpty)
    let expected = try readelfCounts(bytes, "-rWD")
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

  @Test func whatTheyAre() throws {
    func file(_ name: String) throws -> ELFFile {
      try ELFFile([UInt8](try Data(contentsOf: Debian.url(name))))
    }
    #expect(try file("loader").header.machine == .aarch64)
    #expect(try file("static-pie").segments.allSatisfy { $0.type != .interpreter })
    #expect(try file("static-pie").header.type == .sharedObject)
    #expect(try file("module.ko").header.type == .relocatable)
    #expect(try file("amd64-relr.so").relocations().contains { $0.type == nil })
    #expect(try file("s390x").header.byteOrder == .bigEndian)
  }
}
