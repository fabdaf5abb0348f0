// Waiting.swift — from a synchronous command to the asynchronous work of running other programs
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import Dispatch
import FoundationEssentials
import PurgatoryKit
import Synchronization

/// Does work that runs other programs, and waits for it. A command that runs none needs no threads, and starts sooner.
func waiting<Result: Sendable>(
  _ work: @Sendable @escaping () async throws(Rejection) -> Result
) throws(Rejection) -> Result {
  // The runtime's threads end the program where they cannot look at each other.
  guard FileManager.default.fileExists(atPath: "/proc/self/stat") else {
    throw Rejection(
      Problem(
        "/proc", found: "not mounted", expected: "it, to run other programs",
        help: "mount -t proc proc /proc"))
  }
  let outcome = Outcome<Result>()
  Task.detached {
    do throws(Rejection) {
      outcome.set(.success(try await work()))
    } catch {
      outcome.set(.failure(error))
    }
  }
  return try outcome.wait().get()
}

private final class Outcome<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, Rejection>?>(nil)
  private let isThere = DispatchSemaphore(value: 0)

  func set(_ value: Result<Value, Rejection>) {
    result.withLock { $0 = value }
    isThere.signal()
  }

  func wait() -> Result<Value, Rejection> {
    isThere.wait()
    return result.withLock { $0 }
      ?? .failure(
        Rejection(
          Problem(
            "purgatory", found: "no result",
            help: "run it again; if it says so again, report it with this command line")))
  }
}
