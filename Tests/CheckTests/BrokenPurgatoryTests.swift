// BrokenPurgatoryTests.swift — the real purgatory with one broken file more, and the real one, through everything
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct BrokenPurgatoryTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try FileManager.default.copyItem(atPath: "\(packageFolder)/purgatory", toPath: "\(folder.path)/source")
  }

  struct Broken: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Assembly, or C that is compiled to it.
    let source: String
    var isC = false
    /// What the object alone is blamed for.
    let object: [String]
    /// What is found in the file that a tolerant script lets pass.
    let linked: [String]
  }

  private static let absolute =
    "(depends on the load address: no link resolves it), expected position-independent code"

  static let all = [
    Broken(
      testDescription: "an absolute .quad", source: ".text\n.balign 8\npointer: .quad purgatory_info",
      object: ["absolute-address: .text+0x0: R_AARCH64_ABS64 against purgatory_info \(absolute)"],
      linked: [
        "dynamic-relocation: .rela.dyn: .text+ADDED: R_AARCH64_RELATIVE to purgatory_info, expected none"
      ]),
    Broken(
      testDescription: "ldr x0, =symbol", source: ".text\nldr x0, =purgatory_info\n.balign 8\n.ltorg",
      object: ["absolute-address: .text+0x8: R_AARCH64_ABS64 against purgatory_info \(absolute)"],
      linked: [
        "dynamic-relocation: .rela.dyn: .text+ADDED+8: R_AARCH64_RELATIVE to purgatory_info, expected none"
      ]),
    Broken(
      testDescription: "an undefined weak symbol", source: ".text\n.weak hook\nbl hook",
      object: [],
      linked: ["undefined-symbol: hook: undefined weak symbol, expected a definition in this file"]),
    Broken(
      testDescription: "a C file with a GOT access",
      source: "extern const char purgatory_info[];\nconst char *find_info(void) { return purgatory_info; }\n",
      isC: true,
      object: [
        "got-or-plt: .text+0x0 (find_info): R_AARCH64_ADR_GOT_PAGE against purgatory_info (needs a GOT or PLT), "
          + "expected position-independent code",
        "got-or-plt: .text+0x4 (find_info): R_AARCH64_LD64_GOT_LO12_NC against purgatory_info (needs a GOT or PLT), "
          + "expected position-independent code",
      ],
      linked: [
        "dynamic-relocation: .rela.dyn: .got+0x0: R_AARCH64_RELATIVE to purgatory_info, expected none",
        "got-or-plt: .got: 8 bytes at GOT, expected an empty one",
      ]),
  ]

  /// Writes the broken file beside the others, as assembly.
  private func add(_ broken: Broken) async throws {
    guard broken.isC else {
      return try folder.addSource(broken.source + "\n", as: "zz_broken.S", to: "source")
    }
    try folder.write(broken.source, to: "broken.c")
    try await Command.tool(
      "clang",
      [
        "--target=aarch64-none-elf", "-O2", "-fPIC", "-ffreestanding", "-fno-addrsig", "-S", "broken.c", "-o",
        "source/zz_broken.S",
      ],
      in: folder.path)
    try folder.listSource("zz_broken.S", in: "source")
  }

  @Test(arguments: all, Tools.toolchains)
  func aBuildRefusesIt(_ broken: Broken, _ tools: Toolchain.Kind) async throws {
    let build = ["build", "--source", "source", "--toolchain", tools.rawValue, "-o", "out.bin"]
    try await folder.done(build)
    let good = try folder.read("out.bin")
    try await add(broken)
    let outcome = try await folder.purgatory(build)
    #expect(outcome.status == .exited(1))
    let words = ["R_AARCH64_ABS64", "dynamic-relocation: ", "hook: undefined weak symbol", "got-or-plt: "]
    #expect(words.contains { outcome.error.contains($0) }, "\(outcome.error)")
    #expect(try folder.read("out.bin") == good)
  }

  /// The same objects, linked with a script that lets everything pass.
  @Test(arguments: all)
  func checkNamesTheRuleAndThePlace(_ broken: Broken) async throws {
    try await add(broken)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/source").sorted()
      .filter { $0.hasSuffix(".S") }
    for name in names {
      try await Command.tool(
        "clang",
        ["--target=aarch64-none-elf", "-Isource/include", "-c", "source/\(name)", "-o", "\(name).o"],
        in: folder.path)
    }
    #expect(folder.findings(in: "zz_broken.S.o", .pie) == broken.object)

    let strict = try folder.text(of: "source/purgatory.lds")
    let tolerant = strict.split(separator: "\n").filter { !$0.hasPrefix("ASSERT(") }.joined(separator: "\n")
      .replacing(".got 0 (INFO) :", with: ".got :")
    try #require(strict.contains("ASSERT(") && tolerant.contains(".got :"))
    try await Recipe.link(
      names.map { "\($0).o" }, tolerant, ["-pie", "--no-dynamic-linker", "-z", "notext"], .llvm, in: folder,
      as: "purgatory.elf")
    // Where the linker put the file's bytes.
    let map = try await Command.tool("readelf", ["-SW", "purgatory.elf"], in: folder.path)
    let sections = map.split(separator: "\n").map { $0.split(whereSeparator: { " []".contains($0) }) }
    func field(_ section: String, _ index: Int) -> Int {
      sections.first { $0.count > index && $0[1] == section }.flatMap { Int($0[index], radix: 16) } ?? 0
    }
    let size =
      folder.judge("zz_broken.S.o").counts.staticRelocations > 0 ? try sizeOfText("zz_broken.S.o") : 0
    let added = field(".text", 5) - size
    let expected = broken.linked.map {
      $0.replacing("ADDED+8", with: "0x\(String(added + 8, radix: 16))")
        .replacing("ADDED", with: "0x\(String(added, radix: 16))")
        .replacing("GOT, ", with: "0x\(String(field(".got", 3), radix: 16)), ")
    }
    // So linked it is larger than it says.
    let allowed = ["--allow", "load-segment", "--allow", "info-symbol"]
    let found = try await folder.report(allowed + ["purgatory.elf"]).files[0].findings
      .map { "\($0.rule): \($0.location): \($0.message)" }
    #expect(found == expected)
  }

  private func sizeOfText(_ object: String) throws -> Int {
    let image = Image(bytes: try folder.read(object))
    return Int(clamping: image[image.section(".text") + 0x20, UInt64.self])
  }

  /// The one that ships, in all formats, as the project's own CI sees it.
  @Test(arguments: ["text", "json", "sarif", "junit", "github"])
  func theRealOnePasses(_ format: String) async throws {
    let built = try await Built.get()
    try folder.write(built.elf, to: "purgatory.elf")
    try folder.write(built.flat, to: "purgatory.bin")
    let outcome = try await folder.done(["check", "--format", format, "purgatory.elf", "purgatory.bin"])
    #expect(outcome.error == "")
    switch format {
    case "text": #expect(outcome.text.hasSuffix("\n2 proven of 2 files\n"))
    case "github": #expect(outcome.text == "2 proven of 2 files; purgatory check \(purgatoryVersion)\n")
    case "junit":
      let report = try JUnitReport(outcome.output)
      #expect(
        report.rules(nil, in: "purgatory.elf") == Rule.allCases.filter { $0 != .manifest }.map(\.rawValue))
      #expect(report.rules("skipped", in: "purgatory.elf") == ["manifest"])
      #expect(
        report.cases.count == 2 * Rule.allCases.count
          && report.cases.allSatisfy { [nil, "skipped"].contains($0.outcome) })
    default: _ = try JSONSerialization.jsonObject(with: Data(outcome.output))
    }
  }

  @Test(arguments: Tools.toolchains)
  func theRealOnesCountsAreZero(_ tools: Toolchain.Kind) async throws {
    for format in ["elf", "bin"] {
      try await folder.done(["build", "--toolchain", tools.rawValue, "--format", format, "-o", "p.\(format)"])
      let file = try #require(try await folder.report(["p.\(format)"]).files.first)
      #expect(file.ok)
      #expect(file.counts == .init(dynamic: 0, static: 0, undefined: 0))
    }
    try #expect(await folder.report(["--profile", "pie", "p.elf"]).ok)
  }
}
