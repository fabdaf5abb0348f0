// URootTests.swift — the Go package for u-root: its own tests, what it fills in, and Linux to Linux through it
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

/// integrations/u-root, and its command.
private enum URoot {
  static let folder = "\(packageFolder)/integrations/u-root"

  /// Builds the command as `program`, for a running arm64 Linux without a C library unless `environment` is another.
  static func build(
    _ program: String, tags: String = "",
    for environment: [String: String] = ["GOOS": "linux", "GOARCH": "arm64", "CGO_ENABLED": "0"],
    in output: Folder
  ) async throws {
    let outcome = try await Go.run(
      ["build", "-tags", tags, "-o", "\(output.path)/\(program)", "./cmd/purgatory-load"], in: folder,
      environment: environment)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
  }
}

@Suite("The Go package for u-root", .requiresGo)
struct URootTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test func isVetted() async throws {
    for environment in [[:], ["GOOS": "linux", "GOARCH": "arm64"]] {
      for tags in ["", "flip"] {
        let outcome = try await Go.run(
          ["vet", "-tags", tags, "./..."], in: URoot.folder, environment: environment)
        #expect(outcome.status == .exited(0), "\(outcome.error)")
      }
    }
    let gofmt = try #require(Tools.inPath("gofmt"))
    #expect(try await Command.run(gofmt, ["-l", "."], in: URoot.folder).text == "")
  }

  @Test func passesItsTests() async throws {
    let outcome = try await Go.run(["test", "-count=1", "-v", "./..."], in: URoot.folder)
    #expect(outcome.status == .exited(0), "\(outcome.text)\(outcome.error)")
    #expect(!outcome.text.contains("--- SKIP"), "\(outcome.text)")
    #expect(outcome.text.contains("\nok  \tpurgatory\t"))
  }

  /// A copy of it whose constants are another header's: its tests find each.
  @Test(arguments: [
    ("INFO_VERSION        2", "INFO_VERSION        3", "PURGATORY_INFO_VERSION: 0x3 in the header, 0x2 here"),
    (
      "INFO_result_addr    0x378", "INFO_result_addr    0x370",
      "result_addr: at 0x370 in the header, at 0x378"
    ),
    (
      "PL011          { 4, 0x00, 0x18", "PL011          { 4, 0x00, 0x14",
      "PURGATORY_CONSOLE_PL011: [4 0 20 8 0] in the"
    ),
  ])
  func noticesAnotherHeader(_ line: String, _ changed: String, _ says: String) async throws {
    try folder.makeFolder("integrations")
    try folder.makeFolder("purgatory/include")
    try FileManager.default.copyItem(atPath: URoot.folder, toPath: "\(folder.path)/integrations/u-root")
    let header = try String(
      contentsOfFile: "\(packageFolder)/purgatory/include/purgatory_info.h", encoding: .utf8)
    try #require(header.contains(line))
    try folder.write(header.replacing(line, with: changed), to: "purgatory/include/purgatory_info.h")
    let outcome = try await Go.run(["test", "."], in: "\(folder.path)/integrations/u-root")
    #expect(outcome.status == .exited(1))
    #expect(outcome.text.contains(says), "\(outcome.text)")
  }

  /// The README's lines of Go are, in this order, the example's, which its tests run.
  @Test func theReadmeHasTheExample() throws {
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(URoot.folder)/\(name)", encoding: .utf8)
    }
    let blocks = try text("README.md").components(separatedBy: "```go\n").dropFirst()
    let lines = try #require(blocks.first?.components(separatedBy: "\n```").first).split(separator: "\n")
    #expect(lines.count > 10)
    var example = try text("example_test.go").split(separator: "\n")[...]
    for line in lines {
      let found = try #require(example.firstIndex(of: line), "\(line): not in example_test.go, or before")
      example = example[(found + 1)...]
    }
  }

  /// What it fills in is, byte for byte, what `purgatory patch` does.
  @Test func fillsInAsPatchDoes() async throws {
    try await URoot.build("purgatory-load", for: [:], in: folder)
    try await folder.done(["build", "-o", "purgatory.bin"])
    try await folder.done(["build", "-o", "Image"])  // a flat purgatory is an arm64 Image
    try folder.write(TreeNode("").dtb(), to: "board.dtb")
    var segments = ["board.dtb@0x48000000"]
    for (index, size) in [1, 55, 56, 64, 65, 119, 120, 4096, 5000].enumerated() {
      try folder.write(.random(size, seed: UInt64(size)), to: "size-\(size)")
      segments.append("size-\(size)@\(0x5000_0000 + index * 0x2000)")
    }
    segments.append("size-1@0x51000000+0x1801")  // zeros behind the file
    let named = ["--dtb", segments[0]] + segments.dropFirst().flatMap { ["--segment", $0] }
    let options = ["--console", "pl011@0x9000000", "--psci", "hvc", "--on-failure", "reset"]
    try await folder.done(
      [
        "build", "-o", "ignored.bin", "--manifest", "manifest.json", "--load-address", "0x60000000",
        "--kernel", "Image@0x40200000",
      ] + named)
    // All of a kernel's memory is verified, as patch does it of a segment whose size is given.
    let manifest = try Manifest(decoding: folder.read("manifest.json"), file: "manifest.json")
    let size = try #require(manifest.segments.first { $0.name == "kernel" }).memorySize
    #expect(size > UInt64(try folder.read("Image").count))
    let patch = ["patch", "purgatory.bin", "-o", "patched.bin"] + options
    let placed = ["Image@0x40200000+\(size)"] + segments
    try await folder.done(
      patch + ["--kernel-entry", "0x40200000", "--dtb-addr", "0x48000000"]
        + placed.flatMap { ["--segment", $0] })

    try folder.write("40000000-7fffffff : System RAM\n", to: "iomem")
    let outcome = try await Command.run(
      "\(folder.path)/purgatory-load",
      [
        "-console", "pl011@0x9000000", "-psci", "hvc", "-on-failure", "reset", "-iomem", "iomem", "-o",
        "filled.bin", "purgatory.bin", "manifest.json",
      ], in: folder.path)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    #expect(try folder.read("filled.bin") == folder.read("patched.bin"))
    #expect(try folder.read("filled.bin") != folder.read("purgatory.bin"))
  }
}

/// From one running kernel to the next, in an initramfs that has the command.
@Suite("The Go package for u-root, on a running Linux", .requiresGo, .requiresQEMU, .requiresLinux)
struct URootKexecTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Boots a kernel that runs `script`, with the command, a purgatory with nothing filled in, and the next kernel's files.
  private func boot(
    _ level: Level, running script: String, tags: String = "", more: [String: [UInt8]] = [:],
    commandLine: String = LinuxInputs.commandLine, next options: [String] = []
  ) async throws -> Outcome {
    try await URoot.build("purgatory-load", tags: tags, in: folder)
    try await folder.done(["build", "-o", "purgatory.bin"])
    try await folder.buildLinux(level, into: "next.d", ["--copy"] + options)

    var archive = Archive(following: try LinuxInputs.bytes(LinuxInputs.initrdPath))
    archive.add(program: "next", Array("#!/bin/sh\n\(script)\n".utf8))
    archive.add(program: "purgatory-load", try folder.read("purgatory-load"))
    archive.add(file: "purgatory.bin", try folder.read("purgatory.bin"))
    for (name, bytes) in more { archive.add(file: name, bytes) }
    archive.add(folder: "next.d")
    for file in ["manifest.json"] + regions {
      archive.add(file: "next.d/\(file)", try folder.read("next.d/\(file)"))
    }
    try folder.write(archive.finished(), to: "first.cpio")
    try await folder.buildLinux(
      level, initrd: "first.cpio", into: "first.d", ["--cmdline", commandLine])
    return try await folder.run(["first.d/manifest.json"])
  }

  private static let load = """
    /purgatory-load -e -console pl011@0x9000000 -on-failure poweroff purgatory.bin next.d/manifest.json
    """

  private func expectTheSecondKernel(_ level: Level, in outcome: Outcome) throws {
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    let release = try LinuxInputs.release
    outcome.lines.expect(
      "userspace: reached on Linux \(release), linux,dummy-virt",
      "purgatory-load: 4 segments, entry 0x", "kexec_core: Starting new kernel",
      "purgatory: version 2 at 0x", "purgatory: verified ", "Booting Linux on physical CPU",
      "CPU: All CPU(s) started at \(level.rawValue)",
      "userspace: reached on Linux \(release), linux,dummy-virt", "userspace: purgatory: verified in ",
      "reboot: Power down")
    #expect(outcome.text.matches(of: /userspace: purgatory: verified in/).count == 2, "each told its system")
    #expect(outcome.text.matches(of: /Booting Linux on/).count == 2)
    #expect(outcome.text.matches(of: /EL[12], 3 regions/).count == 2)
    // It is where the package put it, not where `purgatory build` did.
    let entries = outcome.text.matches(of: /purgatory: version 2 at (0x[0-9a-f]+)/).map(\.1)
    let loaded = try #require(outcome.text.firstMatch(of: /segments, entry (0x[0-9a-f]+)/)).1
    #expect(entries.last == loaded)
  }

  @Test(arguments: Level.allCases)
  func boots(_ level: Level) async throws {
    try expectTheSecondKernel(level, in: await boot(level, running: Self.load))
  }

  enum Flip: CaseIterable {
    case nothing, kernel, deviceTree, initrd, digest
    var script: String {
      switch self {
      case .nothing: ""
      case .kernel: "FLIP=segment:0 "
      case .deviceTree: "FLIP=segment:1 "
      case .initrd: "FLIP=segment:2 "
      case .digest: "FLIP=digest:1 "
      }
    }
    /// The region that is named.
    var region: Int? {
      switch self {
      case .nothing: nil
      case .kernel: 0
      case .deviceTree, .digest: 1
      case .initrd: 2
      }
    }
  }

  /// The command built so that it flips a bit after it digested everything; the control flips none.
  @Test(arguments: Flip.allCases.map { (Level.el1, $0) } + [(.el2, .nothing), (.el2, .initrd)])
  func refuses(_ level: Level, _ flip: Flip) async throws {
    let outcome = try await boot(level, running: flip.script + Self.load, tags: "flip")
    guard let region = flip.region else { return try expectTheSecondKernel(level, in: outcome) }
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory-load: 4 segments, entry 0x", "kexec_core: Starting new kernel",
      "purgatory: version 2 at 0x", "purgatory: digest mismatch", "purgatory: region \(region) at 0x",
      "purgatory: expected ", "purgatory: computed ", "purgatory: powering off")
    #expect(outcome.text.matches(of: /Booting Linux on/).count == 1)
  }

  /// Where the first kernel crashes, into the memory that it set aside; with a bit flipped there is no second one.
  @Test(arguments: Level.allCases, [Flip.nothing, .initrd])
  func entersOnACrash(_ level: Level, _ flip: Flip) async throws {
    let outcome = try await boot(
      level,
      running: """
        \(flip.script)/purgatory-load -p -console pl011@0x9000000 -on-failure poweroff purgatory.bin next.d/manifest.json
        echo "crash kernel: $(cat /sys/kernel/kexec_crash_loaded)"
        echo c >/proc/sysrq-trigger
        """, tags: "flip", commandLine: "\(LinuxInputs.commandLine) crashkernel=256M@0x60000000",
      next: ["--memory", "0x60000000+256M"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    outcome.lines.expect(
      "purgatory-load: 4 segments, entry 0x6", "crash kernel: 1", "Kernel panic - not syncing: sysrq",
      "purgatory: version 2 at 0x6")
    if let region = flip.region {
      outcome.lines.expect("purgatory: digest mismatch", "purgatory: region \(region) at 0x6")
      #expect(outcome.text.matches(of: /Booting Linux on/).count == 1)
    } else {
      outcome.lines.expect(
        "Bye!", "purgatory: verified ", "userspace: reached on Linux \(try LinuxInputs.release)")
    }
  }

  /// 15 segments and the purgatory are what the kernel takes; of more it is not asked. And what else is refused there.
  @Test func refusals() async throws {
    // Each file has /init in it, and zeros behind that.
    func segments(_ count: Int) -> [UInt8] {
      let segments = (0..<count).map {
        #"{"name":"segment","file":"/init","base":\#(0x6000_0000 + $0 * 0x10000),"memory_size":65536,"sha256":"SUM"},"#
      }
      return Array(segments.joined().utf8)
    }
    let script = """
      cd /
      try() { ./purgatory-load "$@"; echo "status $?, loaded $(cat /sys/kernel/kexec_loaded)"; }
      sum=$(sha256sum /init | cut -d ' ' -f 1)
      for count in 15 16; do
        sed "s/SUM/$sum/g" "more-$count" >more
        tr -d '\\n' <next.d/manifest.json | awk -v more="$(cat more)" '{ sub(/\\[/, "[" more); print }' >next.d/$count.json
      done
      try purgatory.bin next.d/16.json
      head -c 4096 purgatory.bin >short.bin
      try short.bin next.d/manifest.json
      try purgatory.bin next.d/15.json
      echo 1 >/proc/sys/kernel/kexec_load_disabled
      try purgatory.bin next.d/15.json
      echo 1 >next.d/devicetree.dtb
      try purgatory.bin next.d/manifest.json
      """
    let outcome = try await boot(
      .el1, running: script, more: ["more-15": segments(12), "more-16": segments(13)])
    outcome.lines.expect(
      "error: next.d/16.json: segments: 16, expected at most 15: kexec_load takes 16, and one is the purgatory",
      "status 1, loaded 0",
      "error: short.bin: end: no \"PURGEND.\" before byte 4096", "status 1, loaded 0",
      "purgatory-load: 16 segments, entry 0x", "status 0, loaded 1",
      "error: kexec_load: entry 0x", "status 1, loaded 1",
      "error: next.d/devicetree.dtb: SHA-256 ", "status 1, loaded 1")
    #expect(
      outcome.text.contains("operation not permitted: needs root, and kernel.kexec_load_disabled=0"),
      "\(outcome.text)")
  }
}
