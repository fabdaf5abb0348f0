// MapTests.swift — the purgatory's page tables for very many layouts, against a model
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

extension Routines {
  /// Tables are cleared by the host instead of the blob: in this emulator, stores take most of the time.
  static func withoutClearing(at base: UInt64) async throws -> Routines {
    try await Routines(at: base) { blob in
      let range = try blob.range(of: "new_table")
      try blob.replaceInstructions("stp xzr, xzr, [x15], #16") { instruction, offset in
        instruction == 0xa881_7dff && range.contains(offset) ? 0x9140_05ef : nil  // add x15, x15, #4096
      }
    }
  }

  private var tables: UInt64 { blob.end - PageTables.room }

  /// Builds the map of a layout, and compares.
  ///
  /// - Parameter isCleared: whether the host clears the room for tables; otherwise it is full of junk.
  func map(_ layout: MapLayout, isCleared: Bool) throws -> MapAnswer {
    core.fill(at: tables, count: Int(clamping: PageTables.room), with: isCleared ? 0 : 0xa5)
    for index in 0..<16 {
      let region = index < layout.regions.count ? layout.regions[index] : (base: 0, size: 0)
      core.place(region.base &- layout.bias, at: blob.infoAddress + 0x40 + 16 * UInt64(index))
      core.place(region.size, at: blob.infoAddress + 0x48 + 16 * UInt64(index))
    }
    try call("build_map", [], mode: layout.isEL2 ? Mode.el2 : 0, bias: layout.bias)
    let answer = layout.answer(blob)
    guard case .mapped(let count) = answer else {
      guard core[x: 0] == 1 else { throw Difference(description: "\(layout): mapped, expected \(answer)") }
      return answer
    }
    guard core[x: 0] == 0 else {
      throw Difference(description: "\(layout): refused, expected \(count) tables")
    }
    let end = tables + 0x1000 * UInt64(count)
    guard core[x: 1] == end else {
      let used = Int64(bitPattern: core[x: 1] &- tables) / 0x1000
      throw Difference(description: "\(layout): \(used) tables, expected \(count)")
    }
    let contents = try PageTables(at: tables, core.words(at: tables, count: 512 * count)).contents()
    guard contents.tables == count else {
      throw Difference(description: "\(layout): \(contents.tables) of \(count) tables are in use")
    }
    let (found, wanted) = (contents.leaves.merged, PageTables.mapping(layout.wanted(blob)))
    guard found == wanted else {
      throw Difference(description: "\(layout): mapped \(found), expected \(wanted)")
    }
    if !isCleared, core.read(at: end, count: Int(clamping: blob.end - end)).contains(where: { $0 != 0xa5 }) {
      throw Difference(description: "\(layout): wrote behind the tables")
    }
    return answer
  }
}

extension Routines {
  /// No emulated machine has memory there: the register alone says that the blob is beyond 48 bits.
  func mapBlobBeyond48Bits() throws {
    core.fill(at: tables, count: Int(clamping: PageTables.room), with: 0)
    core.fill(at: blob.infoAddress + 0x40, count: 16 * 16, with: 0)
    try call("build_map", [], base: 1 << 48)
    guard core[x: 0] == 1 else { throw Difference(description: "a blob beyond 48 bits: mapped") }
  }
}

@Suite struct MapRoutine {
  /// Blobs across the edges of 2 MiB, 1 GiB and 512 GiB, and at the end of 48 bits.
  static let bases: [UInt64] = [
    0x4020_0000, 0x401f_0000, 0x7fff_b000, 0x7f_fffe_f000, 0xffff_fffd_c000, 0x12_3456_7000,
  ]

  /// How often each answer was right.
  private struct Counts {
    var mapped = 0
    var last = 0
    var tooMany = 0
    var beyond = 0
  }

  @Test("maps what it must, as it must, and nothing else, or refuses", arguments: parts)
  func layouts(_ part: Int) async throws {
    var counts = Counts()
    for (index, base) in Self.bases.enumerated() {
      let (fast, whole) = (try await Routines.withoutClearing(at: base), try await Routines(at: base))
      var generator = SplitMix64(seed: UInt64(part * 100 + index))
      for number in 0..<cases / parts.count / Self.bases.count + 1 {
        let layout = MapLayout.random(fast.blob, &generator)
        let answer =
          number % 64 == 0
          ? try whole.map(layout, isCleared: false) : try fast.map(layout, isCleared: true)
        switch answer {
        case .mapped(tables: 32): counts.last += 1
        case .mapped: counts.mapped += 1
        case .tooManyTables: counts.tooMany += 1
        case .beyond48Bits: counts.beyond += 1
        }
      }
    }
    // Each answer is met often enough to mean something.
    let total = counts.mapped + counts.last + counts.tooMany + counts.beyond
    #expect(counts.mapped > total / 4, "\(counts)")
    #expect(counts.last > total / 1000, "\(counts)")
    #expect(counts.tooMany > total / 50, "\(counts)")
    #expect(counts.beyond > total / 100, "\(counts)")
  }

  @Test("refuses a blob beyond 48 bits")
  func blobBeyond48Bits() async throws {
    try await Routines(at: 0x4020_0000).mapBlobBeyond48Bits()
  }
}
