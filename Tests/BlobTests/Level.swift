// Level.swift — the three ways in which a purgatory can be entered
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

enum Level: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case el1 = "EL1"
  case el2 = "EL2"
  case el2e2h = "EL2 with E2H"

  var testDescription: String { rawValue }

  /// The `virt` machine that enters at this level.
  var machineType: String {
    self == .el1 ? "virt" : "virt,virtualization=on"
  }

  /// How PSCI is called on that machine.
  var conduit: PurgatoryInfo.PSCIConduit {
    self == .el1 ? .hvc : .smc
  }

  /// CurrentEL.
  var number: UInt64 {
    self == .el1 ? 1 : 2
  }

  /// Cores with virtualization host extensions are needed for E2H.
  func exists(on cpu: String) -> Bool {
    self != .el2e2h || cpu != "cortex-a72"
  }
}

/// With and without each feature that the purgatory looks for.
let cpus = ["max", "cortex-a72", "neoverse-n1"]
