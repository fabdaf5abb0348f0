// MapModel.swift — layouts for the purgatory to map, and what its tables must be: by what ranges cover, not by a walk
// SPDX-License-Identifier: MIT

import TestSupport

/// Regions that `check_info` lets pass.
struct MapLayout: CustomStringConvertible {
  var regions: [(base: UInt64, size: UInt64)]
  var isEL2 = false
  /// RELATIVE.
  var bias: UInt64 = 0

  var description: String {
    regions.map { "\(hex($0.base))+\(hex($0.size))" }.joined(separator: " ")
      + (isEL2 ? ", EL2" : "") + (bias == 0 ? "" : ", relative to \(hex(bias))")
  }
}

/// What `build_map` must answer.
enum MapAnswer: Equatable {
  /// So many tables.
  case mapped(tables: Int)
  case tooManyTables
  case beyond48Bits
}

extension MapLayout {
  private static let room = Int(clamping: PageTables.room / 0x1000)
  private static let limit: UInt64 = 1 << 48

  /// What is wanted of a blob's map. Regions are in 48 bits.
  func wanted(_ blob: PlacedBlob) -> [PageTables.Leaf] {
    PageTables.wanted(blob: blob.base..<blob.end, regions: regions, isEL2WithoutE2H: isEL2)
  }

  func answer(_ blob: PlacedBlob) -> MapAnswer {
    let isBeyond = regions.contains { region in
      let (end, overflow) = region.base.addingReportingOverflow(region.size)
      return overflow || end > Self.limit
    }
    if isBeyond { return .beyond48Bits }
    let tables = Self.tables(wanted(blob).map(\.range))
    return tables <= Self.room ? .mapped(tables: tables) : .tooManyTables
  }

  /// How many tables it takes to map ranges of whole pages, the first that touches a slot decides what becomes of it: a block
  /// if it covers it and there are blocks of that size, else a table.
  private static func tables(_ ranges: [Range<UInt64>]) -> Int {
    var top: Set<UInt64> = []
    for range in ranges {
      for slot in range.lowerBound >> 39...(range.upperBound - 1) >> 39 where top.count <= room {
        top.insert(slot)
      }
    }
    let edges = ranges.flatMap { [$0.lowerBound, $0.upperBound - 1] }
    let gigabytes = split(edges, shift: 30, ranges)
    let below = edges.filter { gigabytes.contains($0 >> 30) }
    return 1 + top.count + gigabytes.count + split(below, shift: 21, ranges).count
  }

  /// The slots that become tables: only one in which a range begins or ends can be one.
  private static func split(_ edges: [UInt64], shift: UInt64, _ ranges: [Range<UInt64>]) -> Set<UInt64> {
    var result: Set<UInt64> = []
    for edge in edges {
      let slot = (edge >> shift) << shift..<(edge >> shift + 1) << shift
      guard let first = ranges.first(where: { $0.overlaps(slot) }) else { continue }
      if first.lowerBound > slot.lowerBound || first.upperBound < slot.upperBound {
        result.insert(edge >> shift)
      }
    }
    return result
  }
}

// MARK: - Layouts

extension MapLayout {
  private static let granules: [UInt64] = [12, 12, 21, 21, 30, 39]
  private static let uart: UInt64 = 0x0900_0000

  /// Follows from the generator alone.
  static func random(_ blob: PlacedBlob, _ generator: inout some RandomNumberGenerator) -> MapLayout {
    let places = neighbourhoods(blob, &generator)
    var regions: [(base: UInt64, size: UInt64)] = []
    // Many edges of 2 MiB are what takes tables.
    let isCrowded = generator.below(4) == 0
    let count = isCrowded ? 12 + generator.below(5) : generator.pick([1, 1, 2, 3, 4, 6, 8, 12, 15, 16])
    while regions.count < count {
      let place = generator.pick(places)
      let region =
        if isCrowded {
          (base: place &+ (generator.below(512) << 21) &- 16, size: 1 + generator.below(64))
        } else if regions.isEmpty || generator.below(4) != 0 {
          fresh(place, &generator)
        } else {
          related(generator.pick(regions), &generator)
        }
      if region.size != 0, region.base.addingReportingOverflow(region.size).overflow == false {
        regions.append(region)
      }
    }
    return MapLayout(
      regions: regions, isEL2: generator.below(3) == 0, bias: generator.below(3) == 0 ? blob.base : 0)
  }

  /// Where regions are, so that they share tables: the slots of 1 GiB.
  private static func neighbourhoods(_ blob: PlacedBlob, _ generator: inout some RandomNumberGenerator)
    -> [UInt64]
  {
    (0..<1 + generator.below(3)).map { _ in
      switch generator.below(8) {
      case 0, 1, 2: (blob.base >> 30) << 30
      case 3: (uart >> 30) << 30
      case 4: limit - 1 << 30
      case 5: (generator.below(512) << 39) &- (generator.below(2) << 30) & (limit - 1)
      case 6: generator.below(1 << 18) << 30
      default: generator.below(64) << 30
      }
    }
  }

  private static func fresh(_ place: UInt64, _ generator: inout some RandomNumberGenerator) -> (
    base: UInt64, size: UInt64
  ) {
    // Blobs and UARTs of the same neighbourhood are met in their pages.
    if generator.below(16) == 0 { return ((uart &+ nudge(&generator)) & ~15, 1 + generator.below(0x2000)) }
    let granule = generator.pick(granules)
    let slots = UInt64(1) << (30 - min(granule, 30))
    let base = (place &+ generator.below(slots) << granule &+ nudge(&generator)) & ~15
    return (base, size(granule, &generator))
  }

  /// A few bytes or a page beside.
  private static func nudge(_ generator: inout some RandomNumberGenerator) -> UInt64 {
    let amount = generator.pick([0, 0, 0, 0x10, 0xff0, 0x1000, 0x1010, 0x1f_f000] as [UInt64])
    return generator.below(2) == 0 ? amount : 0 &- amount
  }

  private static func size(_ granule: UInt64, _ generator: inout some RandomNumberGenerator) -> UInt64 {
    switch generator.below(8) {
    case 0: 1 + generator.below(16)
    case 1: 1 + generator.below(0x3000)
    case 2: (1 + generator.below(4)) << granule
    case 3: ((1 + generator.below(4)) << granule) &+ nudge(&generator)
    case 4: 1 + generator.below(1 << (4 + generator.below(38)))
    case 5: 1 << 21
    case 6: 0x1000
    default: 32
    }
  }

  /// One that touches another, lies in it or over it.
  private static func related(
    _ other: (base: UInt64, size: UInt64), _ generator: inout some RandomNumberGenerator
  ) -> (base: UInt64, size: UInt64) {
    let end = other.base + other.size
    let size = size(12, &generator)
    return switch generator.below(6) {
    case 0: ((end &+ 15) & ~15, size)
    case 1: (end & ~15, size)
    case 2: ((other.base &- size) & ~15, size)
    case 3: ((other.base + generator.below(other.size)) & ~15, size)
    case 4: ((other.base &- size) & ~15, (2 &* size) &+ other.size)
    default: other
    }
  }
}
