// CrashDumpTests.swift — a crash, a crash kernel that was verified, a dump of the crashed system; or damage, and none
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite("a crash dump", .requiresQEMU, .requires(.testingKernel, .busybox, .kexec, .kexecLibraries))
struct CrashDumpTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(try LoaderInput.kexec.bytes, to: "kexec")
  }

  /// Something that only the crash kernel's initrd has.
  private static let padding = [UInt8].random(4096, seed: 13)

  private static let sayPadding = "\necho \"padding:$(busybox od -A n -t u1 -N 3 /padding)\""

  private func guest(
    _ regime: Regime = .el1, kexec: String, saving save: String = CrashDump.saveNotes
  ) async throws -> Guest {
    try await Guest.build("vmcore", ["-static"], in: folder)
    let reader = try folder.read("vmcore")
    var guest = try Guest(
      crashing: regime, kexec: try folder.read(kexec),
      initrd: try await Guest.secondInitrd(
        save + Self.sayPadding, files: ["bin/vmcore": reader, "padding": Self.padding], in: folder))
    guest.files["bin/vmcore"] = reader
    return guest
  }

  private func graft(_ more: [String] = []) async throws {
    if more.isEmpty {
      let outcome = try await Page.kdump.run("graft", in: folder)
      try #require(outcome.status == .exited(0), "\(outcome.error)")
    } else {
      try await folder.done(["graft", "kexec", "-o", "kexec-purgatory"] + more)
    }
  }

  /// Loads, and crashes once `before` has said something.
  private func script(load: String? = nil, before: String) throws -> String {
    """
    \(try load ?? Page.kdump.text("load"))
    \(before) | { read line; echo "first: $line"; echo "first: $(ticks)"
    \(try Page.kdump.text("crash"))
    }
    """
  }

  private static let holding = "vmcore hold"

  // MARK: The dump

  @Test(arguments: Regime.allCases)
  func itIsWhole(_ regime: Regime) async throws {
    try await graft()
    let console = try await guest(regime, kexec: "kexec-purgatory", saving: CrashDump.save).run(
      try script(before: Self.holding), at: regime.level, in: folder)
    #expect(console.contains(regime.evidence))
    #expect(console.contains("\n1\n") && console.contains("\nfirst: held\n"), "a crash kernel is loaded")
    let lines = console.split(separator: "\n").filter { $0.hasPrefix("purgatory: ") }
    #expect(lines.count == 2, "\(lines)")
    #expect(lines.first?.contains(", \(regime.level.name), 4 regions, ") == true, "\(lines)")
    #expect(lines.last?.hasSuffix(" us (sha2+cache)") == true, "\(lines)")
    try expectLines("said", in: console)
    #expect(try CrashDump.markers(console) > 0, "\(console.suffix(1000))")
    try await CrashDump.expectNotes(console, in: folder)
  }

  @Test func aMarkerThatNobodyHeldIsNotFound() async throws {
    try await graft()
    let console = try await guest(kexec: "kexec-purgatory", saving: CrashDump.save).run(
      try script(before: "echo"), in: folder)
    #expect(try CrashDump.markers(console) == 0)
    #expect(try !readDamage(console))
  }

  /// Expects the lines of a block of the page in this order, with other numbers.
  private func expectLines(_ block: String, in console: String) throws {
    let numbers = /0x[0-9a-f]+|[0-9a-f]{64}|[0-9a-f]+…|\d+/
    var rest = console.split(separator: "\n").map { $0.replacing(numbers, with: "#") }[...]
    for line in try Page.kdump.text(block).split(separator: "\n") {
      let expected = line.replacing(numbers, with: "#")
      let found = rest.firstIndex(of: expected)
      #expect(found != nil, "no '\(line)' in:\n\(console.suffix(4000))")
      rest = found.map { rest[($0 + 1)...] } ?? []
    }
  }

  // MARK: Damage

  /// What is changed of the crash kernel between its being loaded and the crash.
  enum Damage: CaseIterable {
    case kernel, initrd
  }

  /// A run in which `damage` is done before the crash.
  private func damaged(
    _ damage: Damage, _ guest: Guest, load: String? = nil, at level: Guest.Level = .el1
  ) async throws -> String {
    var guest = guest
    let commands = try Page.kdump.text("flip")
    let marker = Array(Self.padding.prefix(32))
    guest.replies = [
      .init(to: "first: loaded", keys: "\n") { memory in
        switch damage {
        case .kernel: try shell(commands, in: memory.file.removingLastComponent().string)
        case .initrd: #expect(try memory.flip(everywhere: marker) > 0)
        }
      }
    ]
    return try await guest.run(
      try script(load: load, before: "(echo 'first: loaded' >&2; read key; echo go)"), at: level,
      in: folder)
  }

  @Test(arguments: [(Damage.kernel, Regime.el1), (.initrd, .el1), (.kernel, .el2e2h), (.initrd, .el2)])
  func itIsRefusedAndTheMachineComesBack(_ damage: Damage, _ regime: Regime) async throws {
    try await graft()
    let load = try Page.kdump.text("load").replacing("--serial", with: "-d --serial")
    let console = try await damaged(
      damage, try await guest(regime, kexec: "kexec-purgatory"), load: load, at: regime.level)
    #expect(console.contains(regime.evidence))
    #expect(
      console.contains("segment[0].mem   = 0x60000000\n"), "where the page's command presumes the kernel")
    try expectLines("refused", in: console)
    #expect(!console.contains("core: begin"))
    #expect(console.components(separatedBy: "Booting Linux").count == 2)
  }

  @Test func withBootThereIsADumpAllTheSame() async throws {
    try await graft(["--on-failure", "boot"])
    let console = try await damaged(.initrd, try await guest(kexec: "kexec-purgatory"))
    #expect(console.contains("\npurgatory: digest mismatch\n"), "\(console.suffix(4000))")
    #expect(try readDamage(console))
    try await CrashDump.expectNotes(console, in: folder)
  }

  @Test func whatIsNotVerifiedIsNotNoticed() async throws {
    try await graft()
    let load = try Page.kdump.text("load").replacing("--serial", with: "--no-checks --serial")
    let console = try await damaged(.initrd, try await guest(kexec: "kexec-purgatory"), load: load)
    #expect(console.contains("\npurgatory: checks skipped\n") && !console.contains("digest mismatch"))
    #expect(try readDamage(console))
  }

  @Test func kexecToolsOwnPurgatoryRefusesItToo() async throws {
    var guest = try await guest(kexec: "kexec")
    guest.stop = .init(after: "sha256 digests do not match :(")
    #expect(try await !damaged(.kernel, guest).contains("core: begin"))
  }

  /// Whether the crash kernel's system read the file that was damaged.
  private func readDamage(_ console: String) throws -> Bool {
    let said = try #require(
      console.firstMatch(of: /\npadding: +(\d+) +(\d+) +(\d+)\n/), "\(console.suffix(4000))")
    let bytes = [said.1, said.2, said.3].compactMap { UInt8($0) }
    let intact = Array(Self.padding.prefix(3))
    #expect(bytes == intact || bytes == [intact[0] ^ 1, intact[1], intact[2]])
    return bytes != intact
  }

  // MARK: The machine of the page

  @Test func thePagesMachineCrashes() async throws {
    try await graft()
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/Image", withDestinationPath: LoaderInput.testingKernel.path)
    let guest = try await guest(kexec: "kexec-purgatory", saving: CrashDump.save)
    try await guest.pack(try script(before: Self.holding), in: folder)
    let outcome = try await QEMU.slots.run { try await Page.kdump.run("machine", in: folder) }
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    let console = outcome.text.replacingOccurrences(of: "\r", with: "")
    #expect(console.contains("\npurgatory: verified "), "\(console.suffix(4000))")
    #expect(try CrashDump.markers(console) > 0)
  }

  // MARK: Time

  /// From the crash to the start of the crash kernel's clock, a moment before its first line, in instructions: with
  /// `-icount shift=0` the counter counts one for each.
  private func instructions(_ guest: Guest, load: String? = nil) async throws -> UInt64 {
    var guest = guest
    guest.machineArguments = ["-icount", "shift=0,sleep=off"]
    guest.stop = .init(after: "core: begin")
    let console = try await guest.run(
      try script(load: load, before: Self.holding), in: try Folder())
    let first = try #require(
      console.firstMatch(of: /\nfirst: (\d+) 1000000000 \d+\n/), "\(console.suffix(4000))")
    let second = try #require(
      console.firstMatch(of: /\nsecond: \d+ 1000000000 (\d+)\n/), "\(console.suffix(4000))")
    let start = try #require(UInt64(first.1))
    let end = try #require(UInt64(second.1))
    try #require(end > start)
    return end - start
  }

  @Test func theCrashKernelStartsSooner() async throws {
    try await graft()
    let unverified = try Page.kdump.text("load").replacing("--serial", with: "--no-checks --serial")
    let (grafted, original) = (try await guest(kexec: "kexec-purgatory"), try await guest(kexec: "kexec"))
    // Each takes minutes; what they count is the same however fast the host is.
    async let first = instructions(grafted)
    async let second = instructions(original)
    async let third = instructions(original, load: unverified)
    let (ours, theirs, none) = try await (first, second, third)
    print(
      "crash to the crash kernel's clock, in million instructions: kexec-tools \(theirs / 1_000_000), "
        + "ours \(ours / 1_000_000), no verification \(none / 1_000_000)")
    #expect(none < ours && ours < theirs)
  }
}

/// Runs commands that have to succeed, in the midst of a run of QEMU.
private func shell(_ commands: String, in folder: String) throws {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-ec", commands]
  process.currentDirectoryURL = URL(filePath: folder)
  process.standardError = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw ToolFailure(description: commands) }
}
