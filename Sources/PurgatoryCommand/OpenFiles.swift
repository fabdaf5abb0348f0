// OpenFiles.swift — how many files may be open: with too few, libraries under the command trap or wait for ever
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

#if canImport(Glibc)
  import Glibc
  private let openFiles = __rlimit_resource_t(truncatingIfNeeded: RLIMIT_NOFILE.rawValue)
#elseif canImport(Musl)
  import Musl
  private let openFiles = RLIMIT_NOFILE
#endif

enum OpenFiles {
  /// More than files that are hashed at once and tools that are started take.
  private static let needed: rlim_t = 64

  /// Raises the limit as far as the caller may.
  ///
  /// - Throws: `Rejection` where that is not far enough.
  static func require() throws(Rejection) {
    var limit = rlimit()
    guard getrlimit(openFiles, &limit) == 0, limit.rlim_cur < needed else { return }
    limit.rlim_cur = min(limit.rlim_max, needed)
    guard setrlimit(openFiles, &limit) != 0 || limit.rlim_cur < needed else { return }
    throw Rejection(
      Problem(
        "ulimit -n", found: "\(limit.rlim_cur) open files", expected: "at least \(needed)",
        help: "ulimit -n 1024"))
  }
}
