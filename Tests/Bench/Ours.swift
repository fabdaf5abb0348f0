// Ours.swift — this project's purgatory as a workload
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// A path through the purgatory.
struct Path: Sendable {
  let name: String
  let flags: PurgatoryInfo.Flags

  static let all = [
    Path(name: "sha2, cache", flags: []),
    Path(name: "sha2, no cache", flags: .noCache),
    Path(name: "scalar, cache", flags: .noCrypto),
    Path(name: "scalar, no cache", flags: [.noCrypto, .noCache]),
  ]

  /// Verifies `size` bytes; 0: nothing, skip_checks is set.
  func workload(size: UInt64) async throws -> Workload {
    var blob = try await PlacedBlob(at: Workload.purgatory)
    blob.info.kernelEntry = Workload.kernel
    blob.info.flags = flags.union(size == 0 ? [] : .verifyRegions)
    blob.info.skipChecks = size == 0
    if size > 0 {
      blob.info.regions[0] = .init(base: Workload.region, size: size, digest: try .ofZeros(size))
    }
    return Workload(name: name, loads: [blob.load], entry: Workload.purgatory)
  }
}
