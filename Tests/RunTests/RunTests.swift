// RunTests.swift — `purgatory run`: how a run ends, and with which machine it was started
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import Subprocess
import TestSupport
import Testing

@Suite(.requiresQEMU) struct RunTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func theGuestEnds() async throws {
    try await Guest().build(in: folder)
    let outcome = try await folder.run(["out/manifest.json"])
    #expect(outcome.status == .exited(0))
    #expect(outcome.error == "")
    #expect(outcome.lines.count == 3)
    #expect(
      outcome.lines.first?.hasPrefix("purgatory: version 2 at 0x40200000, EL1, 1 regions, 60 bytes") ?? false)
    #expect(
      outcome.lines.dropFirst().first?.hasPrefix("purgatory: verified 60 bytes in ") ?? false)
    #expect(outcome.lines.last == "D")
  }

  /// The guest never ends: what it wrote has been passed on before.
  @Test func theTextAppears() async throws {
    try await Guest(ends: false).build(in: folder)
    let outcome = try await folder.run(["out/manifest.json", "--expect", "verified 48 bytes"])
    #expect(outcome.status == .exited(0))
    #expect(outcome.error == "")
    #expect(outcome.text.contains("verified 48 bytes"))
  }

  @Test func theGuestEndsBeforeTheTextAppears() async throws {
    try await Guest().build(in: folder)
    let outcome = try await folder.run(["out/manifest.json", "--expect", "login:"])
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error
        == "error: out/manifest.json: console: the guest ended, expected \"login:\" before it\nhelp: run it without --expect, and read the console\n"
    )
    #expect(outcome.lines.last == "D")
  }

  /// The last bytes count, and a text that comes in pieces.
  @Test func theTextIsTheLastThing() async throws {
    try await Guest().build(in: folder)
    #expect(try await folder.run(["out/manifest.json", "--expect", ")\r\nD\n"]).status == .exited(0))
  }

  @Test func theTimeIsOver() async throws {
    try await Guest(ends: false).build(in: folder)
    let more = "help: give it more time with --timeout SECONDS, or read the console above\n"
    let awaiting = try await folder.run(["out/manifest.json", "--expect", "login:"], timeout: 1)
    #expect(awaiting.status == .exited(1))
    #expect(
      awaiting.error
        == "error: out/manifest.json: console: nothing ended the run in 1 s, expected \"login:\"\n\(more)")
    let outcome = try await folder.run(["out/manifest.json"], timeout: 1)
    #expect(outcome.status == .exited(1))
    #expect(outcome.error == "error: out/manifest.json: console: nothing ended the run in 1 s\n\(more)")
  }

  @Test func noQEMU() async throws {
    try await Guest().build(in: folder)
    let outcome = try await folder.run(["out/manifest.json"], environment: ["PATH": "/nonexistent"])
    #expect(outcome.status == .exited(1))
    #expect(outcome.output == [])
    #expect(
      outcome.error == """
        error: qemu-system-aarch64: not found, expected QEMU in PATH
        help: apt-get install qemu-system-arm

        """)
  }

  /// What QEMU itself refuses is said in its own words, then in ours.
  @Test func qemuFails() async throws {
    try await Guest().build(in: folder)
    let outcome = try await folder.run(["out/manifest.json", "--memory", "16777216G"])
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.hasPrefix("qemu-system-aarch64: "))
    #expect(
      outcome.error.hasSuffix(
        "\nerror: qemu-system-aarch64: failed: exit status 1\nhelp: mend what it says above\n"))
  }

  /// The purgatory's way to PSCI says where it is at home; the user has the last word.
  @Test func levels() async throws {
    for (conduit, level) in [(.hvc, 1), (.smc, 2)] as [(PurgatoryInfo.PSCIConduit, Int)] {
      try await Guest(conduit: conduit).build(in: folder)
      let outcome = try await folder.run(["out/manifest.json"])
      #expect(outcome.text.contains(", EL\(level), "))
      #expect(outcome.status == .exited(0))
      let other = try await folder.run(["out/manifest.json", "--el", "\(3 - level)", "--expect", "D\n"])
      #expect(other.text.contains(", EL\(3 - level), "))
      #expect(other.status == .exited(0))
    }
  }

  @Test func theDeviceTreeOfTheManifest() async throws {
    try folder.write(TreeNode("", ["pad": [1, 2, 3]]).dtb(), to: "board.dtb")
    try await Guest().build(in: folder, ["--memory", "0x40200000+512M", "--dtb", "board.dtb"])
    #expect(try await folder.run(["out/manifest.json"]).lines.last == "D")
    // What the purgatory was told goes before the machine's own.
    try await Guest().build(in: folder, ["--memory", "0x40200000+512M", "--dtb-addr", "0x5f000000"])
    #expect(try await folder.run(["out/manifest.json"]).lines.last == "N")
  }

  /// A device tree's memory is the machine's, too: something at its end can be run, and nothing behind.
  @Test func theMemoryOfTheDeviceTree() async throws {
    let tree = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        // NUMA: two nodes, one machine.
        TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 0x4000_0000)]),
        TreeNode("memory@80000000", ["device_type": "memory", "reg": .wide(0x8000_0000, 0x4000_0000)]),
      ])
    try folder.write(tree.dtb(), to: "board.dtb")
    try await Guest().build(in: folder, ["--dtb", "board.dtb", "--load-address", "0xbff00000"])
    let outcome = try await folder.run(["out/manifest.json"])
    #expect(outcome.text.contains("purgatory: version 2 at 0xbff00000, "))
    #expect(outcome.status == .exited(0))
    let less = try await folder.run(["out/manifest.json", "--memory", "1G"])
    #expect(
      less.error.hasPrefix(
        "error: out/manifest.json: purgatory: 0xbff00000-0xbff24000, expected memory of the machine: 0x40000000-0x80000000\n"
      ))
  }

  /// The purgatory notices itself what `run` would not have started.
  @Test func unverified() async throws {
    try await Guest().build(in: folder)
    try folder.flip("guest")
    let refused = try await folder.run(["out"])
    #expect(refused.status == .exited(1))
    #expect(refused.output == [])
    #expect(refused.error.contains(": ../guest: sha256: "), "\(refused.error)")
    let outcome = try await folder.run(["out", "--unverified"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.text.contains("purgatory: digest mismatch"))
  }

  @Test func fromAnotherFolder() async throws {
    try await Guest().build(in: folder)
    for (name, place) in [
      ("manifest.json", "out"), ("../out/manifest.json", "tmp"), ("\(folder.path)/out/manifest.json", "tmp"),
    ] {
      let outcome = try await Command.run(
        Command.purgatory.get(), ["run", name, "--expect", "D"], in: "\(folder.path)/\(place)")
      #expect(outcome.status == .exited(0), "\(name): \(outcome.error)")
    }
  }

  /// With --copy a folder can be moved as it is; without, it names files that stayed behind.
  @Test func aFolderThatWasMoved() async throws {
    func move() throws {
      try folder.makeFolder("far/away")
      try FileManager.default.moveItem(atPath: "\(folder.path)/out", toPath: "\(folder.path)/far/away/out")
    }
    try await Guest().build(in: folder, ["--memory", "0x40200000+512M", "--copy"])
    try move()
    #expect(try await folder.run(["far/away/out/manifest.json"]).status == .exited(0))
    try FileManager.default.removeItem(atPath: "\(folder.path)/far")

    try await Guest().build(in: folder)
    try move()
    let outcome = try await folder.run(["far/away/out/manifest.json"])
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error
        == "error: \(folder.path)/far/away/guest: no such file or directory\nhelp: ls -la \(folder.path)/far/away\n"
    )
  }

  /// QEMU's option syntax has a meaning for commas.
  @Test(arguments: ["a,b", "with space", "ü,,", "addr=0,x"])
  func fileNames(_ name: String) async throws {
    try folder.makeFolder(name)
    try folder.write(Guest().bytes, to: "\(name)/\(name)")
    let arguments = ["build", "--output-dir", "\(name)/out", "--segment", "\(name)/\(name)@0x50000000"]
    try await folder.done(arguments + Guest().options.dropFirst(2) + ["--memory", "0x40200000+512M"])
    let outcome = try await folder.run(["\(name)/out/manifest.json"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.lines.last == "D")
  }

  /// A flat purgatory is an arm64 Image, so it is one to run.
  @Test func anImage() async throws {
    try await folder.done([
      "build", "--console", "pl011@0x9000000", "--psci", "hvc", "--on-failure", "poweroff",
    ])
    let outcome = try await folder.run(["purgatory.bin"])
    #expect(outcome.status == .exited(0))
    #expect(outcome.text.contains("purgatory: bad info: "))
  }
}
