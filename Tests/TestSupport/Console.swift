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

  /// Whether a text is there from an offset on. The offset moves behind it, or to where it may still begin.
  func contains(_ text: String, from offset: inout Int) -> Bool {
    state.withLock { Self.find(text, in: $0.bytes, from: &offset) }
  }

  private static func find(_ text: String, in bytes: [UInt8], from offset: inout Int) -> Bool {
    if let found = bytes[offset...].firstRange(of: Array(text.utf8)) {
      offset = found.upperBound
      return true
    }
    offset = max(offset, bytes.count - text.utf8.count)
    return false
  }

  /// - Returns: whether `stop` has come true.
  func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
    state.withLock { state in
      state.bytes.append(contentsOf: chunk)
      guard let stop else { return false }
      while state.end == nil, Self.find(stop.text, in: state.bytes, from: &state.searched) {
        state.occurrences += 1
        if state.occurrences == stop.occurrences { state.end = state.searched }
      }
      return state.end != nil
    }
  }
}
