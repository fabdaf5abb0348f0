// BadManifestTests.swift — manifests that cannot be run: each reason in a line, and no QEMU started
// SPDX-License-Identifier: MIT

import PurgatoryKit
import Subprocess
import TestSupport
import Testing

@Suite struct BadManifestTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write([UInt8](repeating: 1, count: 100), to: "file")
  }

  /// What `run` says of the manifest `text`, which it has to refuse, digests or not. There is no QEMU in PATH.
  private func refusal(
    _ text: String, _ options: [String] = [], verified: Bool = false
  ) async throws -> [Substring] {
    try folder.write(text, to: "m.json")
    let outcome = try await folder.purgatory(
      ["run", "m.json"] + (verified ? [] : ["--unverified"]) + options, environment: ["PATH": "/nonexistent"])
    #expect(outcome.status == .exited(1))
    #expect(outcome.output == [])
    return outcome.error.split(separator: "\n")
  }

  private func segment(
    _ name: String = "segment", file: String = "file", base: String = "1342177280", size: Int = 100
  ) -> String {
    """
    {"name":"\(name)","file":"\(file)","base":\(base),"size":100,"memory_size":\(size),"sha256":""}
    """
  }

  private func manifest(entry: String = "1342177280", _ segments: String...) -> String {
    #"{"version":1,"entry":\#(entry),"segments":[\#(segments.joined(separator: ","))]}"#
  }

  @Test func whatIsNoManifest() async throws {
    let expected = ", expected what purgatory build writes into a manifest"
    func fault(_ text: String) async throws -> String {
      let lines = try await refusal(text)
      #expect(lines.count == 2 && lines.last == "help: purgatory build --output-dir DIR writes one")
      return lines.first.map(String.init) ?? ""
    }
    #expect(try await fault("{") == "error: m.json: no JSON, or a number out of range" + expected)
    #expect(try await fault("{}") == "error: m.json: version: nothing" + expected)
    #expect(
      try await fault(#"{"version":1,"entry":null,"segments":[]}"#) == "error: m.json: entry: null" + expected
    )
    #expect(
      try await fault(#"{"version":2,"entry":0,"segments":[]}"#) == "error: m.json: version: 2, expected 1")
    #expect(
      try await fault(#"{"version":1,"entry":"0","segments":[]}"#)
        == "error: m.json: entry: a value of another type" + expected)
    #expect(
      try await fault(#"{"version":1,"entry":0,"segments":{}}"#)
        == "error: m.json: segments: a value of another type" + expected)
    #expect(
      try await fault(manifest(segment(), segment(base: "-1")))
        == "error: m.json: no JSON, or a number out of range" + expected)
    #expect(
      try await fault(manifest(#"{"name":"dtb","base":0,"size":1,"memory_size":1,"sha256":""}"#))
        == "error: m.json: segments[0].file: nothing" + expected)
  }

  @Test func whatIsNeitherManifestNorImage() async throws {
    #expect(
      try await refusal("nonsense") == [
        "error: m.json: header: no arm64 Image header, expected an arm64 Image (\"ARM\\x64\" at 0x38)",
        "help: for a payload that is no Linux kernel use --segment and --kernel-entry",
      ])
    let outcome = try await folder.purgatory(["run", "none.json"])
    #expect(outcome.error == "error: none.json: no such file or directory\nhelp: ls -la .\n")
  }

  /// All of them.
  @Test func filesThatAreMissing() async throws {
    try folder.write([], to: "empty")
    #expect(
      try await refusal(
        manifest(segment(file: "none"), segment(), segment(file: "empty"), segment(file: "tmp"))) == [
          "error: \(folder.path)/none: no such file or directory", "help: ls -la \(folder.path)",
          "error: \(folder.path)/empty: is empty", "help: see whether what writes it failed",
          "error: \(folder.path)/tmp: is a directory", "help: name a file in it",
        ])
  }

  /// Every way in which the files are not what the manifest says, each with its file; CheckTests has them all.
  @Test func filesThatAreNotWhatTheManifestSays() async throws {
    let digest = Digest(of: [UInt8](repeating: 1, count: 100))
    let help = "help: build the folder again: purgatory build --output-dir"
    #expect(
      try await refusal(manifest(segment(size: 99), segment(base: "1342177388")), verified: true) == [
        "error: m.json: file: sha256: \(digest), expected ",
        "error: m.json: file: memory size: 0x63, expected at least the file's 100 bytes",
        "error: m.json: file: sha256: \(digest), expected ",
        "error: m.json: file: address: 0x5000006c, expected a multiple of 16",
        "error: m.json: segments: 0 purgatories, expected exactly one", help[...],
      ])
  }

  @Test func aFolderWhoseFilesChanged() async throws {
    try await Guest().build(in: folder)
    func run(_ path: String, _ options: [String] = []) async throws -> Outcome {
      try await folder.purgatory(["run", path] + options, environment: ["PATH": "/nonexistent"])
    }
    let noQEMU = "error: qemu-system-aarch64: not found, expected QEMU in PATH\n"
    for path in ["out", "out/", "out/manifest.json"] {
      try #expect(await run(path).error.hasPrefix(noQEMU), "\(path)")
    }
    let before = Digest(of: try folder.read("guest"))
    try folder.flip("guest")
    let after = Digest(of: try folder.read("guest"))
    for path in ["out", "out/manifest.json"] {
      let outcome = try await run(path)
      #expect(outcome.status == .exited(1))
      #expect(outcome.output == [])
      let lines = outcome.error.split(separator: "\n").filter { $0.hasPrefix("error: ") }
      #expect(
        lines == [
          "error: out/manifest.json: ../guest: sha256: \(after), expected \(before)",
          """
          error: out/manifest.json: purgatory.bin: region 0: sha256 \(before), expected \(after), \
          that of ../guest
          """,
        ])
      try #expect(await run(path, ["--unverified"]).error.hasPrefix(noQEMU))
    }
  }

  @Test func addresses() async throws {
    let help = "help: run it with more --memory, or build it with --memory 0x40000000+SIZE"
    let memory = "expected memory of the machine: 0x40000000-0x80000000"
    #expect(
      try await refusal(
        manifest(
          segment(base: "1073741808"), segment(base: "2147483552"),
          segment("kernel", base: "1610612736", size: 1 << 30),
          segment())) == [
          "error: m.json: segment: 0x3ffffff0-0x40000054, \(memory)",
          "error: m.json: segment: 0x7fffffa0-0x80000004, \(memory)",
          "error: m.json: kernel: 0x60000000-0xa0000000, \(memory)", help[...],
        ])
    #expect(
      try await refusal(manifest(segment(base: "18446744073709551600"))) == [
        "error: m.json: segment: base 0xfffffffffffffff0, expected an end below 2^64",
        "help: build the folder again: purgatory build --output-dir DIR",
      ])
    #expect(try await refusal(manifest(segment()), ["--memory", "128M"]).count == 2)
    // Enough of it: then there is only no QEMU.
    #expect(
      try await refusal(manifest(segment()), ["--memory", "257M"]).first
        == "error: qemu-system-aarch64: not found, expected QEMU in PATH")
  }

  @Test func theMachinesOwnDeviceTree() async throws {
    let help = "help: build it with --memory 0x40100000+SIZE"
    #expect(
      try await refusal(
        manifest(
          segment(base: "1073741824"), segment(base: "1074790384"), segment(base: "1074790400"), segment()))
        == [
          """
          error: m.json: segment: 0x40000000-0x40000064, expected nothing at 0x40000000-0x40100000, \
          where QEMU puts a device tree of its own
          """,
          """
          error: m.json: segment: 0x400ffff0-0x40100054, expected nothing at 0x40000000-0x40100000, \
          where QEMU puts a device tree of its own
          """, help[...],
        ])
  }

  @Test func anEntryInNoSegment() async throws {
    for entry in ["0", "1342177279", "1342177380"] {
      let lines = try await refusal(manifest(entry: entry, segment()))
      #expect(
        lines == [
          "error: m.json: entry: \(String(hex: UInt64(entry) ?? 0)), expected an address in a segment",
          "help: build the folder again: purgatory build --output-dir DIR",
        ])
    }
    #expect(try await refusal(manifest()).count == 2)
    #expect(try await refusal(manifest(entry: "1342177379", segment())).first?.contains("QEMU") ?? false)
  }

  /// What the machine is chosen by has to be what it says; a device tree that is none is the purgatory's to refuse.
  @Test func segmentsThatAreNot() async throws {
    let lines = try await refusal(manifest(segment("purgatory")))
    #expect(lines.first?.hasPrefix("error: \(folder.path)/file: ") ?? false)
    #expect(try await refusal(manifest(segment("dtb"))).first?.contains("QEMU") ?? false)
  }

  @Test func usage() async throws {
    for (options, because) in [
      (["--expect", ""], "--expect"), (["--timeout", "0"], "--timeout"), (["--timeout=-1"], "--timeout"),
      (["--timeout", "9223372036854775807"], "--timeout"), (["--timeout", "1.5"], "--timeout"),
      (["--el", "3"], "--el"), (["--memory", "1X"], "--memory"), ([], "<file>"),
    ] as [([String], String)] {
      let outcome = try await folder.purgatory(["run"] + options + (options.isEmpty ? [] : ["m.json"]))
      #expect(outcome.status == .exited(64), "\(options)")
      #expect(outcome.error.contains(because), "\(options): \(outcome.error)")
      #expect(outcome.error.hasSuffix("\nhelp: purgatory help run\n"), "\(outcome.error)")
    }
  }
}
