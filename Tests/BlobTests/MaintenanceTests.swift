// MaintenanceTests.swift — cache and TLB maintenance: what, where, and when. No emulator has caches, but EL2 sees it
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite(.requiresQEMU) struct MaintenanceLog {
  /// Of both cores (Arm's TRMs, CTR_EL0.DminLine).
  private static let line: UInt64 = 64
  private static let cores = ["cortex-a72", "neoverse-n1"]

  /// Whole lines; lines in part at either end, at both, and one in whose middle a region lies.
  private static let loads = [
    Machine.Load(at: 0x4100_0000, .random(0x1000, seed: 110)),
    Machine.Load(at: 0x4110_0030, .random(0x1010, seed: 111)),
    Machine.Load(at: 0x4120_0000, .random(0x1234, seed: 112)),
    Machine.Load(at: 0x4130_0010, .random(17, seed: 113)),
    Machine.Load(at: 0x4140_0fc0, .random(64, seed: 114)),
  ]

  private func run(
    _ cpu: String, _ change: (inout Scenario) throws -> Void = { _ in }
  ) async throws -> (Scenario, [Maintenance]) {
    var scenario = try await Scenario(cpu: cpu)
    scenario.setFirmware(.logsMaintenance)
    scenario.probe.log = Maintenance.log
    scenario.machine.loads.append(Maintenance.load)
    scenario.windows.append(.init(address: Maintenance.log, size: Maintenance.logSize, .words))
    try scenario.verify(Self.loads)
    scenario.info.onFailure = .boot
    try change(&scenario)
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    return (scenario, try Maintenance.all(in: report))
  }

  /// The lines of a range; those that it covers only in part.
  private func lines(_ base: UInt64, _ end: UInt64) -> Set<UInt64> {
    Set(stride(from: base & ~(Self.line - 1), to: end, by: Int(clamping: Self.line)))
  }

  private func shared(_ base: UInt64, _ end: UInt64) -> Set<UInt64> {
    lines(base, end).filter { $0 < base || $0 + Self.line > end }
  }

  private func lines(_ operations: some Sequence<Maintenance>, _ kinds: [Maintenance.Operation]) -> Set<
    UInt64
  > {
    Set(operations.filter { kinds.contains($0.operation) }.map { $0.operand & ~(Self.line - 1) })
  }

  @Test(
    "before the caches are on, exactly the blob's and the regions' lines are forgotten, shared ones saved first",
    arguments: cores)
  func before(_ cpu: String) async throws {
    let (scenario, log) = try await run(cpu)
    let before = log.prefix { !$0.mmuIsOn }
    #expect(before.allSatisfy { !$0.cacheIsOn })
    let regions = Self.loads.map { (base: $0.address, end: $0.end) }
    let blob = scenario.blob
    let wanted = regions.reduce(into: lines(blob.base, blob.end - PageTables.room)) {
      $0.formUnion(lines($1.base, $1.end))
    }
    let touched = lines(before, [.dcIVAC, .dcCIVAC])
    #expect(wanted.subtracting(touched) == [])
    // Of the room for tables those that are in use, from its start.
    let tables = touched.subtracting(wanted)
    #expect(tables.allSatisfy { $0 >= blob.end - PageTables.room && $0 < blob.end })
    #expect(tables.contains(blob.end - PageTables.room))

    let shared = regions.reduce(into: shared(blob.base, blob.end)) {
      $0.formUnion(self.shared($1.base, $1.end))
    }
    #expect(lines(before, [.dcIVAC]).isDisjoint(with: shared), "a neighbour's bytes would be lost")
    #expect(lines(before, [.dcCIVAC]).isSuperset(of: shared))
    let own = regions.reduce(into: Set<UInt64>()) { $0.formUnion(lines($1.base, $1.end)) }.subtracting(shared)
    #expect(lines(before, [.dcCIVAC]).isDisjoint(with: own), "what was cached would be written over a region")
  }

  @Test(
    "every table in use is forgotten before the caches are on, or a walk might see an older one",
    arguments: cores)
  func tables(_ cpu: String) async throws {
    let (scenario, log) = try await run(cpu) { $0.windows.append(PageTables.window(of: $0.blob)) }
    let tables = scenario.blob.end - PageTables.room
    let touched = lines(log.prefix { !$0.mmuIsOn }, [.dcIVAC, .dcCIVAC])
    #expect(lines(tables, tables + inUse(scenario)).subtracting(touched) == [])
  }

  /// Bytes of tables: the top one, one for 512 GiB, one for the GiB of blob and regions, and their pages'.
  private func inUse(_ scenario: Scenario) -> UInt64 {
    let pages = Set(([scenario.blob.base] + Self.loads.map(\.address)).map { $0 >> 21 })
    return UInt64(3 + pages.count) * 0x1000
  }

  @Test(
    "the vectors are written past the cache, then the scratch is forgotten, then each table before it is written",
    arguments: cores)
  func scratch(_ cpu: String) async throws {
    let (scenario, log) = try await run(cpu)
    let tables = scenario.blob.end - PageTables.room
    let data = log.filter { $0.operation == .dcIVAC || $0.operation == .dcCIVAC }[...]
    let vectors = data.prefix(2 * 16)
    let table = try scenario.blob.address(of: "vector_table")
    #expect(vectors.allSatisfy { $0.operation == .dcCIVAC })
    #expect(vectors.map(\.operand) == Self.entries(of: table))
    let scratch = lines(try scenario.blob.address(of: "scratch_start"), tables)
    #expect(lines(data.dropFirst(2 * 16).prefix(scratch.count), [.dcIVAC, .dcCIVAC]) == scratch)
    // What is written is forgotten again later: every table comes before any line does so.
    let room = lines(tables, tables + inUse(scenario))
    #expect(lines(data.dropFirst(2 * 16 + scratch.count).prefix(room.count), [.dcIVAC, .dcCIVAC]) == room)
    // Lines may have come back since: blob, scratch and tables are forgotten once more when all of them are written.
    let all = lines(scenario.blob.base, tables + inUse(scenario))
    let rest = data.dropFirst(2 * 16 + scratch.count + room.count)
    #expect(lines(rest.prefix(all.count), [.dcIVAC, .dcCIVAC]) == all)
  }

  @Test(
    "on the way out C goes off, then what was written is cleaned, then M goes off", arguments: cores,
    [false, true])
  func after(_ cpu: String, _ meetsException: Bool) async throws {
    let (scenario, log) = try await run(cpu) {
      if meetsException { try $0.blobs[0].overwrite("compare_digest", with: [Instruction.undefined]) }
    }
    let on = try #require(log.firstIndex { $0.mmuIsOn })
    let off = try #require(log[on...].firstIndex { !$0.mmuIsOn })
    let inside = log[on..<off]
    #expect(lines(inside, [.dcIVAC]) == [], "would lose what was written")
    for operation in inside where operation.operation == .dcCIVAC {
      #expect(!operation.cacheIsOn, "it may be filled again")
    }
    // Nothing else is written while the caches are on.
    let scratch = try scenario.blob.address(of: "scratch_start")
    #expect(lines(inside, [.dcCIVAC]) == lines(scratch, scenario.blob.end - PageTables.room))
    try expectStatusIsSeen(scenario, log[off...])
  }

  /// The last that happens to data is that the cache has nothing of info, since status was written past it.
  private func expectStatusIsSeen(_ scenario: Scenario, _ log: some Sequence<Maintenance>) throws {
    let info = scenario.blob.infoAddress
    let data = log.filter { $0.operation == .dcIVAC || $0.operation == .dcCIVAC }
    let wanted = lines(info, info + UInt64(PurgatoryInfo.size))
    #expect(lines(data.suffix(wanted.count), [.dcCIVAC]) == wanted)
    #expect(data.suffix(wanted.count).allSatisfy { !$0.cacheIsOn && !$0.mmuIsOn })
  }

  /// Of a vector table, each twice: before and after the store to it.
  private static func entries(of table: UInt64) -> [UInt64] {
    stride(from: table, to: table + 0x800, by: 0x80).flatMap { [$0, $0] }
  }

  @Test("whatever comes of it, status is what anybody reads afterwards, cached or not", arguments: cores)
  func status(_ cpu: String) async throws {
    let changes: [(inout Scenario) throws -> Void] = [
      { $0.info.flags.insert(.noCache) },
      { $0.info.skipChecks = true },
      { $0.info.regions[0].digest = .zero },
      { $0.info.regions[0].base += 8 },
      { try $0.blobs[0].overwrite("check_info", with: [Instruction.undefined]) },
    ]
    for change in changes {
      let (scenario, log) = try await run(cpu, change)
      try expectStatusIsSeen(scenario, log)
    }
  }

  @Test(
    "the result's lines are saved before it is stored past the cache, and forgotten after", arguments: cores,
    [[], .noCache] as [PurgatoryInfo.Flags])
  func result(_ cpu: String, _ flags: PurgatoryInfo.Flags) async throws {
    let place: UInt64 = 0x4100_0478  // across two lines
    let (scenario, log) = try await run(cpu) {
      $0.info.resultAddress = place
      $0.info.flags.formUnion(flags)
    }
    let data = log.filter { $0.operation == .dcIVAC || $0.operation == .dcCIVAC }
    let last = data.suffix(4)
    #expect(last.map(\.operand) == [place & ~63, (place & ~63) + 64, place & ~63, (place & ~63) + 64])
    #expect(last.allSatisfy { $0.operation == .dcCIVAC && !$0.cacheIsOn && !$0.mmuIsOn })
    try expectStatusIsSeen(scenario, data.dropLast(4))
  }

  @Test(
    "translations and instructions are forgotten before M goes on, after it went off, and last",
    arguments: cores)
  func translations(_ cpu: String) async throws {
    let (_, log) = try await run(cpu)
    let on = try #require(log.firstIndex { $0.mmuIsOn })
    let off = try #require(log[on...].firstIndex { !$0.mmuIsOn })
    let lastData = try #require(log[..<on].lastIndex { $0.operation == .dcIVAC || $0.operation == .dcCIVAC })
    for operation in [Maintenance.Operation.tlbiVMALLE1, .icIALLU] {
      #expect(log[lastData..<on].contains { $0.operation == operation }, "before")
      #expect(log[off...].contains { $0.operation == operation }, "after")
    }
  }

  @Test("nothing by set and way, and nothing but this", arguments: cores)
  func nothingElse(_ cpu: String) async throws {
    let (_, log) = try await run(cpu)
    #expect(!log.contains { $0.operation == .other })
  }

  @Test(
    "entered with the caches on: the vectors are written to memory, where instructions come from",
    arguments: cores)
  func vectors(_ cpu: String) async throws {
    let (scenario, log) = try await run(cpu) { $0.probe.setup.insert(.mmuOn) }
    let table = try scenario.blob.address(of: "vector_table")
    let first = log.filter(\.cacheIsOn).filter { $0.operation == .dcCIVAC }.prefix(2 * 16)
    #expect(first.map(\.operand) == Self.entries(of: table), "before and after each store")
  }

  @Test("without the caches no region's line is touched", arguments: cores)
  func uncached(_ cpu: String) async throws {
    let (scenario, log) = try await run(cpu) { $0.info.flags.insert(.noCache) }
    #expect(log.allSatisfy { !$0.mmuIsOn })
    let blob = scenario.blob
    #expect(lines(log, [.dcIVAC, .dcCIVAC]).allSatisfy { $0 >= blob.base && $0 < blob.end })
  }
}
