// ObjectTests.swift — `--format ro`: one section, nothing to relocate, and the names that today's loaders look up
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct ObjectTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func readelfFindsWhatLoadersNeed() async throws {
    let flat = try await folder.done(["build", "-o", "-"]).output
    try await folder.done(["build", "--format", "ro"])
    let readelf = Tools.inPath("aarch64-linux-gnu-readelf") == nil ? "readelf" : "aarch64-linux-gnu-readelf"
    let text = try await Command.tool(readelf, ["-hSsrW", "purgatory.ro"], in: folder.path)
    #expect(
      text.contains("REL (Relocatable file)") && text.contains("There are no relocations in this file."))
    let words = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    func size(_ section: String, _ type: String, _ flags: String) throws -> Int {
      let row = try #require(words.first { $0.contains(section) && $0.contains(type) })
      #expect(row.contains(flags) && row.last == "4096", "\(row)")
      let index = try #require(row.firstIndex(of: type))
      return try #require(Int(row[index + 3], radix: 16))
    }
    #expect(try size(".purgatory", "PROGBITS", "WAX") == flat.count)
    #expect(try size(".scratch", "NOBITS", "WA") > 0)
    #expect(words.filter { $0.contains("PROGBITS") || $0.contains("NOBITS") }.count == 2)
    let sizes = [
      "purgatory_start": 64, "purgatory_info": 0x390, "arm64_kernel_entry": 8, "arm64_dtb_addr": 8,
      "arm64_sink": 8,
      "skip_checks": 4, "sha256_regions": 256, "sha256_digest": 32, "purgatory_sha_regions": 256,
      "purgatory_sha256_digest": 32,
    ]
    let symbols = words.filter { $0.count == 8 && $0[4] == "GLOBAL" }
    #expect(Dictionary(symbols.map { ($0[7], Int($0[2])) }) { first, _ in first } == sizes.mapValues { $0 })
    #expect(symbols.allSatisfy { $0[6] == "1" && $0[5] == "DEFAULT" })
  }

  @Test func showCheckAndPatchReadIt() async throws {
    try await folder.done(["build", "--format", "ro"])
    let shown = try await folder.done(["show", "purgatory.ro"]).text
    #expect(shown.contains("object without relocations") && shown.contains("flags         verify-combined"))
    #expect(shown.contains("console       none"))
    try await folder.done(["check", "purgatory.ro"])
    let before = try folder.read("purgatory.ro")
    try await folder.done(["patch", "purgatory.ro", "--console", "pl011@0x9000000"])
    let after = try folder.read("purgatory.ro")
    let changed = before.indices.filter { before[$0] != after[$0] }
    // .purgatory starts at 0x40, the struct 0x40 into it, the console's fields at 0x28 to 0x34 and 0x380 to 0x390.
    let console = [0xa8..<0xb4, 0x400..<0x410]
    #expect(
      !changed.isEmpty && changed.allSatisfy { byte in console.contains { $0.contains(byte) } }, "\(changed)")
    try await folder.done(["check", "purgatory.ro"])
  }

  @Test(.enabled(if: Tools.hasGNU || Tools.isCI, "aarch64-linux-gnu-as and -ld are not in PATH"))
  func bothToolchainsMakeTheSame() async throws {
    for kind in ["llvm", "gnu"] {
      try await folder.done(["build", "--format", "ro", "--toolchain", kind, "-o", "\(kind).ro"])
    }
    #expect(try folder.read("llvm.ro") == folder.read("gnu.ro"))
  }
}
