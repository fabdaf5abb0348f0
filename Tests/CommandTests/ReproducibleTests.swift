// ReproducibleTests.swift — the same sources give the same bytes, wherever they are and whatever assembles them
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct ReproducibleTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test(.serialized, arguments: Toolchain.available, ["bin", "elf"])
  func theCheckoutsPathIsNowhere(_ toolchain: Toolchain, _ format: String) async throws {
    try folder.makeFolder("a/much/longer/path/to another checkout")
    let checkouts = ["s", "a/much/longer/path/to another checkout/purgatory"]
    for (index, checkout) in checkouts.enumerated() {
      try Source.copyReal(into: folder, as: checkout)
      try await folder.done(
        [
          "build", "--toolchain", toolchain.rawValue, "--source", checkout, "--format", format, "-o",
          "\(index)",
        ])
    }
    #expect(try folder.read("0") == folder.read("1"))
    #expect(!(try folder.read("1").ranges(of: "checkout".utf8)).contains { _ in true })
  }

  @Test(.requiresGNU) func bothToolchainsGiveTheSameBytes() async throws {
    for toolchain in ["llvm", "gnu"] {
      try await folder.done(["build", "--source", Source.real, "--toolchain", toolchain, "-o", toolchain])
    }
    #expect(try folder.read("llvm") == folder.read("gnu"))
  }

  /// That two builds are alike says something only if a change of the sources is seen.
  @Test func anotherSourceGivesOtherBytes() async throws {
    try Source.copyReal(into: folder, as: "s")
    try folder.addSource("    .section .rodata\n    .ascii \"more\"\n", as: "more.S", to: "s")
    try await folder.done(["build", "--source", "s", "-o", "more.bin"])
    #expect(try folder.read("more.bin") != (try await Built.get().real))
  }
}
