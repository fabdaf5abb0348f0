// KexecSourceTests.swift — kexec-tools built from Debian's source with this purgatory in it, and both kernels it loads
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite(
  "kexec-tools from source", .requiresQEMU,
  .requires(.kexecSource, .testingKernel, .busybox, .kexec, .kexecLibraries),
  .enabled(
    if: Tools.isCI || ["make", "gcc", "aarch64-linux-gnu-gcc"].allSatisfy { Tools.inPath($0) != nil },
    "make, gcc or aarch64-linux-gnu-gcc is not in PATH"))
struct KexecSourceTests {
  let folder: Folder
  let source: Folder

  init() throws {
    folder = try Folder()
    source = try Folder()
    let tree = LoaderInput.kexecSource.path
    for name in try FileManager.default.contentsOfDirectory(atPath: tree) {
      try FileManager.default.copyItem(atPath: "\(tree)/\(name)", toPath: "\(source.path)/\(name)")
    }
  }

  @Test func itLoadsAKernelAndACrashKernel() async throws {
    let built = try await Page.loaders.run("source", in: source)
    try #require(built.status == .exited(0), "\(built.error)")
    let program = try source.read("build/sbin/kexec")
    try await hasWhatGraftPutsThere(program)

    let guest = try Guest(
      crashing: .el1, kexec: program, initrd: try await Guest.secondInitrd(in: folder))
    let load = try Page.loaders.text("kexec").split(separator: "\n")
    let crash = try ["load", "crash"].map { try Page.kdump.text($0) }.joined(separator: "\n")
    for (script, regions) in [
      ("\(load[0]) -d\n\(load[1])", 3), (crash.replacing("--serial", with: "-d --serial"), 4),
    ] {
      let console = try await guest.run(script, in: folder)
      #expect(console.contains("kexec_load: entry = 0x"))
      #expect(!console.contains("machine_apply_elf_rel: "))
      let lines = console.split(separator: "\n").filter { $0.hasPrefix("purgatory: ") }
      #expect(lines.count == 2, "\(lines)")
      #expect(lines.first?.contains(", EL1, \(regions) regions, ") == true, "\(lines)")
      #expect(lines.last?.hasPrefix("purgatory: verified ") == true, "\(lines)")
      #expect(console.contains("\nuserspace: reached on Linux "), "\(console.suffix(4000))")
    }
  }

  private func hasWhatGraftPutsThere(_ program: [UInt8]) async throws {
    try folder.write(try LoaderInput.kexec.bytes, to: "kexec")
    try await folder.done(["graft", "kexec", "-o", "grafted"])
    try await folder.done(["build", "--format", "ro"])
    let object = try folder.read("purgatory.ro")
    for program in [program, try folder.read("grafted")] {
      let range = try #require(EmbeddedELF.all(in: program).first).range
      #expect(program[range].starts(with: object))
    }
    // As it would be without the third line.
    #expect(try #require(EmbeddedELF.all(in: folder.read("kexec")).first).range.count > object.count)
  }
}
