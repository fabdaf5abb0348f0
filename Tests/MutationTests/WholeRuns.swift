// WholeRuns.swift — the blob from its entry to the jump, in an emulator that takes a millisecond for it
// SPDX-License-Identifier: MIT

import Emulation
import Foundation
import PurgatoryABI
import TestSupport

@testable import BlobTests
@testable import PurgatoryKit

/// At EL1, where the caches may be on but the MMU never is: libunicorn cannot fetch through it. The instruction that sets
/// SCTLR.M is left out; QEMU has it.
struct WholeRun: Sendable {
  struct Broken: Error, CustomStringConvertible {
    let description: String
  }

  /// What must come of it.
  struct Outcome: Sendable {
    var console: String
    var status: PurgatoryInfo.Status
    var path: Int32 = PURGATORY_PATH_CACHED | PURGATORY_PATH_SHA2
    var failedRegion: UInt32 = 0
    var boots = true
  }

  var name: String
  var change: @Sendable (inout PlacedBlob) -> Void
  var outcome: @Sendable (PlacedBlob) -> Outcome

  static let base: UInt64 = 0x4020_0000
  private static let kernel: UInt64 = 0x1000
  private static let uart: UInt64 = 0x0900_0000
  private static let memory: Range<UInt64> = 0x4100_0000..<0x4101_0000
  private static let memorySize = 0x1_0000
  private static let loads = [
    Machine.Load(at: 0x4100_0010, .random(1000, seed: 1)),
    Machine.Load(at: 0x4100_1000, .random(64, seed: 2)),
    Machine.Load(at: 0x4100_1040, .random(391, seed: 3)),
    Machine.Load(at: 0x4100_2000, [UInt8](repeating: 0, count: 48)),
  ]
  private static let x0: UInt64 = 0x1234_5678_9abc_def0
  private static let entrySP: UInt64 = 0x4100_f008
  /// Each held what the last kernel left.
  private static let registers: [(Resident.SystemRegister, UInt64)] = [
    (.init(3, 0, 1, 0, 2), 0x0100_0000),  // CPACR: SMEN, where there is no SME
    (.init(3, 0, 12, 0, 0), 0x4100_8800),  // VBAR
    (.init(3, 0, 2, 0, 2), 0x0000_0000_8080_3510),  // TCR
    (.init(3, 0, 2, 0, 0), 0x4100_9000),  // TTBR0
    (.init(3, 0, 10, 2, 0), 0x0000_0000_44ff_0400),  // MAIR
    (.init(3, 0, 1, 0, 0), 0x0000_0000_30d0_0800),  // SCTLR
  ]
  private static let frequency = Resident.SystemRegister(3, 3, 14, 0, 0)

  static let all: [WholeRun] = {
    let sha2 = PURGATORY_PATH_SHA2
    let cached = PURGATORY_PATH_CACHED
    let wrong: @Sendable (PlacedBlob, Int) -> String = { blob, index in
      let region = blob.info.regions[index]
      return Message.mismatch(
        region: index, .init(base: region.base, size: region.size, digest: region.digest),
        bias: blob.info.flags.contains(.relative) ? blob.base : 0,
        computed: Digest(hashing: loads[index].bytes))
    }
    func good(_ name: String, _ path: Int32, _ change: @escaping @Sendable (inout PlacedBlob) -> Void)
      -> WholeRun
    {
      WholeRun(name: name, change: change) {
        Outcome(
          console: Message.banner($0, .el1) + Message.verified($0, UInt64(clamping: path)), status: .verified,
          path: path)
      }
    }
    func bad(_ reason: String, _ change: @escaping @Sendable (inout PlacedBlob) -> Void) -> WholeRun {
      WholeRun(name: reason, change: change) { _ in
        Outcome(
          console: Message.badInfo(reason) + Message.bootingAnyway, status: .badInfo, path: 0)
      }
    }
    return [
      good("regions", sha2 | cached) { _ in },
      good("combined", sha2 | cached) {
        $0.info.flags = .verifyCombined
        for index in loads.indices { $0.info.regions[index].digest = .zero }
      },
      good("both, scalar", cached) { $0.info.flags = [.verifyRegions, .verifyCombined, .noCrypto] },
      good("no cache", sha2) { $0.info.flags.insert(.noCache) },
      good("neither", 0) { $0.info.flags.formUnion([.noCache, .noCrypto]) },
      good("relative", sha2 | cached) {
        $0.info.flags.insert(.relative)
        $0.info.kernelEntry &-= base
        $0.info.dtbAddress = 0x4100_3000 &- base
        $0.info.resultAddress &-= base
        for index in loads.indices { $0.info.regions[index].base &-= base }
      },
      good("a device tree", sha2 | cached) { $0.info.dtbAddress = 0x4100_3000 },
      good("no result", sha2 | cached) { $0.info.resultAddress = 0 },
      good("a slow UART of bytes", sha2 | cached) {
        $0.info.console = .init(.uart8250, base: uart)
      },
      good("a raw UART", sha2 | cached) { $0.info.console = .init(.raw, base: uart) },
      WholeRun(name: "quiet", change: { $0.info.flags.insert(.quiet) }) { _ in
        Outcome(console: "", status: .verified)
      },
      WholeRun(name: "skipped", change: { $0.info.skipChecks = true }) {
        Outcome(console: Message.banner($0, .el1) + Message.skipped, status: .skipped, path: 0)
      },
      WholeRun(name: "a region differs", change: { $0.info.regions[2].digest = .zero }) {
        Outcome(
          console: Message.banner($0, .el1) + wrong($0, 2) + Message.bootingAnyway, status: .mismatch,
          failedRegion: 2)
      },
      WholeRun(
        name: "a relative region differs, cached",
        change: {
          $0.info.flags.insert(.relative)
          $0.info.kernelEntry &-= base
          $0.info.resultAddress &-= base
          for index in loads.indices { $0.info.regions[index].base &-= base }
          $0.info.regions[0].digest = .zero
        }
      ) {
        Outcome(
          console: Message.banner($0, .el1)
            + wrong($0, 0) + Message.bootingAnyway, status: .mismatch)
      },
      WholeRun(
        name: "all of them differ",
        change: {
          $0.info.flags = [.verifyCombined, .noCache]
          $0.info.combinedDigest = .zero
        }
      ) {
        Outcome(
          console: Message.banner($0, .el1)
            + Message.mismatch(combined: .zero, computed: Digest(hashing: loads.flatMap(\.bytes)))
            + Message.bootingAnyway, status: .mismatch, path: sha2, failedRegion: .max)
      },
      WholeRun(
        name: "halt",
        change: {
          $0.info.regions[1].digest = .zero
          $0.info.onFailure = .halt
        }
      ) {
        Outcome(
          console: Message.banner($0, .el1) + wrong($0, 1) + Message.halted, status: .mismatch,
          failedRegion: 1,
          boots: false)
      },
      WholeRun(name: "no entry", change: { $0.info.kernelEntry = 2 }) { _ in
        Outcome(
          console: Message.badInfo("kernel_entry") + Message.halted, status: .badInfo, path: 0, boots: false)
      },
      WholeRun(name: "no UART that is known", change: { $0.patch(PURGATORY_INFO_console_access, UInt32(2)) })
      { _ in
        Outcome(console: "", status: .verified)
      },
      bad("nothing to verify") { $0.info.flags = [] },
      bad("region base") { $0.info.regions[3].base += 8 },
    ]
  }()

  /// Runs all, up to the first that is not as it must be.
  static func checkAll() async throws {
    var built = try await PlacedBlob(at: base)
    built.info.console = .init(.pl011, base: uart)
    built.info.onFailure = .boot
    built.info.kernelEntry = kernel
    built.info.resultAddress = loads[3].address + 16
    try built.info.expect(loads, .verifyRegions)
    built.info.combinedDigest = try Digest(
      of: loads.map { try Segment(role: .segment, file: "segment", bytes: $0.bytes, base: $0.address) })
    let cachesOn = try built.range(of: "caches_on")
    try? built.replaceInstructions("orr x0, x0, #SCTLR_M") { instruction, offset in
      cachesOn.contains(offset) && instruction == 0xb240_0000 ? 0xd503_201f : nil
    }
    let core = try Resident()
    try core.map(base..<built.end)
    try core.map(memory)
    try core.map(kernel..<kernel + 0x1000)
    try core.mapUART(at: uart)
    core.place(built.load.bytes, at: base)
    try core.watchBlocks()
    let entries = try routineEntries(built)
    for run in all {
      try run.check(built, core)
      let through = core.takeBlocks().first { block in
        entries.contains { block.lowerBound < $0 && $0 < block.upperBound }
      }
      if let through { throw Broken(description: "\(run.name): \(through) falls into another routine") }
    }
  }

  /// Where routines begin, but those that others fall into.
  private static func routineEntries(_ blob: PlacedBlob) throws -> [UInt64] {
    let folder = "\(packageFolder)/purgatory"
    let entries = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".S") }
      .flatMap { file in
        let source = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        let fallenInto = Set(source.matches(of: /(?m)^ *falls_into +(\w+)$/).map(\.1))
        return source.matches(of: /(?m)^func +(\w+)$/).map(\.1).filter { !fallenInto.contains($0) }
      }
    return try entries.map { try blob.address(of: String($0)) }
  }

  private func check(_ built: PlacedBlob, _ core: Resident) throws {
    var blob = built
    change(&blob)
    let wanted = outcome(blob)
    func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
      if !condition { throw Broken(description: "\(name): \(what())") }
    }
    core.fill(at: Self.memory.lowerBound, count: Self.memorySize, with: 0x3c)
    for load in Self.loads { core.place(load.bytes, at: load.address) }
    core.place(blob.load.bytes, at: Self.base)
    for (register, value) in Self.registers { try core.set(register, to: value) }
    try core.setPSTATE(0b0101)
    for index in 0..<30 { core[x: index] = 0xdead_0000_0000_0000 | UInt64(index) }
    core[x: 0] = Self.x0
    core[x: Resident.sp] = Self.entrySP
    core.setUARTStatus([0, 0x80, 0x98, 0x20, 0x40, 0xf0])
    let before = core.read(at: Self.memory.lowerBound, count: Self.memorySize)
    _ = core.takeOutput()

    let end = try core.call(Self.base, returningTo: Self.kernel, limit: 3_000_000)
    let console = core.takeOutput().replacing(/in [0-9]+ us/, with: "in N us")
    try require(console == wanted.console, "said \(console), expected \(wanted.console)")
    // Of the width that info says; and a UART that cannot be asked is not read.
    let accesses = core.takeUARTAccesses()
    let width = max(1, Int(clamping: blob.info.console?.uart.access ?? 1))
    try require(accesses.allSatisfy { $0.size == width }, "UART accesses \(accesses.prefix(4))")
    let isAsked = accesses.contains { $0.kind == .read }
    try require(accesses.isEmpty || isAsked == (blob.info.console?.uart.mask != 0), "UART reads: \(isAsked)")
    let info = core.read(at: blob.infoAddress, count: PurgatoryInfo.size)
    let results = Int(PURGATORY_INFO_status)..<Int(PURGATORY_INFO_result_addr)
    var expectedInfo = blob.infoBytes
    expectedInfo.replaceSubrange(results, with: info[results])
    try require(info == expectedInfo, "info changed")
    let found = try PurgatoryInfo(decoding: built.infoBytes.replacing(results, from: info))
    try require(found.status == wanted.status, "status \(found.status)")
    try require(found.verifyPath == UInt64(clamping: wanted.path), "path \(found.verifyPath)")
    try require(found.failedRegion == wanted.failedRegion, "failed region \(found.failedRegion)")
    if wanted.status == .verified { try require(found.verifyTicks > 0, "no time") }
    let code = blob.bytes
    let start = PlacedBlob.infoRange.upperBound
    try require(
      core.read(at: Self.base + UInt64(start), count: code.count - start) == Array(code[start...]),
      "code changed")

    var memory = before
    if let place = blob.resultPlace, wanted.boots {
      var cells = [UInt32(clamping: wanted.status.rawValue), wanted.failedRegion]
      let frequency = max(1, try core.systemRegister(Self.frequency))
      cells += [UInt32(clamping: found.verifyTicks &* 1_000_000 / frequency), UInt32(clamping: wanted.path)]
      let offset = Int(clamping: place - Self.memory.lowerBound)
      let bytes = cells.flatMap { cell in withUnsafeBytes(of: cell.bigEndian) { Array($0) } }
      memory.replaceSubrange(offset..<offset + 16, with: bytes)
    }
    try require(
      core.read(at: Self.memory.lowerBound, count: Self.memorySize) == memory, "memory changed")
    guard wanted.boots else {
      guard case .stopped(let place) = end else {
        throw Broken(description: "\(name): \(end), expected to halt")
      }
      // Whatever wakes it up, it halts again.
      let again = try core.resume(at: place, until: Self.kernel, limit: 1000)
      try require(again == end, "woken up, \(again)")
      return
    }
    try require(end == .returned, "\(end)")
    let dtb = blob.info.dtbAddress == 0 ? Self.x0 : 0x4100_3000
    try require((0..<4).map { core[x: $0] } == [dtb, 0, 0, 0], "x0 to x3")
    try require(core[x: Resident.sp] == Self.entrySP, "sp")
    try require(core.pstate() & 0x3cf == 0x3c5, "PSTATE")
    for (register, value) in Self.registers {
      try require(core.systemRegister(register) == value, "a system register changed")
    }
  }
}

extension [UInt8] {
  fileprivate func replacing(_ range: Range<Int>, from other: [UInt8]) -> [UInt8] {
    var result = self
    result.replaceSubrange(range, with: other[range])
    return result
  }
}
