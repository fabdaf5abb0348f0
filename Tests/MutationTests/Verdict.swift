// Verdict.swift — whether a test is red for a mutant
// SPDX-License-Identifier: MIT

import Synchronization
import TestSupport
import Testing

/// Issues that are recorded for a mutant are what kills it, and no issues of the test that lets it run.
final class Verdict: Sendable {
  @TaskLocal static var current: Verdict?

  private let state = Mutex(false)
  var isRed: Bool { state.withLock { $0 } }

  private func note(_ error: (any Error)?) {
    // A test that cannot change the blob as it wants has seen nothing of it.
    if error is PlacedBlob.PatchError { return }
    state.withLock { $0 = true }
  }

  /// Whether the tests pass; the name of the first that does not.
  static func firstRed(of killers: [Killer], for mutation: Mutation) async -> String? {
    await Mutant.$current.withValue(mutation.mutant) {
      for killer in killers {
        let verdict = Verdict()
        await $current.withValue(verdict) {
          do { try await killer.run() } catch { verdict.note(error) }
        }
        if verdict.isRed { return killer.name }
      }
      return nil
    }
  }

  /// Whether an issue is the test's own.
  static func isOurs(_ issue: Issue) -> Bool {
    guard let verdict = current else { return true }
    verdict.note(issue.error)
    return false
  }
}
