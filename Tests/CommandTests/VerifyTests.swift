// VerifyTests.swift — what a purgatory would conclude of segments, in every digest mode
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct VerifyTests {
  let folder: Folder
  /// What is loaded, as it is typed.
  private static let loaded = [
    "--segment", "kernel@0x40000000", "--segment", "tree@0x44000000+4K", "--segment", "disk@0x48000000",
  ]

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "p.bin")
    for (index, (name, size)) in [("kernel", 5000), ("tree", 1000), ("disk", 70000)].enumerated() {
      try folder.write((0..<size).map { UInt8(truncatingIfNeeded: ($0 + index) &* 37) }, to: name)
    }
  }

  private func fill(_ options: String...) async throws {
    try await folder.done(["patch", "p.bin", "--kernel-entry", "0x40000000"] + Self.loaded + options)
  }

  private func verify(_ options: String...) async throws -> Outcome {
    try await folder.purgatory(["verify", "p.bin"] + options)
  }

  private func damage(_ name: String, at offset: Int) throws {
    var bytes = try folder.read(name)
    bytes[offset] ^= 0x80
    try folder.write(bytes, to: name)
  }

  struct Mode: CustomTestStringConvertible {
    let fill: [String]
    let verify: [String]
    var isCombined = false
    var testDescription: String { fill.joined(separator: " ") }
  }

  static let modes = [
    Mode(fill: ["--digest", "regions"], verify: loaded),
    Mode(fill: ["--digest", "combined"], verify: loaded, isCombined: true),
    Mode(
      fill: ["--digest", "regions", "--relative", "--load-address", "0x41000000"],
      verify: loaded + ["--load-address", "0x41000000"]),
    // Loaded elsewhere, all together.
    Mode(
      fill: ["--digest", "combined", "--relative", "--load-address", "0x41000000"],
      verify: [
        "--load-address", "0x81000000", "--segment", "kernel@0x80000000", "--segment", "tree@0x84000000+4K",
        "--segment", "disk@0x88000000",
      ], isCombined: true),
    // In two pieces, of which the second is more than the region has; and in another order.
    Mode(
      fill: [],
      verify: [
        "--segment", "disk@0x48000000", "--segment", "tree@0x44000000+8K", "--segment", "kernel@0x40000000",
      ]),
  ]

  @Test(arguments: modes) func isAsThePurgatorySays(_ mode: Mode) async throws {
    try await folder.done(["patch", "p.bin", "--kernel-entry", "0x40000000"] + Self.loaded + mode.fill)
    let good = try await folder.done(["verify", "p.bin"] + mode.verify)
    #expect(good.text == "p.bin: verified 79,096 bytes in 3 regions\n")
    #expect(good.error == "")
    // The first and the last byte of each; what is not in the file is zero, and verified, too.
    for (index, name) in ["kernel", "tree", "disk"].enumerated() {
      let bytes = try folder.read(name)
      for offset in [0, bytes.count - 1] {
        try damage(name, at: offset)
        let bad = try await folder.purgatory(["verify", "p.bin"] + mode.verify)
        #expect(bad.status == .exited(1) && bad.output.isEmpty)
        let place = mode.isCombined ? "all regions: sha256" : "region \(index): "
        #expect(bad.error.hasPrefix("error: p.bin: \(place)"), "\(bad.error)")
        #expect(bad.error.filter { $0 == "\n" }.count == 2, "\(bad.error)")
        try folder.write(bytes, to: name)
      }
    }
  }

  @Test func zerosBehindAFileAreVerified() async throws {
    try await fill()
    let kernel = try folder.read("tree")
    try folder.write(kernel + [0, 0, 1], to: "tree")
    let outcome = try await folder.purgatory(["verify", "p.bin"] + Self.loaded)
    #expect(
      outcome.status == .exited(1) && outcome.error.contains("region 1: 0x44000000-0x44001000, from tree"))
  }

  /// What it says would be written into what it hashes, unless it says nothing.
  @Test func aConsoleInARegion() async throws {
    try await fill()
    try await folder.done(["patch", "p.bin", "--quiet", "-o", "quiet.bin"])
    for name in ["p.bin", "quiet.bin"] {
      var bytes = try folder.read(name)
      bytes.replaceSubrange(0x68..<0x70, with: [0, 0, 0, 0x44, 0, 0, 0, 0])
      try folder.write(bytes, to: name)
      let checked = try await folder.purgatory(["check", name])
      #expect(checked.status == .exited(1))
      #expect(
        checked.text.contains(
          "console: 0x44000000-0x44000001 is in region 1 at 0x44000000-0x44001000"),
        "\(checked.text)")
    }
    let outcome = try await folder.purgatory(["verify", "p.bin"] + Self.loaded)
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error.contains("region 1: nobody knows what is at 0x44000000-0x44000001"), "\(outcome.error)")
    try await folder.done(["verify", "quiet.bin"] + Self.loaded)
  }

  /// Or into the purgatory itself.
  @Test func aConsoleInThePurgatory() async throws {
    try await fill()
    try await folder.done(["patch", "p.bin", "--quiet", "-o", "quiet.bin"])
    for (name, status) in [("p.bin", 1), ("quiet.bin", 0)] as [(String, Int32)] {
      var bytes = try folder.read(name)
      bytes.replaceSubrange(0x68..<0x70, with: [0x80, 1, 0, 0x41, 0, 0, 0, 0])
      try folder.write(bytes, to: name)
      try await folder.done(["verify", name, "--load-address", "0x41010000"] + Self.loaded)
      let outcome = try await folder.purgatory(
        ["verify", name, "--json", "--load-address", "0x41000000"] + Self.loaded)
      #expect(outcome.status == .exited(status))
      #expect(outcome.text.contains(status == 1 ? #""status" : "unknown""# : #""status" : "verified""#))
      #expect(
        outcome.error.contains("console: 0x41000180-0x41000181, in the purgatory's own memory")
          == (status == 1),
        "\(outcome.error)")
    }
  }

  @Test func theFirstThatDiffersComesFirst() async throws {
    try await fill()
    try damage("disk", at: 1)
    try damage("tree", at: 1)
    let outcome = try await folder.purgatory(["verify", "p.bin", "--json"] + Self.loaded)
    #expect(
      outcome.text.contains(#""failed_region" : 1,"#) && outcome.text.contains(#""status" : "mismatch""#))
    let errors = outcome.error.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(errors.count == 2 && errors[0].contains("region 1") && errors[1].contains("region 2"))
  }

  /// Each with the words that say why.
  @Test func isRefused() async throws {
    try await fill()
    try await folder.done(["patch", "p.bin", "--digest", "none", "-o", "skip.bin"])
    try folder.write(try await Built.get().small, to: "empty.bin")
    try await folder.done(
      ["patch", "p.bin", "--relative", "--load-address", "0x41000000", "-o", "relative.bin"])
    for (field, offset) in [("entry", 0x50), ("result", 0x40 + 0x378), ("base", 0x80), ("flags", 0x60)] {
      var bytes = try folder.read("p.bin")
      bytes[offset] ^= 1
      try folder.write(bytes, to: "\(field).bin")
    }
    var wrapping = try folder.read("p.bin")
    wrapping.replaceSubrange(0x88..<0x90, with: [UInt8](repeating: 0xff, count: 8))
    try folder.write(wrapping, to: "wrapping.bin")
    try folder.write([], to: "nothing")
    let all = Self.loaded
    let without = Array(all.dropLast(2))
    try await expectRefusals(
      [
        Refusal("a segment is missing", ["verify", "p.bin"] + without, because: "region 2: nobody knows"),
        Refusal("all are missing", ["verify", "p.bin"], because: "region 0", "region 1", "region 2"),
        Refusal(
          "zeros are missing",
          ["verify", "p.bin"] + without.dropLast(2) + [
            "--segment", "tree@0x44000000", "--segment", "disk@0x48000000",
          ],
          because: "0x440003e8-0x44001000"),
        Refusal(
          "a hole", ["verify", "p.bin"] + without + ["--segment", "disk@0x48000010"],
          because: "0x48000000-0x48000010"),
        Refusal(
          "two in one place", ["verify", "p.bin"] + all + ["--segment", "tree@0x48000010"],
          because: "overlaps disk at 0x48000000-0x48011170"),
        Refusal(
          "over the purgatory", ["verify", "p.bin", "--load-address", "0x48000000"] + all,
          because: "overlaps the purgatory"),
        Refusal(
          "the purgatory, and what is relative to it, elsewhere",
          ["verify", "relative.bin", "--load-address", "0x42000000"] + all, because: "region 0: nobody knows"),
        Refusal("no digests", ["verify", "skip.bin"] + all, because: "skip_checks: set"),
        Refusal("nothing filled in", ["verify", "empty.bin"] + all, because: "kernel_entry: 0x0"),
        Refusal("a kernel_entry", ["verify", "entry.bin"] + all, because: "kernel_entry: 0x40000001"),
        Refusal("a result_addr", ["verify", "result.bin"] + all, because: "result_addr: 0x1"),
        Refusal(
          "a region's base", ["verify", "base.bin"] + all, because: "region base: region 0 at 0x40000001"),
        Refusal("a region's size", ["verify", "wrapping.bin"] + all, because: "region size: region 0"),
        Refusal("no VERIFY flag", ["verify", "flags.bin"] + all, because: "nothing to verify: neither"),
        Refusal(
          "no such file", ["verify", "p.bin"] + without + ["--segment", "disc@0x48000000"],
          because: "disc: no such"),
        Refusal(
          "an empty file", ["verify", "p.bin"] + without + ["--segment", "nothing@0x48000000"],
          because: "nothing: "),
        Refusal(
          "an address that no purgatory has", ["verify", "p.bin", "--load-address", "0x1010"] + all,
          because: "expected a multiple of 0x1000"),
        Refusal(
          "an address behind all others", ["verify", "p.bin", "--load-address", "0xfffffffffffff000"] + all,
          because: "--load-address: 0xfffffffffffff000"),
        Refusal("no purgatory", ["verify", "disk"] + all, because: "PURGINFO"),
      ], golden: "bad-verify.txt", in: folder)
    try await expectRefusals(
      [Refusal("no address", ["verify", "p.bin", "--segment", "disk"], because: "FILE@ADDR")],
      exitCode: 64, golden: "bad-verify-usage.txt", in: folder)
  }

  @Test func aFolderABundleAndAnELFFile() async throws {
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    try await folder.done(
      [
        "build", "--source", "small", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000",
        "--load-address", "0x50000000", "--output-dir", "out", "--copy", "-q",
      ])
    let good = try await folder.done(["verify", "out"])
    #expect(good.text == "out/purgatory.bin: verified 4,229 bytes in 2 regions\n")
    #expect(try await folder.done(["verify", "out/manifest.json"]).text == good.text)
    // The purgatory alone, in the words of an ELF file.
    try await folder.done(
      [
        "build", "--source", "small", "--kernel", "Image@0x40200000", "--format", "elf", "-o", "p.elf", "-q",
      ])
    #expect(
      try await folder.done(["verify", "p.elf", "--segment", "Image@0x40200000"]).text
        == "p.elf: verified 4,096 bytes in 1 region\n")
    // What the manifest says of its files is not asked: the purgatory does not know it, either.
    try damage("out/devicetree.dtb", at: 4)
    let bad = try await folder.purgatory(["verify", "out"])
    #expect(bad.status == .exited(1))
    #expect(
      bad.error.hasPrefix(
        "error: out/purgatory.bin: region 1: 0x48000000-0x48000085, from out/devicetree.dtb: sha256 "))
    let misplaced = try await folder.purgatory(["verify", "out", "--segment", "Image@0x40200000"])
    #expect(misplaced.status == .exited(1) && misplaced.error.hasPrefix("error: --segment: "))

    try await folder.done(
      [
        "bundle", "--source", "small", "--kernel", "Image", "-o", "b.img", "--console", "pl011@0x9000000",
      ])
    for address in ["0", "0x40000000"] {
      #expect(
        try await folder.done(["verify", "b.img", "--load-address", address]).text
          == "b.img: verified 4,096 bytes in 1 region\n")
    }
    try damage("b.img", at: try folder.read("b.img").count - 1)
    #expect(try await folder.purgatory(["verify", "b.img"]).status == .exited(1))
  }

  /// Nobody knows which of the regions has a UART before it is known where they are.
  @Test func aUARTAmongRelativeRegions() async throws {
    try await folder.done([
      "patch", "p.bin", "--kernel-entry", "0x44000000", "--segment", "tree@0x44000000", "--relative",
      "--load-address", "0x41000000", "--console", "pl011@0x3000000",
    ])
    #expect(try await verify("--segment", "tree@0x3000000").status == .exited(0))
    let there = ["--load-address", "0x41000000", "--segment", "tree@0x44000000"]
    #expect(try await folder.purgatory(["verify", "p.bin"] + there).status == .exited(0))
    let inIt = try await verify("--load-address", "0", "--segment", "tree@0x3000000")
    #expect(inIt.status == .exited(1) && inIt.error.contains("0x3000000-0x3000004"), "\(inIt.error)")
  }

  /// With an access that there is not, the console is silent (docs/abi.md), and writes nowhere.
  @Test func aUARTThatIsSilentIsInNobodysWay() async throws {
    try await fill()
    var bytes = try folder.read("p.bin")
    for (access, status) in [(1, 1), (4, 1), (0, 1), (2, 0), (8, 0)] as [(UInt8, Int32)] {
      bytes.replaceSubrange(
        Info.offset + Field.consoleBase..<Info.offset + Field.skipChecks,
        with: [0, 0, 0, 0x44, 0, 0, 0, 0, access, 0, 0, 0])
      try folder.write(bytes, to: "p.bin")
      let outcome = try await folder.purgatory(["verify", "p.bin"] + Self.loaded)
      #expect(outcome.status == .exited(status), "\(access): \(outcome.error)")
    }
  }
}
