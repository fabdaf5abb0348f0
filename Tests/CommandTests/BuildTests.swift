// BuildTests.swift — from sources to a purgatory: formats, outputs, and nothing written that need not be
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@Suite struct BuildTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.dtb(), to: "board.dtb")
    try folder.write(Input.initrd(), to: "initrd")
  }

  private let small = ["build", "--source", "small"]
  private let filled = [
    "--load-address", "0x40000000", "--kernel", "Image@0x40200000", "--dtb", "board.dtb@0x48000000",
    "--initrd",
    "initrd@0x4c000000", "--console", "pl011@0x9000000", "--on-failure", "reset", "--psci", "hvc",
  ]

  @Test func theRealPurgatory() async throws {
    let real = try await Built.get().real
    #expect(real.count <= 8192, "over the budget of two pages; make size shows where it goes")
    #expect(Array(real[0x38..<0x3c]) == Array("ARM\u{64}".utf8))
    #expect(Array(real[0x40..<0x48]) == Array("PURGINFO".utf8))
    #expect(Array(real.suffix(8)) == Array("PURGEND.".utf8))
    let info = Info(flat: real)
    #expect(info.long(Field.version) == 2)
    #expect(info.long(Field.size) == 0x390)
    #expect(info.quad(Field.memorySize) == integer(real, 0x10))  // image_size of the Image header
    #expect(info.quad(Field.memorySize) >= UInt64(real.count))
    #expect(info.quad(Field.memorySize) <= 0x40000)
    #expect(integer(real, 0x18) & 8 as UInt64 == 8)
  }

  @Test func unfilled() async throws {
    let outcome = try await folder.done(small)
    #expect(outcome.output == [])
    #expect(
      outcome.error
        == "purgatory.bin: 1,024 bytes, 0 regions (0 bytes), not ready: lacks kernel_entry, regions to verify, digests to verify with\n"
    )
    #expect(try folder.read("purgatory.bin") == (try await Built.get().small))
    #expect(try folder.mode(of: "purgatory.bin") & 0o111 == 0)
  }

  @Test func filledIn() async throws {
    let outcome = try await folder.done(small + filled + ["-o", "out.bin"])
    #expect(outcome.output == [])
    #expect(
      outcome.error == Input.memoryNote + Input.initrdNote
        + "out.bin: 1,024 bytes, 3 regions (9,168 bytes), ready\nbootargs: none\n")
    let info = Info(flat: try folder.read("out.bin"))
    #expect(info.quad(Field.kernelEntry) == 0x4020_0000)
    #expect(info.quad(Field.dtbAddress) == 0x4800_0000)
    #expect(info.region(0) == (0x4020_0000, 4096))
    #expect(info.region(1) == (0x4800_0000, 72))
    #expect(info.region(2) == (0x4c00_0000, 5000))
    #expect(info.region(3) == (0, 0))
  }

  @Test func theDefaultNameHasTheFormat() async throws {
    try await folder.done(small + ["--format", "elf"])
    #expect(try folder.read("purgatory.elf") == (try await Built.get().smallELF))
    #expect(!folder.exists("purgatory.bin"))
  }

  @Test func theFlatFormatIsWhatTheELFFileLoads() async throws {
    let built = try await Built.get()
    for (flat, elf) in [(built.small, built.smallELF), (built.real, built.realELF)] {
      #expect(Array(elf[loadRange(ofELF: elf)]) == flat)
    }
    try folder.write(built.realELF, to: "real.elf")
    try await Command.tool("llvm-objcopy", ["-O", "binary", "real.elf", "copied.bin"], in: folder.path)
    #expect(try folder.read("copied.bin") == built.real)
  }

  @Test(arguments: ["bin", "elf"]) func standardOutput(_ format: String) async throws {
    let before = try folder.snapshot()
    let outcome = try await folder.done(small + ["--format", format, "-o", "-"])
    let built = try await Built.get()
    #expect(outcome.output == (format == "bin" ? built.small : built.smallELF))
    #expect(outcome.error.hasPrefix("-: 1,024 bytes, "))
    #expect(differences(before, try folder.snapshot()) == [])
  }

  @Test func fillingInWhileBuildingIsPatching() async throws {
    for format in ["bin", "elf"] {
      try await folder.done(small + filled + ["--format", format, "-o", "built"])
      try await folder.done(small + ["--format", format, "-o", "patched"])
      try await folder.done(["patch", "patched"] + filled)
      #expect(try folder.read("built") == folder.read("patched"), "\(format)")
    }
  }

  @Test func dryRun() async throws {
    let before = try folder.snapshot()
    let outcome = try await folder.done(
      small + filled + ["--toolchain", "llvm", "--dry-run", "--manifest", "m.json", "--depfile", "m.d"])
    #expect(outcome.error == Input.memoryNote + Input.initrdNote)
    try Golden.expect(outcome.text, "dry-run.txt", in: folder)
    #expect(differences(before, try folder.snapshot()) == [])
  }

  @Test func dryRunChecksEverything() async throws {
    let arguments = small + ["--dry-run", "--kernel-entry", "0x2"]
    try await expectRefusals(
      [Refusal("dry run", arguments, because: "kernel_entry")], golden: "dry-run-refused.txt", in: folder)
  }

  /// The lines that are printed are commands: they give the same ELF file.
  @Test func dryRunPrintsWhatIsRun() async throws {
    let outcome = try await folder.done(small + ["--dry-run"])
    let commands = outcome.text.components(separatedBy: "\n\n")[0]
    try folder.makeFolder("work")
    try folder.write("set -e\ncd work\n\(commands)\n", to: "script")
    let sh = try await Command.tool("sh", ["script"], in: folder.path)
    #expect(sh == "")
    // All but the seal, which says that more was done.
    let (made, built) = (try folder.read("work/purgatory.elf"), try await Built.get().smallELF)
    let different = made.indices.filter { made[$0] != built[$0] }
    #expect(made.count == built.count && different.count <= 32)
    let (first, last) = (try #require(different.first), try #require(different.last))
    #expect(last - first < 32 && made[first...last].allSatisfy { $0 == 0 })
  }

  @Test func sourcesThatAreNone() async throws {
    try folder.makeFolder("empty")
    try folder.makeFolder("no script")
    try folder.write("", to: "no script/entry.S")
    try await expectRefusals(
      ["absent", "empty", "no script", "Image"].map {
        Refusal($0, ["build", "--source", $0], because: "\($0): no purgatory sources", "--source")
      }, golden: "sources.txt", in: folder)
  }

  /// Without --source the purgatory of the command's own checkout, or of where it was installed, is built.
  @Test(arguments: [("usr/bin", "usr/share/purgatory"), ("checkout/.build/host/debug", "checkout/purgatory")])
  func belongingSources(_ place: String, _ sources: String) async throws {
    let files = FileManager.default
    for name in [place, sources] { try folder.makeFolder(name) }
    try files.removeItem(atPath: "\(folder.path)/\(sources)")
    try files.copyItem(atPath: "\(folder.path)/small", toPath: "\(folder.path)/\(sources)")
    let command = "\(folder.path)/\(place)/purgatory"
    try files.copyItem(atPath: Command.purgatory.get(), toPath: command)
    try files.createSymbolicLink(atPath: "\(folder.path)/link", withDestinationPath: command)
    for name in [command, "\(folder.path)/link"] {
      let outcome = try await Command.run(name, ["build", "-o", "out.bin"], in: folder.path)
      #expect(outcome.status == .exited(0), "\(outcome.error)")
      #expect(try folder.read("out.bin") == (try await Built.get().small))
      try files.removeItem(atPath: "\(folder.path)/out.bin")
    }

    try files.removeItem(atPath: "\(folder.path)/\(sources)")
    let lost = try await Command.run(command, ["build", "-o", "out.bin"], in: folder.path)
    #expect(lost.status == .exited(1))
    #expect(lost.output == [])
    #expect(
      lost.error
        == """
        error: \(command): no purgatory sources above it, expected purgatory/purgatory.lds or \
        share/purgatory/purgatory.lds
        help: name the directory that has them with --source

        """)
    #expect(!folder.exists("out.bin"))
  }
}
