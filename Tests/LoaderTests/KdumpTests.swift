// KdumpTests.swift — a real crash, in an interrupt that met a task in streaming SVE mode, and the crash kernel
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite("kdump", .requiresQEMU, .requires(.testingKernel, .busybox, .kexec, .kexecLibraries))
struct KdumpTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// A guest with a crash kernel loaded, and a task that spins in streaming mode when the crash comes from the serial line.
  private func guest(_ regime: Regime, source: String) async throws -> Guest {
    try folder.write(try LoaderInput.kexec.bytes, to: "kexec")
    let outcome = try await Command.run(
      try Command.purgatory.get(), ["graft", "kexec", "-o", "grafted", "--source", source], in: folder.path)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    try await Guest.build("streaming", ["-static"], in: folder)
    var guest = try Guest(
      crashing: regime, kexec: try folder.read("grafted"), initrd: try await Guest.secondInitrd(in: folder))
    guest.files["streaming"] = try folder.read("streaming")
    guest.cpu += ",sme_fa64=off"
    guest.replies = [.init(to: "first: streaming", keys: Machine.Reply.breakAndC)]
    return guest
  }

  /// A kernel thread that watches memory would be what the panic interrupts, now and then.
  private static let script = """
    [ ! -e /sys/module/damon_stat/parameters/enabled ] || echo N > /sys/module/damon_stat/parameters/enabled
    echo 1 > /proc/sys/kernel/sysrq
    kexec -c -p Image --initrd=initrd.img --reuse-cmdline --serial=ttyAMA0
    /streaming &
    sleep 1
    echo "first: streaming"
    wait
    """

  @Test(arguments: Regime.allCases)
  func theCrashKernelIsReached(_ regime: Regime) async throws {
    let guest = try await guest(regime, source: "\(packageFolder)/purgatory")
    let console = try await guest.run(Self.script, at: regime.level, in: folder)
    #expect(console.contains(regime.evidence))
    #expect(console.contains(" Comm: streaming Kdump: loaded "), "the panic was raised in its context")
    let lines = console.split(separator: "\n").filter { $0.hasPrefix("purgatory: ") }
    #expect(lines.count == 2, "\(lines)")
    #expect(lines.last?.hasSuffix(" us (sha2+cache)") == true, "\(lines)")
    #expect(console.contains("\nuserspace: reached on Linux "), "\(console.suffix(4000))")
  }

  @Test func withoutLeavingStreamingModeItIsNot() async throws {
    let source = "\(folder.path)/source"
    try FileManager.default.copyItem(atPath: "\(packageFolder)/purgatory", toPath: source)
    let file = "\(source)/streaming.S"
    let routine = try String(contentsOfFile: file, encoding: .utf8)
    let gutted = routine.replacing(
      "func leave_streaming_mode", with: "func leave_streaming_mode\n    ret", maxReplacements: 1)
    try #require(gutted != routine)
    try gutted.write(toFile: file, atomically: true, encoding: .utf8)
    var guest = try await guest(.el1, source: source)
    guest.stop = .init(after: "purgatory: halted")
    let console = try await guest.run(Self.script, in: folder)
    #expect(console.contains("purgatory: exception: sync, esr 0x76000001"), "\(console.suffix(4000))")
  }
}
