// PageTableTests.swift — exactly the blob and the regions are mapped, as they should be, and nothing else
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

/// Regions for a blob.
private struct Layout: Sendable {
  /// Base and size.
  typealias Memory = (UInt64, UInt64)
  var name: String
  var regions: @Sendable (PlacedBlob) -> [Memory]

  static let all = [
    Layout(name: "one page") { _ in [(0x4100_0000, 0x1000)] },
    Layout(name: "one byte") { _ in [(0x4100_0ff0, 1)] },
    Layout(name: "unaligned, over several pages") { _ in [(0x4100_0ff0, 0x2011), (0x4110_0010, 0x3ff0)] },
    Layout(name: "regions that share pages, and meet") { _ in
      [
        (0x4100_0100, 0x80), (0x4100_0200, 0x80), (0x4100_0800, 0x900), (0x4100_1100, 0xf00),
        (0x4100_2000, 1),
      ]
    },
    Layout(name: "the blob's neighbours") { blob -> [Memory] in
      [(blob.base - 0x1800, 0x1800), (blob.end, 0x10)]
    },
    Layout(name: "inside the blob, and over it") { blob -> [Memory] in
      [(blob.infoAddress, 16), (blob.base - 0x1000, blob.memorySize + 0x2000)]
    },
    Layout(name: "across 2 MiB") { _ in [(0x411f_fff0, 0x20)] },
    Layout(name: "2 MiB: aligned; with edges; missed by one page at either end") { _ in
      [
        (0x4120_0000, 0x20_0000), (0x417f_fff0, 0x40_0020), (0x4200_1000, 0x20_0000),
        (0x425f_f000, 0x40_0000),
      ]
    },
    Layout(name: "around the UART") { _ in [(0x08ff_f000, 0x1800), (0x0900_0010, 0x10), (0x0900_1000, 0x10)]
    },
    Layout(name: "1 GiB: with edges; across one") { _ in
      [(0x7fff_f000, 0x4000_2000), (0x2_bfff_fff0, 0x20), (0x3_8000_0000, 0x4000_0000)]
    },
    Layout(name: "1 GiB, 2 MiB and 4 KiB in one") { _ in [(0x1_3fdf_f010, 0x4040_2000)] },
    Layout(name: "across 512 GiB, and the last page of 48 bits but one") { _ in
      [(0x7f_ffff_f000, 0x2000), (0x8000_0000_0000, 0x1000), (0xffff_ffff_e000, 0x1000)]
    },
    Layout(name: "16 regions") { _ in (0..<16).map { (0x4100_0000 + UInt64($0) * 0x2010, 0x10) } },
  ]
}

@Suite(.requiresQEMU) struct PageTableContents {
  /// Nothing is hashed, so that regions may be large, or where no memory is.
  private func scenario(_ level: Level, _ layouts: [Layout]) async throws -> Scenario {
    var scenario = try await Scenario(level, chain: chainBases(layouts.count))
    for (index, layout) in layouts.enumerated() {
      var blob = scenario.blobs[index]
      try blob.skipHashing()
      for (number, (base, size)) in layout.regions(blob).enumerated() {
        blob.info.regions[number] = .init(base: base, size: size, digest: .ofNothing)
      }
      blob.info.flags = .verifyRegions
      scenario.blobs[index] = blob
      scenario.windows.append(PageTables.window(of: blob))
    }
    return scenario
  }

  @Test(
    "the tables map exactly the blob and the regions' pages, and not the UART's, with the right attributes",
    arguments: Level.allCases)
  func contents(_ level: Level) async throws {
    let scenario = try await scenario(level, Layout.all)
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    for (blob, layout) in zip(scenario.blobs, Layout.all) {
      let info = try report.info(of: blob)
      #expect(info.status == .verified, "\(layout.name)")
      #expect(info.verifyPath & 1 == 1, "\(layout.name)")
      let leaves = try PageTables(of: blob, in: report).leaves()
      let wanted = PageTables.wanted(blob, level)
      #expect(leaves.merged == PageTables.mapping(wanted), "\(layout.name)")
      #expect(PageTables.splinters(leaves, wanted) == [], "\(layout.name)")
    }
  }

  @Test("blocks of 1 GiB and 2 MiB lie inside of large regions, pages at their edges")
  func blocks() async throws {
    let scenario = try await scenario(.el1, Layout.all.filter { $0.name == "1 GiB, 2 MiB and 4 KiB in one" })
    let leaves = try PageTables(of: scenario.blob, in: try await scenario.report()).leaves()
    // 0x1_3fdf_f000: a page, a block of 2 MiB, a block of 1 GiB, a block of 2 MiB, two pages.
    let sizes = leaves.filter { $0.range.lowerBound >= 0x1_0000_0000 }.map(\.size)
    #expect(sizes == [0x1000, 0x20_0000, 0x4000_0000, 0x20_0000, 0x1000, 0x1000])
  }

  @Test(
    "memory_size is the loader's to read: what it says in info is not believed", arguments: Level.allCases)
  func memorySize(_ level: Level) async throws {
    let layout = Array(repeating: Layout.all[0], count: 3)
    var scenario = try await scenario(level, layout)
    for (index, size) in ([0, 0x1000, 0x400_0000_0000] as [UInt64]).enumerated() {
      scenario.blobs[index].info.memorySize = size
    }
    let report = try await scenario.report()
    let violations = try scenario.violations(report)
    #expect(violations == [])
    for blob in scenario.blobs {
      let leaves = try PageTables(of: blob, in: report).leaves()
      #expect(leaves.merged == PageTables.mapping(PageTables.wanted(blob, level)))
    }
  }

  @Test("the walker sees what is wrong with tables")
  func walker() async throws {
    let scenario = try await scenario(.el1, Array(Layout.all.prefix(1)))
    let report = try await scenario.report()
    let tables = try PageTables(of: scenario.blob, in: report)
    let expected = PageTables.mapping(PageTables.wanted(scenario.blob, .el1))
    #expect(try tables.leaves().merged == expected)

    let region = try #require(tables.index(mapping: 0x4100_0000))
    #expect(tables.index(mapping: 0x0900_0000) == nil, "the UART")
    let blob = try #require(tables.index(mapping: scenario.blob.base))
    var broken: [(String, PageTables)] = []
    func damage(_ name: String, _ change: (inout [UInt64]) -> Void) {
      var copy = tables
      change(&copy.words)
      broken.append((name, copy))
    }
    for (name, index) in [("region", region), ("blob", blob)] {
      for bit in [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 21, 47, 48, 51, 52, 53, 54, 55, 58, 59, 63] {
        damage("bit \(bit) of \(name)") { $0[index] ^= 1 << UInt64(bit) }
      }
      damage("no \(name)") { $0[index] = 0 }
      if name != "blob" { damage("a page more after \(name)") { $0[index + 1] = $0[index] + 0x1000 } }
      damage("\(name) unmapped, but not zero") { $0[index] = 0x1000 }
    }
    damage("a table more") { $0[511] = scenario.blob.end - 0x1000 | 0b11 }
    damage("a table twice") { $0[511] = $0[0] }
    damage("a table elsewhere") { $0[0] += 0x2_0000 }
    damage("a block of 512 GiB") { $0[0] = 0x701 }
    for (name, copy) in broken {
      #expect((try? copy.leaves().merged) != expected, "\(name)")
    }
  }
}

extension Digest {
  /// SHA-256's initial state: the digest of a purgatory that hashes nothing, not even the padding.
  static let ofNothing = Digest(
    bytes: [
      0x6a, 0x09, 0xe6, 0x67, 0xbb, 0x67, 0xae, 0x85, 0x3c, 0x6e, 0xf3, 0x72, 0xa5, 0x4f, 0xf5, 0x3a,
      0x51, 0x0e, 0x52, 0x7f, 0x9b, 0x05, 0x68, 0x8c, 0x1f, 0x83, 0xd9, 0xab, 0x5b, 0xe0, 0xcd, 0x19,
    ])
}
