// KexecTests.swift — from one running Debian kernel into another, with Debian's kexec and with the grafted one
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite("kexec-tools", .requiresQEMU, .requires(.kernel, .busybox, .kexec, .kexecLibraries))
struct KexecTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  enum Program: String, CaseIterable {
    case debian, grafted
  }

  private func guest(_ program: Program) async throws -> Guest {
    try folder.write(try LoaderInput.kexec.bytes, to: "kexec")
    if program == .grafted {
      let outcome = try await Page.loaders.run("graft", in: folder)
      try #require(outcome.status == .exited(0), "\(outcome.error)")
    }
    return Guest(files: [
      "kexec": try folder.read(program == .grafted ? "kexec-purgatory" : "kexec"),
      "Image": try LoaderInput.kernel.bytes, "initrd.img": try await Guest.secondInitrd(in: folder),
    ])
  }

  /// Loads with -d, then leaves: as the page has it for the grafted program.
  private func script(load: String = "") throws -> String {
    let lines = try Page.loaders.text("kexec").split(separator: "\n")
    try #require(lines.count == 2)
    return """
      echo "first: Linux $(uname -r)"
      \(load)\(lines[0]) -d
      echo "first: $(ticks)"
      \(lines[1])
      """
  }

  @Test(arguments: Program.allCases, Guest.Level.allCases)
  func theSecondKernelIsReached(_ program: Program, _ level: Guest.Level) async throws {
    let console = try await guest(program).run(try script(), at: level, in: folder)
    #expect(console.contains("\nuserspace: reached on Linux "), "\(console.suffix(4000))")
    #expect(console.contains("kexec_load: entry = 0x"))
    let relocations = console.components(separatedBy: "machine_apply_elf_rel: ").dropFirst()
    switch program {
    case .debian: #expect(relocations.count > 50)
    case .grafted:
      #expect(relocations.isEmpty)
      #expect(!console.contains("\nsym:"))
      let lines = console.split(separator: "\n").filter { $0.hasPrefix("purgatory: ") }
      #expect(lines.count == 2, "\(lines)")
      let name = level == .el1 ? "EL1" : "EL2"
      #expect(lines.first?.contains(", \(name), 3 regions, ") == true, "\(lines)")
      #expect(lines.last?.hasPrefix("purgatory: verified ") == true, "\(lines)")
    }
    try report(program, level, console, relocations: relocations.count)
  }

  @Test(arguments: Guest.Level.allCases)
  func aByteThatChangedAfterItWasHashedIsRefused(_ level: Guest.Level) async throws {
    var guest = try await guest(.grafted)
    try await Guest.build("flip", ["-shared", "-fPIC"], in: folder)
    guest.files["flip"] = try folder.read("flip")
    // The purgatory in `kexec` halts on a mismatch, as it does by default.
    guest.stop = .init(after: "purgatory: halted")
    let console = try await guest.run(try script(load: "LD_PRELOAD=/flip "), at: level, in: folder)
    #expect(console.contains("purgatory: digest mismatch\npurgatory: expected "), "\(console.suffix(4000))")
    #expect(!console.contains("userspace: reached"))
    #expect(console.components(separatedBy: "Booting Linux").count == 2)
  }

  /// From `kexec -e` to the start of the second kernel's clock, in the guest's time: told, not judged.
  private func report(
    _ program: Program, _ level: Guest.Level, _ console: String, relocations: Int
  ) throws {
    func ticks(_ prefix: String) throws -> [UInt64] {
      let line = try #require(
        console.split(separator: "\n").last { $0.hasPrefix(prefix) && !$0.contains("Linux") })
      return line.dropFirst(prefix.count).split(separator: " ").compactMap { UInt64($0) }
    }
    let first = try ticks("first: ")
    let second = try ticks("second: ")
    try #require(first.count == 3 && second.count == 3)
    #expect(second[2] > first[0])
    let milliseconds = (second[2] - min(first[0], second[2])) * 1000 / max(second[1], 1)
    print(
      "kexec -e to the second kernel, \(program.rawValue), \(level): \(milliseconds) ms, \(relocations) relocations"
    )
  }
}
