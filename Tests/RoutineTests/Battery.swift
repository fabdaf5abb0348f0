// Battery.swift — a brief run of all three comparisons: the first difference is thrown
// SPDX-License-Identifier: MIT

import TestSupport

extension Routines {
  /// The mutant of this task, if there is one; a routine that never returns is noticed.
  public static func checkBriefly() async throws {
    let routines = try await Routines(at: 0x4020_0000, memory: [HashCase.memory], isBounded: true)
    var generator = SplitMix64(seed: 3000)
    for _ in 0..<400 { _ = try routines.check(.random(routines.blob.infoBytes, &generator)) }
    for _ in 0..<60 { try routines.hash(.random(&generator)) }
    try await checkPaths()
    try await checkFailures()
    for base in [0x4020_0000, 0xffff_fffd_c000] as [UInt64] {
      let routines = try await Routines(at: base, isBounded: true)
      var layouts = (0..<40).map { _ in MapLayout.random(routines.blob, &generator) }
      // Each answer at its edges, whatever the generator does.
      layouts += [13, 14, 15, 16].map { count in
        MapLayout(regions: (0..<count).map { (0x4500_0000 + 0x40_0000 * UInt64($0) + 0x20_0000 - 16, 32) })
      }
      layouts += [(0xffff_ffff_f000, 0x1000), (0xffff_ffff_f000, 0x1001), (0x4000_0000, 1 << 48)].map {
        MapLayout(regions: [$0])
      }
      for layout in layouts { _ = try routines.map(layout, isCleared: false) }
      try routines.mapBlobBeyond48Bits()
    }
  }
}
