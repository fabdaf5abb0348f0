// PatchFolderTests.swift — patching an output folder keeps its manifest true; what would fail `check` is not written
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct PatchFolderTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try await folder.done([
      "build", "--source", "small", "--output-dir", "out", "--load-address", "0x40000000", "--kernel",
      "Image@0x40200000",
    ])
  }

  @Test(arguments: ["out", "out/", "out/manifest.json", "./out/../out"])
  func theManifestIsTold(_ path: String) async throws {
    let before = try folder.snapshot()
    let old = try folder.read("out/purgatory.bin")
    let outcome = try await folder.done(["patch", path, "--on-failure", "reset"])
    #expect(outcome.output == [])
    #expect(outcome.error.hasSuffix("out/purgatory.bin: 1,024 bytes, 1 region (4,096 bytes), ready\n"))
    #expect(outcome.error.split(separator: "\n").count == 1)
    #expect(differences(before, try folder.snapshot()) == ["out/manifest.json", "out/purgatory.bin"])
    #expect(try folder.read("out/purgatory.bin") == overwriting(old, 0x40 + Field.flags, [1, 1]))
    try await folder.done(["check", "out"])
    // Nothing but the digest is another.
    func lines(_ bytes: [UInt8]) -> [Substring] {
      String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
    guard case .file(let manifest, _) = before["out/manifest.json"] else { return }
    let changed = zip(lines(manifest), lines(try folder.read("out/manifest.json"))).filter { $0 != $1 }
    #expect(changed.count == 1 && changed[0].1.contains("\"sha256\" : "))
  }

  /// A folder that is not what was built is not made true, whichever file it is.
  @Test(arguments: ["out/purgatory.bin", "Image"]) func aDamagedFolderIsNotPatched(_ name: String)
    async throws
  {
    var bytes = try folder.read(name)
    bytes[bytes.count - 20] ^= 1
    try folder.write(bytes, to: name)
    let before = try folder.snapshot()
    let outcome = try await folder.purgatory(["patch", "out", "--on-failure", "reset"])
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error.contains(": another file than the one that was built, expected sha256 "),
      "\(outcome.error)")
    #expect(differences(before, try folder.snapshot()) == [])
  }

  @Test func theManifestIsStaleAfterAFileWasPatched() async throws {
    let built = try folder.read("out/purgatory.bin")
    let same = try await folder.done(["patch", "out/purgatory.bin"])
    #expect(!same.error.contains("warning: "), "nothing changed: \(same.error)")
    let outcome = try await folder.done(["patch", "out/purgatory.bin", "--on-failure", "reset"])
    let manifest = "\(folder.path)/out/manifest.json"
    #expect(
      outcome.error.split(separator: "\n").dropFirst() == [
        "warning: \(manifest): has the digest of what out/purgatory.bin was before",
        "help: build the folder again, and patch the folder, not the file: purgatory patch \(manifest)",
      ])
    let stale = try await folder.purgatory(["check", "out"])
    #expect(stale.status == .exited(1))
    #expect(stale.text.contains("purgatory.bin: sha256: "), "\(stale.text)")
    #expect(try await folder.purgatory(["patch", manifest]).status == .exited(1))
    try folder.write(built, to: "out/purgatory.bin")
    try await folder.done(["check", "out"])
    // A copy, and a file that no manifest names, are nobody's business.
    for target in ["copy.bin", "out/copy.bin"] {
      let copied = try await folder.done(["patch", "out/purgatory.bin", "--on-failure", "halt", "-o", target])
      #expect(!copied.error.contains("warning: "), "\(copied.error)")
    }
    try await folder.done(["check", "out"])
  }

  @Test func isRefused() async throws {
    // Bytes that no `patch` writes.
    let good = try folder.read("out/purgatory.bin")
    let console = overwriting(overwriting(good, 0x40 + Field.consoleAccess, [4]), 0x68, [2])
    try folder.write(console, to: "console.bin")
    try folder.write(
      overwriting(good, 0x40 + Field.regions + 16, [0, 0, 0x20, 0x40, 0, 0, 0, 0, 16]), to: "twice")
    try await folder.done(["bundle", "--source", "small", "--kernel", "Image", "-o", "b.img", "-q"])
    try folder.write("{", to: "m.json")
    try folder.makeFolder("empty")
    func bundle(_ option: String...) -> Refusal {
      Refusal(
        "a bundle's \(option[0])", ["patch", "b.img"] + option, because: "b.img: \(option[0]): a bundle",
        "purgatory bundle")
    }
    let folderHelp = "purgatory build --output-dir"
    try await expectRefusals(
      [
        Refusal("another output", ["patch", "out", "-o", "x"], because: "no -o", folderHelp),
        Refusal(
          "files", ["patch", "out", "--kernel", "Image@0x40200000"], because: "no files", folderHelp),
        Refusal(
          "another place", ["patch", "out/manifest.json", "--load-address", "0x50000000"],
          because: "no --load-address", folderHelp),
        Refusal(
          "an entry outside", ["patch", "out", "--kernel-entry", "0x50000000"],
          because: "out/purgatory.bin: kernel_entry: 0x50000000"),
        Refusal("no manifest", ["patch", "empty"], because: "empty/manifest.json: no such file"),
        Refusal("half a manifest", ["patch", "m.json"], because: "m.json: no JSON"),
        Refusal("a console between registers", ["patch", "console.bin"], because: "console: "),
        Refusal("regions that overlap", ["patch", "twice", "--messages", "failures"], because: "overlaps"),
        bundle("--kernel", "Image@0x40200000"), bundle("--segment", "Image@0x40200000"),
        bundle("--initrd", "Image@0x40200000"), bundle("--dtb", "Image@0x40200000"),
        bundle("--kernel-entry", "0x200000"), bundle("--dtb-addr", "0x1000"),
        bundle("--no-relative", "--load-address", "0x40000000"), bundle("--load-address", "0x40000000"),
        Refusal(
          "several of a bundle", ["patch", "b.img", "--kernel-entry", "0", "--dtb-addr", "0"],
          because: "b.img: --kernel-entry: ", "b.img: --dtb-addr: "),
      ], golden: "bad-patches.txt", in: folder)
  }

  /// What a bundle says and does may change; it stays one.
  @Test func aBundleStaysOne() async throws {
    try await folder.done(["bundle", "--source", "small", "--kernel", "Image", "-o", "b.img", "-q"])
    let before = try folder.read("b.img")
    try await folder.done([
      "patch", "b.img", "--console", "pl011@0x9000000", "--on-failure", "reset", "--messages", "failures",
      "--relative",
    ])
    let after = try folder.read("b.img")
    #expect(after != before && after.count == before.count)
    #expect(after[..<Info.offset] == before[..<Info.offset])
    #expect(after[(Info.offset + Info.size)...] == before[(Info.offset + Info.size)...])
    for verb in ["show", "check"] { try await folder.done([verb, "b.img"]) }
  }
}
