// PageTests.swift — the blocks of docs/loaders.md and docs/kdump.md, and what no other test runs of them
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct PageTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test(arguments: [
    (
      Page.loaders,
      ["graft", "kexec", "source", "bundle", "qemu", "u-boot", "kexec-bundle", "kexec-file", "c"]
    ),
    (.kdump, ["graft", "load", "crash", "said", "refused", "machine", "flip"]),
  ])
  func everyBlockIsKnown(_ page: Page, _ names: [String]) {
    #expect(page.blocks.map(\.name) == names)
  }

  @Test func aLoaderInC() async throws {
    try await folder.done(["build", "-o", "purgatory.bin"])
    try folder.write(
      """
      #include <stdint.h>
      #include <stdio.h>
      \(try Page.loaders.text("c"))

      int main(void) {
        static _Alignas(8) unsigned char blob[8192];
        const uint8_t digest[32] = {0xab};
        size_t size = fread(blob, 1, sizeof blob, stdin);
        fill(blob, 0x40400000, 0x1000, 0x58000000, digest);
        return fwrite(blob, 1, size, stdout) != size;
      }
      """, to: "loader.c")
    try await Command.tool(
      "clang", ["-Wall", "-Werror", "-I\(packageFolder)/purgatory/include", "loader.c", "-o", "loader"],
      in: folder.path)
    let filled = try await Command.run(
      "\(folder.path)/loader", [], in: folder.path, input: folder.read("purgatory.bin"))
    try #require(filled.status == .exited(0))
    try folder.write(filled.output, to: "filled.bin")
    let shown = try await folder.done(["show", "filled.bin"]).text
    for line in [
      "kernel entry  0x40400000", "device tree   0x58000000", "flags         verify-regions",
      "region 0      0x40400000 to 0x40401000, 4,096 bytes  sha256 ab000000", "ready         yes",
    ] { #expect(shown.contains(line), "\(line): \(shown)") }
  }
}
