// FirstInstructionTests.swift — an exception before the console is known, and states that a crash leaves behind
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct FirstInstructions {
  /// Where the purgatory's first instructions are, in the order in which they run, once VBAR is its own.
  private static func places(_ blob: PlacedBlob, _ level: Level) throws -> [Int] {
    let entry = try blob.range(of: "purgatory_entry")
    let takeOver = try blob.range(of: "take_over")
    let calls = entry.filter { $0 % 4 == 0 }
    let call = { (routine: String) in
      try #require(
        calls.first { offset in
          blob.callTarget(at: offset) == (try? blob.range(of: routine).lowerBound)
        })
    }
    // In take_over: from behind the isb that follows VBAR, to the end of this level's part and the common one.
    let barriers = takeOver.filter { $0 % 4 == 0 && blob.instruction(at: $0) == Instruction.isb }
    try #require(barriers.count == 3)
    let mine = level == .el2 ? barriers[0] : barriers[1]
    let next = level == .el2 ? barriers[0]..<barriers[1] : barriers[1]..<barriers[2]
    let branch = try #require(
      next.first { $0 % 4 == 0 && $0 > mine && blob.instruction(at: $0) >> 26 == 0b000101 })
    var places = Array(stride(from: mine + 4, through: branch, by: 4))
    places += Array(stride(from: barriers[2], to: takeOver.upperBound, by: 4))
    places += Array(stride(from: try call("take_over") + 4, to: try call("verify"), by: 4))
    for routine in ["invalidate_range", "save_system_state", "console_init", "leave_streaming_mode"] {
      places += Array(
        stride(
          from: try blob.range(of: routine).lowerBound, to: try blob.range(of: routine).upperBound, by: 4))
    }
    return places
  }

  @Test(
    "an undefined instruction at each place is reported, or, before info is known, ends in a halt",
    arguments: Level.allCases)
  func everyPlace(_ level: Level) async throws {
    let good = try await PlacedBlob(at: 0)
    let places = try Self.places(good, level)
    // Each blob halts, or comes through if its instruction is not reached; either way the next is entered.
    var scenario = try await Scenario(level, chain: chainBases(places.count))
    for (index, place) in places.enumerated() {
      var blob = scenario.blobs[index]
      blob.info.onFailure = .halt
      blob.info.skipChecks = true
      try blob.continueAfterHalt(at: blob.info.kernelEntry)
      blob.setInstruction(at: place, to: Instruction.undefined)
      scenario.blobs[index] = blob
    }
    let report = try await scenario.report()
    var reported = 0
    var silent = 0
    let lines = ExceptionLine.all(in: report.purgatory)
    for (blob, place) in zip(scenario.blobs, places) {
      let status = try report.info(of: blob).status
      if let line = lines.first(where: { $0.elr == blob.base + UInt64(place) }) {
        #expect(line.name == "undefined")
        #expect(status == .exception)
        #expect(report.purgatory.contains(line.text + Message.halted))
        reported += 1
      } else if status == .exception {
        silent += 1
        let mayBe = Self.isBeforeInfo(place, good)
        #expect(mayBe, "\(Message.hex(UInt64(place))) is silent")
      } else {
        #expect(status == .skipped, "\(Message.hex(UInt64(place)))")
      }
    }
    #expect(reported > 20 && silent > 30, "\(reported) reported, \(silent) silent of \(places.count)")
  }

  /// Whether info cannot be read yet, or what it says was not taken yet.
  private static func isBeforeInfo(_ place: Int, _ blob: PlacedBlob) -> Bool {
    let early = ["take_over", "invalidate_range", "save_system_state"]
    if early.contains(where: { (try? blob.range(of: $0))?.contains(place) == true }) { return true }
    guard let entry = try? blob.range(of: "purgatory_entry") else { return false }
    let consoleIsKnown = entry.first { offset in
      offset % 4 == 0 && blob.callTarget(at: offset) == (try? blob.range(of: "console_init").lowerBound)
    }
    if let known = consoleIsKnown, entry.contains(place), place <= known { return true }
    // console_init's own: before the base is loaded.
    guard let initialise = try? blob.range(of: "console_init") else { return false }
    return initialise.contains(place)
  }

  @Test(
    "a hypervisor that shows TCR2 and does not let it be used: reported, and no reason not to boot",
    arguments: Level.allCases)
  func tcr2(_ level: Level) async throws {
    var scenario = try await Scenario(level, chain: chainBases(2))
    scenario.segments = [.init(at: 0x4100_0000, .random(1000, seed: 120))]
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(scenario.segments, .verifyRegions)
      try scenario.blobs[index].showTCR2()
    }
    scenario.blobs[1].info.flags.insert(.noCache)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    let lines = ExceptionLine.all(in: report.purgatory)
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(
      report.timeless
        == Message.banner(scenario.blobs[0], level) + line.text + Message.bootingAnyway
        + Message.banner(scenario.blobs[1], level)
        + Message.verified(scenario.blobs[1], UInt64(PURGATORY_PATH_SHA2)))
    #expect(try scenario.blob.range(of: "read_regime").contains(Int(clamping: line.offset)))
  }

  @Test("E2H that reads as 0 where it is 1 all the same")
  func e2hReadsAsZero() async throws {
    var scenario = try await Scenario(.el2e2h, chain: chainBases(2))
    scenario.probe.setup.formUnion([.junk, .trapFP])
    scenario.segments = [.init(at: 0x4100_0000, .random(1000, seed: 121))]
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect(scenario.segments, .verifyRegions)
      try scenario.blobs[index].hideE2H()
    }
    scenario.blobs[1].info.flags.insert(.noCache)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(try scenario.blobs.map { try report.info(of: $0).status } == [.verified, .verified])
    #expect(
      try report.info(of: scenario.blob).verifyPath == UInt64(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2))
  }

  @Test(
    "entered at EL3: bad info, and a halt, whatever the failure action",
    arguments: PurgatoryInfo.FailureAction.allCases)
  func el3(_ action: PurgatoryInfo.FailureAction) async throws {
    var scenario = try await Scenario(
      blob: 0x100_1000_0000, probe: Probe(base: 0x100_0100_0000, uart: 0x6000_0000))
    try scenario.verify([.init(at: 0x100_0200_0000, .random(1000, seed: 122))])
    scenario.setSBSA()
    scenario.info.onFailure = action
    scenario.machine.start = scenario.blob.base
    scenario.machine.loads = scenario.segments + [scenario.blob.load]
    scenario.machine.stop = .init(after: Message.halted)
    #expect(try await scenario.machine.run().console == Message.badInfo("entered at EL3") + Message.halted)
  }

  @Test(
    "an interrupt with superpriority, which DAIF does not mask, is taken neither by the purgatory nor at the jump"
  )
  func nmi() async throws {
    var scenario = try await Scenario()
    scenario.setFirmware(.pendsNMI)
    scenario.machine.type += ",gic-version=3"
    scenario.probe.sctlrBits = 1 << 61
    try scenario.verify([.init(at: 0x4100_0000, .random(1000, seed: 123))])
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    #expect(report.timeless == (try Message.success(scenario, report)))
    #expect(report.after.restored["sctlr"]! & 1 << 61 != 0)
  }

  @Test("that it is pending is seen: without ALLINT it is taken at the jump")
  func nmiIsSeen() async throws {
    var scenario = try await Scenario()
    scenario.setFirmware(.pendsNMI)
    scenario.machine.type += ",gic-version=3"
    scenario.probe.sctlrBits = 1 << 61
    try scenario.verify([.init(at: 0x4100_0000, .random(1000, seed: 123))])
    try scenario.blobs[0].replaceInstructions("msr allint, #1") { instruction, _ in
      instruction == 0xd501_411f ? Instruction.nop : nil
    }
    scenario.machine.stop = .init(after: "exception.")
    #expect(try await scenario.console().contains("(sha2+cache)\r\nexception."))
  }

  @Test("superpriority interrupts are masked at the jump", arguments: Level.allCases)
  func allint(_ level: Level) async throws {
    var scenario = try await Scenario(level)
    scenario.machine.type += ",gic-version=3"
    scenario.info.skipChecks = true
    let report = try await scenario.report()
    #expect(try #require(report.before).allint == 0)
    #expect(report.after.allint == 1 << 13)
    #expect(try scenario.violations(report) == [])
  }

  @Test(
    "boot anyway, after an exception at any of the first instructions that are reported",
    arguments: Level.allCases)
  func boot(_ level: Level) async throws {
    let good = try await PlacedBlob(at: 0)
    let entry = try good.range(of: "purgatory_entry")
    let invalidate = try good.range(of: "invalidate_range").lowerBound
    let all = Array(stride(from: entry.lowerBound, to: entry.upperBound, by: 4))
    let places = all.drop { good.callTarget(at: $0) != invalidate }  // VBAR is the purgatory's before
    let consoleInit = try good.range(of: "console_init").lowerBound
    let known = try #require(all.first { good.callTarget(at: $0) == consoleInit })
    // One run each: what the stub leaves in the registers is junk, and what an earlier purgatory leaves would not be.
    for place in places {
      var scenario = try await Scenario(level)
      scenario.probe.setup.insert(.junk)
      scenario.info.onFailure = .boot
      scenario.info.skipChecks = true
      try scenario.blobs[0].continueAfterHalt(at: scenario.probe.kernel)
      scenario.blobs[0].setInstruction(at: place, to: Instruction.undefined)
      let report = try await scenario.report()  // an exception on the way to the kernel is an error
      let status = try report.info(of: scenario.blob).status
      if let line = ExceptionLine.all(in: report.purgatory).first {
        // The last that does not know the action yet is what loads it, behind console_init.
        let action = place <= known + 4 ? Message.halted : Message.bootingAnyway
        #expect(report.purgatory.contains(line.text + action), "\(Message.hex(UInt64(place)))")
      } else {
        #expect([.exception, .skipped].contains(status), "\(Message.hex(UInt64(place)))")
      }
    }
  }
}

extension Scenario {
  /// A machine that starts at EL3, with RAM wholly above 1 TiB.
  mutating func setSBSA() {
    machine.type = "sbsa-ref"
    machine.memory = "1G"
    machine.arguments = ["-smp", "1", "-global", "bochs-display.romfile=", "-global", "e1000e.romfile="]
    machine.stop = .init(after: Probe.lastLine)
    probe.conduit = .none
    for index in blobs.indices { blobs[index].info.console?.base = 0x6000_0000 }
  }
}
