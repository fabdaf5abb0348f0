// HeaderTests.swift — purgatory_info.h in C and C++, and that it sees a field that moved
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct HeaderTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  static let languages = [
    ("c", "c99"), ("c", "c11"), ("c", "c17"), ("c++", "c++11"), ("c++", "c++20"),
  ]

  @Test(arguments: languages) func withClang(_ language: String, _ standard: String) async throws {
    try await expectTheHeaderToHold("clang", language, standard)
  }

  @Test(
    .enabled(if: Tools.inPath("g++") != nil || Tools.isCI, "g++ is not in PATH"), arguments: languages)
  func withGCC(_ language: String, _ standard: String) async throws {
    try await expectTheHeaderToHold("gcc", language, standard)
  }

  @Test("in a kernel, which has no C library and a struct of that name", arguments: ["clang", "gcc"])
  func inAKernel(_ compiler: String) async throws {
    guard let path = compiler == "gcc" ? Tools.inPath("gcc") : Tools.find("clang") else { return }
    for name in ["linux", "none"] { try folder.makeFolder(name) }
    // What Linux has of these two headers.
    try folder.write(
      "#define offsetof(type, member) __builtin_offsetof(type, member)\n", to: "linux/stddef.h")
    try folder.write(
      """
      typedef __UINT8_TYPE__ uint8_t;
      typedef __UINT32_TYPE__ uint32_t;
      typedef __UINT64_TYPE__ uint64_t;
      """, to: "linux/types.h")
    func compile(_ renamed: Bool) async throws -> Outcome {
      try folder.write(
        """
        struct purgatory_info { void *purgatory_buf; };
        \(renamed ? "#define purgatory_info purgatory_blob_info" : "")
        #include "purgatory_info.h"
        #undef purgatory_info
        uint64_t *flags(struct purgatory_blob_info *info);
        uint64_t *flags(struct purgatory_blob_info *info) { return &info->flags; }
        """, to: "loader.c")
      return try await Command.run(
        path,
        [
          "-D__KERNEL__", "-nostdinc", "-std=gnu11", "-Wall", "-Wundef", "-Werror", "-I.",
          "-I\(packageFolder)/purgatory/include", "-c", "loader.c", "-o", "loader.o",
        ], in: folder.path)
    }
    let good = try await compile(true)
    #expect(good.status == .exited(0), "\(good.error)")
    let bad = try await compile(false)
    #expect(bad.status == .exited(1) && bad.error.contains("purgatory_info"), "\(bad.error)")
  }

  /// What is there compiles without a warning; with a field more, it is an error that names the first one that moved.
  private func expectTheHeaderToHold(_ compiler: String, _ language: String, _ standard: String) async throws
  {
    try folder.write(
      """
      #include "purgatory_info.h"
      uint64_t *flags(struct purgatory_info *info);
      uint64_t *flags(struct purgatory_info *info) { return &info->flags; }
      """, to: "loader")
    let path = try #require(Tools.find(compiler))
    func compile() async throws -> Outcome {
      try await Command.run(
        path,
        [
          "-x", language, "-std=\(standard)", "-Wall", "-Wextra", "-Wundef", "-pedantic", "-Werror", "-I.",
          "-c",
          "loader", "-o", "loader.o",
        ], in: folder.path)
    }
    let header = try #require(
      String(bytes: read("\(packageFolder)/purgatory/include/purgatory_info.h"), encoding: .utf8))
    try folder.write(header, to: "purgatory_info.h")
    let good = try await compile()
    #expect(good.status == .exited(0), "\(good.error)")

    let moved = header.replacing("    uint64_t flags;", with: "    uint64_t more; uint64_t flags;")
    try #require(moved != header)
    try folder.write(moved, to: "purgatory_info.h")
    let bad = try await compile()
    #expect(bad.status == .exited(1) && bad.error.contains("purgatory_info_flags_moved"), "\(bad.error)")
    #expect(!bad.error.contains("purgatory_info_dtb_addr_moved"))
  }
}
