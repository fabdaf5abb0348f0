// Slots.swift — lets so many operations run at a time
// SPDX-License-Identifier: MIT

/// A counting semaphore that suspends instead of blocking a thread.
public actor Slots {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) {
    free = count
  }

  private func acquire() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func release() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()  // the slot passes on
    }
  }

  public nonisolated func run<Result: Sendable>(_ operation: @Sendable () async throws -> Result)
    async rethrows
    -> Result
  {
    await acquire()
    do {
      let result = try await operation()
      await release()
      return result
    } catch {
      await release()
      throw error
    }
  }
}
