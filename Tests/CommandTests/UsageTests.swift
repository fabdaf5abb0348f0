// UsageTests.swift — what was typed wrongly: exit code 64, a hint, nothing on standard output, nothing done
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@Suite struct UsageTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "purgatory.bin")
    try folder.write("x", to: "file")
  }

  private func patch(_ arguments: String...) -> [String] { ["patch", "purgatory.bin"] + arguments }

  @Test func verbsAndOptions() async throws {
    try await expectRefusals(
      [
        Refusal("no verb", [], because: "error: no verb", "help: purgatory help\n"),
        Refusal("no such verb", ["frob"], because: "'frob'"),
        Refusal("no such messages", patch("--messages", "none"), because: "'none'", "failures"),
        Refusal(
          "messages, and their older name", patch("--messages", "all", "--quiet"), because: "--quiet"),
        Refusal(
          "messages, and the older name of the other", patch("--messages", "all", "--no-quiet"),
          because: "--quiet"),
        Refusal("no such short option", patch("-x"), because: "'-x'"),
        Refusal(
          "a digest that kexec computes", ["graft", "file", "-o", "out", "--digest", "combined"],
          because: "'--digest'"),
        Refusal(
          "what cannot be read", ["check", "--allow", "malformed-elf", "file"], because: "malformed-elf"),
        Refusal("no such option", patch("--frob"), because: "'--frob'"),
        Refusal("no file to patch", ["patch"], because: "'<file>'"),
        Refusal("no file to show", ["show"], because: "'<file>'"),
        Refusal("two files", ["show", "purgatory.bin", "file"], because: "'file'"),
        Refusal("an option without its value", patch("--kernel"), because: "--kernel"),
        Refusal("no such digest", patch("--digest", "md5"), because: "'md5'", "combined"),
        Refusal("no such action", patch("--on-failure", "explode"), because: "'explode'", "poweroff"),
        Refusal("no such conduit", patch("--psci", "svc"), because: "'svc'", "hvc"),
        Refusal("no such format", ["build", "--format", "hex"], because: "'hex'"),
        Refusal("no such toolchain", ["build", "--toolchain", "msvc"], because: "'msvc'", "gnu"),
        Refusal(
          "a manifest without an address", ["build", "--manifest", "m.json"], because: "--load-address"),
        Refusal(
          "a manifest of an ELF file",
          ["build", "--manifest", "m.json", "--load-address", "0x1000", "--format", "elf"],
          because: "--format"),
        Refusal(
          "a manifest of standard output",
          ["build", "--manifest", "m.json", "--load-address", "0x1000", "-o", "-"], because: "-o -"),
        Refusal("a depfile of standard output", ["build", "--depfile", "d", "-o", "-"], because: "-o -"),
      ], exitCode: 64, golden: "usage.txt", in: folder)
  }

  @Test func addresses() async throws {
    let wrong = [
      "", "0x", "0X", "x10", "-4", "+4", " 4", "4 ", "4K", "0x4G", "1e3", "0xfg", "0x1_000", "1,000", "0b1",
      "a4",
      "１６", "18446744073709551616", "0x10000000000000000", "99999999999999999999999999",
    ]
    try await expectRefusals(
      wrong.map { Refusal("address '\($0)'", patch("--kernel-entry=\($0)"), because: "--kernel-entry") },
      exitCode: 64, golden: "usage-addresses.txt", in: folder)
  }

  @Test func placedFiles() async throws {
    let wrong = [
      "file@", "@0x1000", "@", "file@here", "file@0x1000@", "file@-16", "file@0x1000+",
      "file@0x1000+K",
      "file@0x1000+-1", "file@0x1000+1KK", "file@0x1000+1T", "file@0x1000+ß", "file@0x1000+1ß",
      "file@0x1000+1+1",
      "file@0x1000+18446744073709551616", "file@0x1000+18014398509481984K", "file@0x1000+17592186044416M",
      "file@0x1000+17179869184G", "file@4K",
    ]
    try await expectRefusals(
      wrong.map { Refusal("segment '\($0)'", patch("--segment=\($0)"), because: "--segment") } + [
        Refusal("a kernel's size", patch("--kernel=file@0x1000+1K"), because: "--kernel"),
        Refusal("a device tree's size", patch("--dtb=file@0x1000+1K"), because: "--dtb"),
      ],
      exitCode: 64, golden: "usage-files.txt", in: folder)
  }

  @Test func consoles() async throws {
    let wrong = [
      "", "pl011", "pl011@", "@0x9000000", "PL011@0x9000000", "uart@0x9000000", "pl011@0", "raw@0x0",
      "pl011@serial",
      "pl011@0x9000002", "8250-mmio32@0x9000001", "none@0x9000000", "pl011@0x9000000@0", "custom:access=4",
      "custom:@4",
      "custom:data=4@4", "custom:access=0@4", "custom:access=2@4", "custom:access=4@6",
      "custom:access=4,width=1@4",
      "custom:access=4,data@4", "custom:access=4,data=2@4", "custom:access=4,access=4@4",
      "custom:access=4,data=0x100000000@4", "custom:access=1,mask=0x100@4",
      "custom:access=4,mask=1,ready=2@4",
      "described@4", "8250@0xffffffffffffffff", "custom:access=4,data=4@0xfffffffffffffffc",
    ]
    try await expectRefusals(
      wrong.map { Refusal("console '\($0)'", patch("--console=\($0)"), because: "--console") },
      exitCode: 64, golden: "usage-consoles.txt", in: folder)
  }
}
