// Hangs.swift — how many guests hung: one that hangs is a bug of its test, many are a purgatory that does not run
// SPDX-License-Identifier: MIT

import Synchronization

/// Waiting for every guest of a purgatory that always hangs would take hours and say nothing new.
public enum Hangs {
  static let limit = 4
  private static let count = Mutex(0)

  public static var areTooMany: Bool {
    count.withLock { $0 >= limit }
  }

  public static func add() {
    count.withLock { $0 += 1 }
  }
}
