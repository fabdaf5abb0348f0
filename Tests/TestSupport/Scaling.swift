// Scaling.swift — how the time for ten times as much compares: 10 where it is in proportion, 100 where it is quadratic
// SPDX-License-Identifier: MIT

import Foundation

public enum Scaling {
  /// What is in proportion to its input stays below this on any machine; what is quadratic does not.
  public static let limit = 30.0

  /// The processor time of `work` for ten times `count`, by that for `count`, the least of a few runs: of this thread
  /// alone. Both are printed under `name`: docs/reliability.md has a table of them.
  public static func ratio<Input>(
    of count: Int, _ name: String?, _ make: (Int) throws -> Input, _ work: (Input) throws -> Void
  ) rethrows -> Double {
    func time(_ count: Int, runs: Int) throws -> Double {
      let input = try make(count)
      var least = Double.infinity
      for _ in 0..<runs {
        let start = threadNanoseconds(CLOCK_THREAD_CPUTIME_ID)
        try work(input)
        least = min(least, Double(threadNanoseconds(CLOCK_THREAD_CPUTIME_ID) - start))
      }
      return least
    }
    // One after the other, whatever else the machine does meanwhile.
    let small = try time(count, runs: 3)
    let large = try time(10 * count, runs: 1)
    if let name {
      let milliseconds = [small, large].map { String(format: "%.1f ms", $0 / 1_000_000) }
      print("\(count) and \(10 * count) \(name): \(milliseconds[0]) and \(milliseconds[1])")
    }
    return large / small
  }

  private static func threadNanoseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
