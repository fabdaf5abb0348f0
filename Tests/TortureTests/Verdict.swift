// Verdict.swift — what a command that met a fault left behind, and whether it may leave that
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport

/// A folder before a command, after one that met no fault, and after one that did.
struct Verdict {
  typealias Snapshot = [String: Folder.Entry]
  let command: WritingCommand
  let before: Snapshot
  let done: Snapshot
  let after: Snapshot
  /// Those outputs that make would take for older than whatever they are made of.
  let aged: Set<String>

  /// Whether each output is as it was, or as it was to be; nil: neither.
  private func isNew(_ output: String) -> Bool? {
    if after[output] == done[output] { return true }
    return after[output] == before[output] ? false : nil
  }

  private func changes(_ output: String) -> Bool { before[output] != done[output] }

  private var temporaries: [String] { after.keys.filter { $0.contains(".purgatory-") } }

  /// Everything that must not be.
  func faults(of outcome: Outcome, _ fault: Fault, at call: Call) -> [String] {
    var faults: [String] = []
    let outputs = command.outputs.filter(changes)
    let isManifestGone = command.manifest.map { before[$0] != nil && after[$0] == nil } ?? false
    let isKilled = outcome.status == .signaled(SIGKILL)
    for output in outputs where isNew(output) == nil && !(isManifestGone && output == command.manifest) {
      faults.append("\(output) is neither the old file nor the new one")
    }
    let new = outputs.filter { isNew($0) == true }
    let isAllNew = new.count == outputs.count
    let isAllOld = outputs.allSatisfy { isNew($0) == false }
    let names = Set(before.keys).union(done.keys)
    for name in after.keys.sorted() where !names.contains(name) && !name.contains(".purgatory-") {
      faults.append("left \(name)")
    }
    for name in before.keys where !command.outputs.contains(name) && after[name] != before[name] {
      faults.append("changed \(name)")
    }
    // What could not be removed is there.
    if !isKilled, !temporaries.isEmpty, !call.name.hasPrefix("unlink") {
      faults.append("left \(temporaries)")
    }
    let isMixed = !isAllNew && !isAllOld
    if isMixed {
      if let manifest = command.manifest, after[manifest] != nil, after[manifest] == before[manifest] {
        faults.append("the old manifest beside \(new)")
      }
      if let last = outputs.last, isNew(last) == true {
        faults.append("\(last) is new, not all of \(outputs)")
      }
      for output in new where !aged.contains(output) { faults.append("make takes \(output) for made") }
    }
    switch outcome.status {
    case .exited(0):
      if !isAllNew { faults.append("done, but not all is new") }
    case .exited(1):
      let isHeard = fault != .errorsFromHere("EIO") || call.name != "write"
      if isHeard, !outcome.error.contains("error: ") || !outcome.error.contains("help: ") {
        faults.append("says nothing: \(outcome.error)")
      }
      if !isAllOld, isHeard, !outcome.error.contains("is new already, and the old file cannot be put back") {
        faults.append("failed, but \(new) are new: \(outcome.error)")
      }
    case .exited(2) where command.name == "check":
      if !isAllOld { faults.append("failed, but \(new) are new") }
    case .signaled(SIGKILL):
      if fault != .signal("SIGKILL") { faults.append("killed") }
    case .signaled(let number):
      if fault != .signal(number == SIGINT ? "SIGINT" : "SIGTERM") { faults.append("signal \(number)") }
      if isMixed { faults.append("ended between files") }
    default: faults.append("ended with \(outcome.status)")
    }
    return faults
  }
}
