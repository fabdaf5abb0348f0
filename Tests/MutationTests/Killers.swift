// Killers.swift — the tests that a mutant meets: first those that take milliseconds, then QEMU's, by what they see
// SPDX-License-Identifier: MIT

import RoutineTests
import TestSupport

@testable import BlobTests
@testable import PurgatoryKit

/// A test of the whole blob in QEMU, as BlobTests has it.
struct Killer: Sendable {
  var name: String
  var run: @Sendable () async throws -> Void

  init(_ name: String, _ run: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.run = run
  }
}

extension Killer {
  /// In process.
  static func brief(of routine: String) -> [Killer] {
    let runs = Killer("whole runs") { try await WholeRun.checkAll() }
    let routines = Killer("routines") { try await Routines.checkBriefly() }
    let isCompared = [
      "build_map", "map_range", "new_table", "check_info", "check_entry", "check_region", "each_region",
      "invalidate_range", "compare_digest", "call_psci", "psci_conduit", "mmu_off", "handle_exception",
      "purgatory_entry", "touch_region", "verify",
    ].contains(routine)
    return isCompared || routine.hasPrefix("sha256") ? [routines, runs] : [runs]
  }

  private static func each<T: Sendable>(
    _ name: String, _ arguments: [T], _ run: @escaping @Sendable (T) async throws -> Void
  ) -> [Killer] {
    arguments.map { argument in Killer("\(name), \(argument)") { try await run(argument) } }
  }

  private static let levels = Level.allCases
  private static let core = Core.all.filter { $0.cpu == "max" }
  private static let matrix = each("Matrix", core) { try await Matrix().plain($0) }
  private static let maintenance = [
    Killer("MaintenanceLog, before") { try await MaintenanceLog().before("max") },
    Killer("MaintenanceLog, tables") { try await MaintenanceLog().tables("max") },
    Killer("MaintenanceLog, scratch") { try await MaintenanceLog().scratch("max") },
    Killer("MaintenanceLog, after") { try await MaintenanceLog().after("max", false) },
    Killer("MaintenanceLog, after an exception") { try await MaintenanceLog().after("max", true) },
    Killer("MaintenanceLog, status") { try await MaintenanceLog().status("max") },
    Killer("MaintenanceLog, result") { try await MaintenanceLog().result("max", []) },
    Killer("MaintenanceLog, translations") { try await MaintenanceLog().translations("max") },
    Killer("MaintenanceLog, vectors") { try await MaintenanceLog().vectors("max") },
    Killer("MaintenanceLog, nothing else") { try await MaintenanceLog().nothingElse("max") },
    Killer("MaintenanceLog, uncached") { try await MaintenanceLog().uncached("max") },
  ]
  private static let handOver =
    each("HandOver", Entry.onEachCPU.filter { $0.cpu == "max" }) { try await HandOver().systemState($0) }
    + each("HandOver, passthrough", levels) { try await HandOver().passthrough($0) }
    + each("HandOver, SCTLR", Entry.withSCTLRBits.filter { $0.name.contains("everything") }) {
      try await HandOver().sctlr($0)
    }
  private static let regimes =
    each("Regimes, junk", levels) { level in
      for regime in Regime.junk { try await Regimes().junk(level, regime) }
    }
    + each("Regimes, during", levels) { try await Regimes().during($0, "max") }
    + each("Regimes, during, with less memory", levels) { try await Regimes().during($0, "cortex-a72") }
    + each("Regimes, TCR2", levels) { try await Regimes().tcr2($0) }
    + each("Regimes, MMU on", levels) { try await Regimes().mmuOn($0) }
    + [Killer("Regimes, without TGE") { try await Regimes().withoutTGE() }]
  private static let exceptions =
    each("Exceptions, kinds", levels) { try await Exceptions().kinds($0) }
    + each("Exceptions, stages", levels) { try await Exceptions().everyStage($0) }
    + each("Exceptions, in the report", levels) { try await Exceptions().inTheReport($0) }
    + each("Exceptions, a second one", levels) { try await Exceptions().secondException($0) }
    + each("Exceptions, no memory", levels) { try await Exceptions().noMemory($0) }
    + each("ExceptionActions, boot", levels) { try await ExceptionActions().boot($0, []) }
    + each("ExceptionActions, faulting console", levels) { level in
      for name in ["pl011", "8250"] { try await ExceptionActions().faultingConsole(level, name) }
    }
    + each("ExceptionActions, silent", levels) { try await ExceptionActions().silent($0) }
    + each("Interrupts, vectors", levels) { try await Interrupts().vectors($0) }
  private static let first =
    each("FirstInstructions, EL3", [PurgatoryInfo.FailureAction.boot, .poweroff]) {
      try await FirstInstructions().el3($0)
    }
    + [
      Killer("FirstInstructions, NMI") { try await FirstInstructions().nmi() },
      Killer("FirstInstructions, E2H") { try await FirstInstructions().e2hReadsAsZero() },
      Killer("Digests, running") { try await Digests().running() },
    ]
    + each("FirstInstructions, ALLINT", levels) { try await FirstInstructions().allint($0) }
    + each("FirstInstructions, TCR2", levels) { try await FirstInstructions().tcr2($0) }
    + each("FirstInstructions, every place", levels) { try await FirstInstructions().everyPlace($0) }
  private static let streaming =
    each("Streaming", levels) { try await Streaming().isLeft($0) }
    + each("Streaming, nothing to verify", levels) { try await Streaming().nothingToVerify($0) }
    + each("Streaming, once", levels) { try await Streaming().isTriedOnce($0) }
  private static let actions =
    each("FailureActions, power-off", levels) { try await FailureActions().powerOff($0) }
    + each("FailureActions, reset", levels) { try await FailureActions().reset($0) }
    + each("FailureActions, boot", levels) { try await FailureActions().boot($0) }
    + each("FailureActions, halt", levels) { try await FailureActions().halt($0) }
    + [Killer("FailureActions, nobody") { try await FailureActions().nobody() }]
    + each("FailureActions, refused", [0, 1, 3, 4]) { try await FailureActions().refuse($0) }
    + each("BadInfos, power-off", levels) { try await BadInfos().powerOff($0) }
  private static let consoles =
    each("Consoles, ready", FakeUART.ready) { try await Consoles().ready($0, .el1) }
    + each("Consoles, no wait", FakeUART.ready) { try await Consoles().noWait($0) }
    + each("Consoles, stuck", Array(FakeUART.stuck.prefix(3)) + [FakeUART.stuck[8]]) {
      try await Consoles().stuck($0)
    }
    + each("Consoles, on the wire", [FakeUART.stuck[0]]) { try await Consoles().onTheWire($0) }
    + each("Consoles, the last kernel", [FakeUART.stuck[0]]) { try await Consoles().lastKernel($0) }
    + [
      Killer("Consoles, silent") {
        for access in [2, 3, 5, 0xffff_ffff] as [UInt32] { try await Consoles().silent(access, 0x0900_0000) }
        try await Consoles().silent(4, 0)
      }
    ]
  private static let results =
    each("Results, time", [0, 1] as [UInt64]) { try await Results().time($0) }
    + each("Results", levels) { try await Results().verified($0, []) }
    + each("Results, nowhere", levels) { try await Results().nowhere($0) }
    + each("Results, unmapped", levels) { try await Results().unmapped($0) }
    + each("Results, another struct", [0, 8, 12] as [Int32]) { try await Results().otherStruct(.el1, $0) }
  private static let digests = [
    Killer("Digests, every region") { try await Digests().everyRegion() },
    Killer("Digests, every byte") { try await Digests().everyByte(.verifyRegions) },
    Killer("Digests, both") { try await Digests().both(true) },
    Killer("Times") { try await Times().units([]) },
  ]
  private static let hashes =
    each("SHA256", [[], .noCrypto] as [PurgatoryInfo.Flags]) { path in
      try await SHA256().shortLengths(path, .noCache)
      try await SHA256().stream(path, .noCache)
    }
  private static let maps =
    each("PageTableContents", levels) { try await PageTableContents().contents($0) }
    + each("Permissions", levels) { try await Permissions().accesses($0) }
    + each("TableRoom, beyond 48 bits", levels) { try await TableRoom().beyond48Bits($0) }

  /// Those in QEMU that look at a routine, the likeliest first.
  static func inQEMU(of routine: String) -> [Killer] {
    let own: [Killer] =
      switch routine {
      case "invalidate_range", "clean_range", "record_status": maintenance
      case "console_init", "put_char", "console_flush": consoles + exceptions
      case "install_vectors": maintenance + exceptions
      case "handle_exception": exceptions + consoles + actions
      case "purgatory_entry", "boot_kernel": first + handOver + maintenance + streaming + exceptions
      case "report_bad_info", "report_mismatch", "fail", "halt", "call_psci", "psci_conduit":
        actions + first + exceptions + results
      case "build_map", "map_range", "new_table": maps + maintenance
      case "caches_on", "caches_off", "mmu_off", "read_regime", "write_regime":
        regimes + maintenance + first + exceptions + maps
      case "read_sctlr", "write_sctlr", "take_over", "save_system_state", "restore_system_state":
        handOver + regimes + first + maintenance + exceptions
      case "store_result", "verify_microseconds": results + maintenance
      case "leave_streaming_mode": streaming + first + exceptions
      case _ where routine.hasPrefix("sha256"): hashes + digests
      default: digests + exceptions + maintenance
      }
    return own + matrix
  }
}
