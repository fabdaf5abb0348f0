// InfoRulesTests.swift — what a struct lacks before it can boot something
// SPDX-License-Identifier: MIT

import Testing

@testable import PurgatoryKit

@Suite struct InfoRulesTests {
  @Test func missing() {
    var info = PurgatoryInfo()
    #expect(info.missing == ["kernel_entry", "regions to verify", "digests to verify with"])
    info.kernelEntry = 4
    #expect(info.missing == ["regions to verify", "digests to verify with"])
    info.regions[15] = .init(base: 0, size: 8)
    #expect(info.missing == ["digests to verify with"])
    info.flags = [.verifyCombined]
    #expect(info.missing == [])
    info.regions[15].size = 0
    #expect(info.missing == ["regions to verify"])
    info.skipChecks = true
    #expect(info.missing == [])
    info.kernelEntry = 0
    #expect(info.missing == ["kernel_entry"])
  }

  @Test func aRegionContainsItsBytesModulo64Bits() {
    let region = PurgatoryInfo.Region(base: 0xffff_ffff_ffff_fff0, size: 0x20)
    #expect(region.contains(0xffff_ffff_ffff_fff0))
    #expect(region.contains(0xf))
    #expect(!region.contains(0x10))
    #expect(!region.contains(0xffff_ffff_ffff_ffef))
    #expect(!PurgatoryInfo.Region().contains(0))
  }

  @Test func usedRegionsKeepTheirIndices() {
    var info = PurgatoryInfo()
    info.regions[2].size = 1
    info.regions[9] = .init(base: 16, size: 1)
    #expect(info.usedRegions.map(\.index) == [2, 9])
  }
}
