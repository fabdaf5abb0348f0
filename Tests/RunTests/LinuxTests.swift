// LinuxTests.swift — Linux from files alone, as the README has it: build, run; and kexec from one kernel to the next
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import Subprocess
import TestSupport
import Testing

/// The machine that `run` starts at a level.
enum Level: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case el1 = "EL1"
  case el2 = "EL2"

  var testDescription: String { rawValue }

  var machine: [String] {
    ["-machine", self == .el1 ? "virt" : "virt,virtualization=on", "-cpu", "max", "-m", "1G"]
  }
}

/// What is verified, in the order of the regions, as --copy names it.
let regions = ["Image", "devicetree.dtb", "initramfs.cpio.gz"]

extension Folder {
  /// `purgatory build` of Debian's kernel with an initrd into a folder of its own, no address typed.
  func buildLinux(
    _ level: Level, initrd: String = LinuxInputs.initrdPath, into output: String, _ more: [String] = []
  ) async throws {
    try write(QEMU.deviceTree(of: level.machine), to: "virt.dtb")
    try await done(
      [
        "build", "--kernel", LinuxInputs.kernelPath, "--initrd", initrd, "--dtb", "virt.dtb", "--cmdline",
        LinuxInputs.commandLine, "--on-failure", "poweroff", "--output-dir", output,
      ] + more)
  }

  /// Flips a bit in the middle of a file.
  func flip(_ name: String) throws {
    var bytes = try read(name)
    bytes[bytes.count / 2] ^= 1
    try write(bytes, to: name)
  }
}

extension [Substring] {
  /// Expects lines that begin like these, in this order; the times that Linux puts before its own do not count.
  func expect(_ beginnings: String..., sourceLocation: SourceLocation = #_sourceLocation) {
    var rest = map { line in line.hasPrefix("[") ? line.drop { $0 != "]" }.dropFirst(2) : line }[...]
    for beginning in beginnings {
      let found = rest.firstIndex { $0.hasPrefix(beginning) }
      #expect(
        found != nil, "no '\(beginning)…' in:\n\(self.joined(separator: "\n"))",
        sourceLocation: sourceLocation)
      rest = found.map { rest[($0 + 1)...] } ?? []
    }
  }
}

@Suite("Linux from files alone", .requiresQEMU, .requiresLinux)
struct LinuxTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// The machine is as large as the tree that was told: here larger than what `run` would take by itself.
  @Test func memoryThatWasTold() async throws {
    try await folder.buildLinux(.el1, into: "out", ["--memory", "0x40200000+2046M"])
    let outcome = try await folder.run(["out", "--expect", "userspace: reached"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory: verified ", "  node   0: [mem 0x0000000040200000-0x00000000bfffffff]",
      "userspace: reached")
  }

  @Test(arguments: Level.allCases)
  func boots(_ level: Level) async throws {
    try await folder.buildLinux(level, into: "out")
    let outcome = try await folder.run(["out/manifest.json", "--expect", "Power down"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory: version 2 at 0x", "purgatory: verified ", "Booting Linux on physical CPU",
      "CPU: All CPU(s) started at \(level.rawValue)",
      "userspace: reached on Linux \(try LinuxInputs.release), linux,dummy-virt",
      "userspace: purgatory: verified in ")
    #expect(outcome.text.contains(", 3 regions, "))
  }

  @Test(arguments: Level.allCases, regions.indices)
  func refuses(_ level: Level, _ region: Int) async throws {
    try await folder.buildLinux(level, into: "out", ["--copy"])
    try folder.flip("out/\(regions[region])")
    let refused = try await folder.run(["out/manifest.json"])
    #expect(refused.status == .exited(1))
    #expect(refused.output == [])
    #expect(
      refused.error.contains("error: out/manifest.json: \(regions[region]): sha256: "), "\(refused.error)")
    let outcome = try await folder.run(["out/manifest.json", "--unverified"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory: digest mismatch", "purgatory: region \(region) at 0x", "purgatory: expected ",
      "purgatory: computed ")
    #expect(!outcome.text.contains("Booting Linux"))
  }
}

/// A running kernel, an initramfs with examples/kexec-load, and the next kernel's manifest in it.
@Suite("kexec_load from a running Linux", .requiresQEMU, .requiresLinux)
struct KexecTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Boots a kernel that runs `script`, with `/next.d` made by `build --copy` for the machine.
  private func kexec(_ level: Level, script: String, spoiling file: String? = nil) async throws -> Outcome {
    try await buildKexecLoad()
    try await folder.buildLinux(level, into: "next.d", ["--copy"])
    if let file { try folder.flip("next.d/\(file)") }

    var archive = Archive(following: try LinuxInputs.bytes(LinuxInputs.initrdPath))
    archive.add(program: "next", Array("#!/bin/sh\n\(script)\n".utf8))
    archive.add(program: "kexec-load", try folder.read("kexec-load"))
    archive.add(folder: "next.d")
    for file in try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/next.d").sorted() {
      archive.add(file: "next.d/\(file)", try folder.read("next.d/\(file)"))
    }
    try folder.write(archive.finished(), to: "first.cpio")
    try await folder.buildLinux(level, initrd: "first.cpio", into: "first.d")
    return try await folder.run(["first.d/manifest.json"])
  }

  private func buildKexecLoad() async throws {
    let clang = try #require(Tools.find("clang"))
    try await Command.tool(
      "make",
      [
        "-s", "-f", "\(packageFolder)/examples/kexec-load/Makefile",
        "CC=\(clang) --target=aarch64-linux-gnu -fuse-ld=lld -Werror",
      ], in: folder.path)
  }

  @Test(arguments: Level.allCases)
  func boots(_ level: Level) async throws {
    let outcome = try await kexec(level, script: "exec /kexec-load --exec next.d/manifest.json")
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    let release = try LinuxInputs.release
    outcome.lines.expect(
      "purgatory: verified ", "Booting Linux on physical CPU",
      "userspace: reached on Linux \(release), linux,dummy-virt",
      "kexec-load: 4 segments, entry 0x", "kexec_core: Starting new kernel",
      "purgatory: version 2 at 0x", "purgatory: verified ", "Booting Linux on physical CPU",
      "CPU: All CPU(s) started at \(level.rawValue)",
      "userspace: reached on Linux \(release), linux,dummy-virt", "reboot: Power down")
    #expect(outcome.text.matches(of: /EL[12], 3 regions/).count == 2)
  }

  @Test(arguments: Level.allCases, regions.indices)
  func refuses(_ level: Level, _ region: Int) async throws {
    let outcome = try await kexec(
      level, script: "exec /kexec-load --exec next.d/manifest.json", spoiling: regions[region])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory: verified ", "kexec_core: Starting new kernel",
      "purgatory: digest mismatch", "purgatory: region \(region) at 0x", "purgatory: expected ",
      "purgatory: computed ")
    #expect(outcome.text.matches(of: /Booting Linux on/).count == 1)
  }

  /// What kexec-load refuses itself, and what it says of the kernel's own refusal.
  @Test func badManifests() async throws {
    let good = #""name":"purgatory","file":"next.d/purgatory.bin","size":SIZE,"memory_size":8192"#
    let rows: [(json: String, says: String)] = [
      ("", "bad.json: is empty"),
      ("x", "bad.json: byte 0: not what was expected: {"),
      ("{", "bad.json: byte 1: not what was expected: \""),
      (#"{"version":2,"entry":0,"segments":[]}"#, "bad.json: version 2, expected 1"),
      (#"{"version":1,"segments":[]}"#, "bad.json: byte 27: not what was expected: entry and segments in it"),
      (#"{"version":1,"entry":-1}"#, "bad.json: byte 21: not what was expected: a number from 0 to 2^64-1"),
      (
        #"{"version":1,"entry":18446744073709551616}"#,
        "bad.json: byte 40: not what was expected: a number from 0 to 2^64-1"
      ),
      (#"{"version":1,"entry":0,"segments":[],}"#, "bad.json: byte 37: not what was expected: \""),
      (#"{"version":1,"entry":0,"segments":[]} {"#, "bad.json: byte 38: not what was expected: the end"),
      (
        #"{"version":1,"entry":0,"segments":[{"name":"a"}]}"#,
        "bad.json: byte 47: not what was expected: name, file, base, size and memory_size in this segment"
      ),
      (
        #"{"more":[{"a":[1.5e3,null,"\"x\\"]},[],{}],"version":1,"entry":0,"segments":[]}"#,
        "bad.json: entry 0x0 is in no segment"
      ),
      (
        #"{"version":1,"entry":0,"segments":["# + String(repeating: "[", count: 20),
        "bad.json: byte 35: not what was expected: {"
      ),
      (
        #"{"more":"# + String(repeating: "[", count: 20),
        "bad.json: byte 16: not what was expected: less nesting"
      ),
      (
        #"{"version":1,"entry":4096,"segments":[{"base":4095,GOOD}]}"#,
        "bad.json: purgatory: base 0xfff, kexec needs a multiple of this kernel's page size 0x1000"
      ),
      (
        #"{"version":1,"entry":4096,"segments":[{"base":18446744073709547520,GOOD}]}"#,
        "bad.json: purgatory: ends above 2^64"
      ),
      (#"{"version":1,"entry":0,"segments":[{"base":4096,GOOD}]}"#, "bad.json: entry 0x0 is in no segment"),
      (
        #"{"version":1,"entry":4096,"segments":[{"base":4096,"name":"a","file":"none","size":1,"memory_size":1}]}"#,
        "none: no such file (ENOENT), errno 2"
      ),
      (
        #"{"version":1,"entry":4096,"segments":[{"base":4096,"name":"a","file":"init","size":1,"memory_size":1}]}"#,
        "init: "
      ),
      (
        #"{"version":1,"entry":4096,"segments":[{"base":4096,GOOD},{"base":4096,GOOD}]}"#,
        "kexec_load: refused (EINVAL)"
      ),
    ]
    var script = "cd /\nsize=$(stat -c %s next.d/purgatory.bin)\n"
    for row in rows {
      let json = row.json.replacing("GOOD", with: good)
      script += "printf '%s' '\(json)' | sed \"s/SIZE/$size/g\" >bad.json\n"
      script += "./kexec-load bad.json; echo \"status $?\"\n"
    }
    script += "./kexec-load; echo \"status $?\"; ./kexec-load --exec; echo \"status $?\"\n"
    let outcome = try await kexec(.el1, script: script)
    // Without what the kernel may say meanwhile, and what the system said first.
    let said = outcome.lines.drop { !$0.hasPrefix("userspace: ") }
    var rest = said.filter { !$0.hasPrefix("[") && !$0.hasPrefix("userspace: ") }[...]
    for row in rows {
      let error = rest.popFirst() ?? ""
      #expect(error.hasPrefix("error: \(row.says)"), "\(row.json): \(error)")
      #expect(rest.popFirst() == "status 1", "\(row.json)")
    }
    for _ in 0..<2 {
      #expect(rest.popFirst() == "usage: kexec-load [--exec] MANIFEST.json")
      rest = rest.dropFirst()
      #expect(rest.popFirst() == "status 64")
    }
  }
}
