// Console.swift — what a machine has written so far
// SPDX-License-Identifier: MIT

import Synchronization

/// Shared by the task that reads and the one that guards it.
final class Console: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    /// Where the next search for `stop` starts.
    var searched = 0
    var occurrences = 0
    /// Where the console ended when `stop` came true.
    var end: Int?
  }

  private let state = Mutex(State())
  private let stop: Machine.Stop?

  init(stop: Machine.Stop?) {
    self.stop = stop
  }

  var text: String {
    state.withLock { String(decoding: $0.bytes[..<($0.end ?? $0.bytes.count)], as: UTF8.self) }
  }

  var count: Int {
    state.withLock(\.bytes.count)
  }

  /// - Returns: whether `stop` has come true.
  func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      state.bytes.append(contentsOf: chunk)
      guard let stop else { return false }
      while state.end == nil, let found = state.bytes[state.searched...].firstRange(of: Array(stop.text.utf8))
      {
        state.searched = found.upperBound
        state.occurrences += 1
        if state.occurrences == stop.occurrences { state.end = found.upperBound }
      }
      // The text may have begun at the end of this chunk.
      state.searched = max(state.searched, state.bytes.count - stop.text.utf8.count)
      return state.end != nil
    }
  }
}
