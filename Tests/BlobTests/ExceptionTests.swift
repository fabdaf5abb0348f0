// ExceptionTests.swift — an exception at any stage, of any kind, is reported, and the failure action follows
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport
import Testing

/// Somewhere in the purgatory.
private struct Stage: Sendable {
  /// Its first instruction is overwritten.
  var routine: String
  var flags: PurgatoryInfo.Flags = []
  /// What the purgatory has said before it gets there.
  var said: @Sendable (PlacedBlob, Level) -> String
  var change: @Sendable (inout PurgatoryInfo) -> Void = { _ in }

  private static let nothing: @Sendable (PlacedBlob, Level) -> String = { _, _ in "" }
  private static let banner: @Sendable (PlacedBlob, Level) -> String = { Message.banner($0, $1) }

  static let all = [
    Stage(routine: "check_info", said: nothing),
    Stage(routine: "print_banner", said: nothing),
    Stage(routine: "report_bad_info", said: nothing) { $0.flags = [] },
    Stage(routine: "verify", said: banner),
    Stage(routine: "caches_on", said: banner),
    Stage(routine: "map_range", said: banner),
    Stage(routine: "sha256_final", said: banner),
    Stage(routine: "sha256_init", said: banner),
    Stage(routine: "verify_region", said: banner),
    Stage(routine: "sha256_update", said: banner),
    Stage(routine: "sha256_blocks_sha2", said: banner),
    Stage(routine: "sha256_blocks_scalar", flags: .noCrypto, said: banner),
    Stage(routine: "sha256_blocks_sha2", flags: .noCache, said: banner),
    Stage(routine: "compare_digest", said: banner),
    Stage(routine: "report_mismatch", said: banner) { $0.regions[0].digest = .zero },
    Stage(routine: "print_result", said: banner),
    Stage(routine: "new_table", said: banner),
  ]

  /// What the report of an exception needs itself; nil: it cannot be made.
  static let needed: [(routine: String, said: (@Sendable (PlacedBlob, Level) -> String)?)] = [
    ("caches_off", banner), ("clean_range", banner), ("write_regime", banner), ("record_status", banner),
    ("put_message", nil), ("put_string", nil), ("put_number", nil),
    ("fail", nil),
  ]
}

/// A kind of exception, provoked in the middle of a hash.
private struct Kind: Sendable {
  var name: String
  /// What provokes it; its last instruction is the one.
  var code: @Sendable (Level) -> [UInt32]
  var esr: UInt64
  /// ELR from the instruction.
  var elrOffset: Int = 0
  /// ELR, if it is not in the blob.
  var elr: UInt64?

  static let all = [
    Kind(name: "undefined", code: { _ in [Instruction.undefined] }, esr: 0x0200_0000),
    Kind(name: "sync", code: { _ in [Instruction.breakpoint] }, esr: 0xf200_0000),
    // mov x0, #TFP; msr cptr_el2, x0, or msr cpacr_el1, xzr; isb; movi v0.2d, #0
    Kind(
      name: "sync",
      code: { ($0 == .el2 ? [0xd280_8000, 0xd51c_1140] : [0xd518_105f]) + [Instruction.isb, 0x6f00_e400] },
      esr: 0x1fe0_0000),
    // adr x0, . + 1; br x0: the misaligned address is the branch's own less 3.
    Kind(name: "sync", code: { _ in [0x3000_0000, 0xd61f_0000] }, esr: 0x8a00_0000, elrOffset: -3),
    Kind(
      name: "instruction abort", code: { _ in Instruction.constant(0x6000_0000) + [0xd61f_0040] },  // br x2
      esr: 0x8600_0006, elr: 0x6000_0000),
    Kind(
      name: "data abort", code: { _ in Instruction.constant(0x6000_0000) + [0xf940_0042] }, esr: 0x9600_0006),
  ]
}

@Suite(.requiresQEMU) struct Exceptions {
  private static let region = Machine.Load(at: 0x4100_0000, .random(1000, seed: 92))

  private func scenario(_ level: Level, blobs: Int = 1) async throws -> Scenario {
    var scenario = try await Scenario(level, chain: chainBases(blobs))
    scenario.segments = [Self.region]
    for index in scenario.blobs.indices {
      try scenario.blobs[index].info.expect([Self.region], .verifyRegions)
      scenario.blobs[index].info.onFailure = .boot
    }
    return scenario
  }

  /// The console with FAR as the exception lines have it: where no address is to blame, it is any.
  private func expect(
    _ console: String, _ pieces: [(said: String, exception: ExceptionLine?)], then action: String
  ) {
    var lines = ExceptionLine.all(in: console)[...]
    let expected = pieces.map { said, exception in
      guard var exception else { return said }
      exception.far = lines.popFirst()?.far ?? 0
      return said + exception.text + action
    }
    #expect(console == expected.joined())
  }

  private func undefined(_ blob: PlacedBlob, at routine: String) throws -> ExceptionLine {
    let elr = try blob.address(of: routine)
    return ExceptionLine(
      name: "undefined", esr: 0x0200_0000, elr: elr, offset: elr - blob.base, far: 0)
  }

  @Test(
    "at every stage, cached and not, with boot-anyway: reported, and the kernel is entered",
    arguments: Level.allCases)
  func everyStage(_ level: Level) async throws {
    var scenario = try await scenario(level, blobs: Stage.all.count)
    var pieces: [(String, ExceptionLine?)] = []
    for (index, stage) in Stage.all.enumerated() {
      var blob = scenario.blobs[index]
      blob.info.flags.formUnion(stage.flags)
      stage.change(&blob.info)
      try blob.overwrite(stage.routine, with: [Instruction.undefined])
      scenario.blobs[index] = blob
      pieces.append((stage.said(blob, level), try undefined(blob, at: stage.routine)))
    }
    let report = try await scenario.report()
    expect(report.purgatory, pieces, then: Message.bootingAnyway)
    let violations = try scenario.violations(report)
    #expect(violations == [])
    for (blob, stage) in zip(scenario.blobs, Stage.all) {
      let status = try report.word(PURGATORY_INFO_status, of: blob)
      #expect(status == PURGATORY_STATUS_EXCEPTION, "\(stage.routine)")
    }
  }

  @Test("in what its report needs: reported if that can be, and a halt", arguments: Level.allCases)
  func inTheReport(_ level: Level) async throws {
    var scenario = try await scenario(level, blobs: Stage.needed.count)
    for (index, stage) in Stage.needed.enumerated() {
      var blob = scenario.blobs[index]
      try blob.overwrite(stage.routine, with: [Instruction.undefined])
      if stage.said == nil { blob.info.regions[0].digest = .zero }
      try blob.continueAfterHalt(at: blob.info.kernelEntry)
      scenario.blobs[index] = blob
    }
    let report = try await scenario.report()
    let lines = ExceptionLine.all(in: report.purgatory)
    for (blob, stage) in zip(scenario.blobs, Stage.needed) {
      let status = try report.word(PURGATORY_INFO_status, of: blob)
      #expect(status == PURGATORY_STATUS_EXCEPTION, "\(stage.routine)")
      guard let said = stage.said else { continue }
      let elr = try blob.address(of: stage.routine)
      guard let line = lines.first(where: { $0.elr == elr }) else {
        Issue.record("nothing is said of \(stage.routine)")
        continue
      }
      #expect(report.purgatory.contains(said(blob, level) + line.text + Message.halted), "\(stage.routine)")
    }
  }

  @Test("each kind is named, with its syndrome and the instruction's address", arguments: Level.allCases)
  func kinds(_ level: Level) async throws {
    var scenario = try await scenario(level, blobs: Kind.all.count)
    var pieces: [(String, ExceptionLine?)] = []
    for (index, kind) in Kind.all.enumerated() {
      var blob = scenario.blobs[index]
      let code = kind.code(level)
      try blob.overwrite("sha256_blocks_sha2", with: code)
      scenario.blobs[index] = blob
      let offset = UInt64(
        try blob.range(of: "sha256_blocks_sha2").lowerBound + 4 * (code.count - 1) + kind.elrOffset)
      let elr = kind.elr ?? blob.base + offset
      let line = ExceptionLine(name: kind.name, esr: kind.esr, elr: elr, offset: elr &- blob.base, far: 0)
      pieces.append((Message.banner(blob, level), line))
    }
    let report = try await scenario.report()
    expect(report.purgatory, pieces, then: Message.bootingAnyway)
    let violations = try scenario.violations(report)
    #expect(violations == [])
  }

  /// Where it begins and ends that is seen before anything of it is invalidated or hashed; here it is not asked.
  @Test("a region where no memory is: the address is named, cached and not", arguments: Level.allCases)
  func noMemory(_ level: Level) async throws {
    let flags: [PurgatoryInfo.Flags] = [[], .noCache, .noCrypto, [.noCache, .noCrypto], []]
    var scenario = try await scenario(level, blobs: flags.count)
    for (index, flags) in flags.enumerated() {
      scenario.blobs[index].info.flags.formUnion(flags)
      // The last: rounded up to pages it wraps.
      scenario.blobs[index].info.regions[1] =
        index < 4
        ? .init(base: 0x6000_0000, size: 0x1000) : .init(base: 0xffff_ffff_ffff_0000, size: 0xfff8)
      try scenario.blobs[index].skipTouching()
    }
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let exceptions = ExceptionLine.all(in: report.purgatory)
    #expect(exceptions.count == flags.count)
    for (blob, exception) in zip(scenario.blobs, exceptions) {
      let routine = blob.info.flags.contains(.noCrypto) ? "sha256_blocks_scalar" : "sha256_blocks_sha2"
      #expect(exception.name == "data abort")
      #expect(exception.far == blob.info.regions[1].base)
      #expect(try blob.range(of: routine).contains(Int(clamping: exception.offset)))
      #expect(exception.elr == blob.base + exception.offset)
      let info = try report.info(of: blob)
      #expect(info.status == .exception)
    }
    for exception in exceptions.prefix(4) {
      #expect(exception.esr == 0x9600_0010, "a synchronous external abort")
    }
  }

  @Test("a region that ends where no memory is: said at once, however large it is", arguments: Level.allCases)
  func noMemoryAtItsEnd(_ level: Level) async throws {
    let sizes: [UInt64] = [0x1000_0000, 0x4000_0000, 0x40_0000_0000, 0x7000_0000_0000_0000]
    var scenario = try await scenario(level, blobs: sizes.count)
    for (index, size) in sizes.enumerated() {
      scenario.blobs[index].info.regions[1] = .init(base: 0x4f00_0000, size: size)
    }
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    let exceptions = ExceptionLine.all(in: report.purgatory)
    #expect(exceptions.count == sizes.count)
    for ((blob, size), exception) in zip(zip(scenario.blobs, sizes), exceptions) {
      #expect(exception.name == "data abort")
      let base = blob.info.regions[1].base
      #expect(exception.far == base + min(size - 1, 0x4000_0000))
      #expect(try blob.range(of: "touch_region").contains(Int(clamping: exception.offset)))
      #expect(try report.info(of: blob).status == .exception)
    }
  }

  @Test(
    "a kernel that cannot be jumped to for an exception on the way: once more, then halt",
    arguments: Level.allCases)
  func secondException(_ level: Level) async throws {
    var scenario = try await scenario(level)
    try scenario.blobs[0].overwrite("boot_kernel", with: [Instruction.undefined])
    scenario.machine.stop = .init(after: Message.halted)
    let path = UInt64(PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2)
    let line = try undefined(scenario.blob, at: "boot_kernel")
    expect(
      try await scenario.console().replacing(/in [0-9]+ us/, with: "in N us"),
      [
        (Message.banner(scenario.blob, level) + Message.verified(scenario.blob, path), line),
        (Message.bootingAnyway, line), (Message.halted, nil),
      ], then: "")
  }

  @Test("before info is known to be good, without an entry: halt", arguments: [0, 2] as [UInt64])
  func noEntry(_ entry: UInt64) async throws {
    var scenario = try await scenario(.el1)
    scenario.info.kernelEntry = entry
    try scenario.blobs[0].overwrite("check_info", with: [Instruction.undefined])
    scenario.machine.stop = .init(after: Message.halted)
    expect(
      try await scenario.console(),
      [("", try undefined(scenario.blob, at: "check_info")), (Message.halted, nil)], then: "")
  }
}
