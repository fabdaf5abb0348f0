// MixtureTests.swift — files with addresses and without, on boards of all kinds: nothing ever overlaps
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct MixtureTests {
  /// Boards and files that are made of a seed.
  private struct Mixture {
    var plan: Plan
    let tree: TreeNode?
    let reservations: [Range<UInt64>]
    /// The start of each bank, if they are the device tree's.
    var firmware: [Range<UInt64>] = []

    init(seed: UInt64) {
      var random = SplitMix64(seed: seed)
      func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
      let banks = Self.banks(&random)
      func address(aligned alignment: UInt64) -> UInt64 {
        let bank = banks.randomElement(using: &random) ?? 0..<1
        return (bank.lowerBound + UInt64.random(in: 0..<(bank.upperBound - bank.lowerBound), using: &random))
          / alignment * alignment
      }
      reservations = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        let base = address(aligned: 8)
        return base..<base + UInt64.random(in: 1...0x200_0000, using: &random)
      }
      plan = Plan()
      if chance(80) {
        let oldKernel = chance(20)
        let textOffset: UInt64 = chance(30) ? 0x8_0000 : 0
        plan.files.append(
          .kernel(
            at: chance(20) ? address(aligned: 2 << 20) + textOffset : nil,
            imageSize: .random(in: 64...0x200_0000, using: &random), textOffset: textOffset,
            flags: oldKernel ? 2 : 0xa))
      }
      if chance(60) {
        plan.files.append(
          .initrd(.random(in: 1...0x1_0000, using: &random), at: chance(20) ? address(aligned: 16) : nil))
      }
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        plan.files.append(
          .segment(
            .random(in: 1...0x2000, using: &random), at: chance(30) ? address(aligned: 16) : nil,
            memorySize: chance(40) ? .random(in: 0x2000...0x80_0000, using: &random) : nil))
      }
      let nodes = banks.map { TreeNode.memory($0.lowerBound, $0.upperBound - $0.lowerBound) }
      let reserved = reservations.dropFirst().enumerated().map { index, range in
        TreeNode("r\(index)", ["reg": .wide(range.lowerBound, range.upperBound - range.lowerBound)])
      }
      let keeps = TreeNode(
        "reserved-memory", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty], reserved)
      if chance(80) {
        let root = TreeNode("", ["#address-cells": [2], "#size-cells": [2]], nodes + [keeps])
        tree = root
        plan.files.append(
          .dtb(root, at: chance(20) ? address(aligned: 16) : nil, reserving: Array(reservations.prefix(1))))
        if chance(50) {
          plan.commandLine = String(repeating: "x", count: .random(in: 0...6000, using: &random))
        }
      } else {
        tree = nil
      }
      if tree == nil || chance(30) {
        plan.memory = banks
      } else {
        firmware = banks.merged.map { $0.lowerBound..<$0.lowerBound + MemoryMap.firmwareSize }
      }
      if chance(30) { plan.loadAddress = address(aligned: 0x1000) }
      plan.isForced = chance(50)
    }

    /// One to four of them: small ones, large ones, some that meet; low, above 4 GiB, above 1 TiB.
    private static func banks(_ random: inout SplitMix64) -> [Range<UInt64>] {
      let bases: [UInt64] = [0, 0x4000_0000, 0x8000_0000, 0x1_0000_0000, 0x100_0000_0000]
      let gaps: [UInt64] = [0, 0, 1 << 12, 1 << 30, 1 << 36]
      var base = bases.randomElement(using: &random) ?? 0
      return (0..<Int.random(in: 1...4, using: &random)).map { _ in
        let unit: UInt64 = Bool.random(using: &random) ? 1 << 20 : 1 << 28
        let size = UInt64.random(in: 1...64, using: &random) * unit
        defer { base += size + (gaps.randomElement(using: &random) ?? 0) }
        return base..<base + size
      }.shuffled(using: &random)
    }

    /// Everything about `layout` that must not be.
    func faults(_ layout: Layout) throws -> [String] {
      var faults: [String] = []
      func require(_ condition: Bool, _ what: String) { if !condition { faults.append(what) } }
      let purgatory = try #require(layout.loadAddress)
      var placed: [(name: String, range: Range<UInt64>, isChosen: Bool)] = []
      var files = plan.files
      for segment in layout.segments {
        let index = try #require(
          files.firstIndex {
            $0.role == segment.role && ($0.address == nil || $0.address == segment.base)
              && ($0.bytes.count == segment.bytes.count || segment.role == .dtb)
          })
        let file = files.remove(at: index)
        placed.append((segment.role.rawValue, segment.range, file.address == nil))
        guard file.address == nil else { continue }
        switch segment.role {
        case .kernel:
          let image = try KernelImage(header: segment.bytes, file: "")
          require((segment.base - image.textOffset) % (2 << 20) == 0, "kernel at \(segment.base)")
        case .dtb:
          let last = segment.range.upperBound - 1
          require(segment.base >> 21 == last >> 21, "dtb at \(segment.range)")
          require(segment.base % 0x1000 == 0, "dtb at \(segment.base)")
        default: require(segment.base % 0x1000 == 0, "\(segment.role) at \(segment.base)")
        }
      }
      require(files.isEmpty, "\(files.map(\.role)) are missing")
      let range = purgatory..<purgatory + plan.purgatorySize
      placed.append(("purgatory", range, plan.loadAddress == nil))
      if plan.loadAddress == nil { require(purgatory % 0x1000 == 0, "purgatory at \(purgatory)") }

      let banks = layout.memory
      let old = plan.files.contains { $0.role == .kernel && $0.bytes[0x18] & 8 == 0 }
      for (index, one) in placed.enumerated() {
        require(
          banks.contains { $0.contains(one.range) } || (plan.isForced && !one.isChosen),
          "\(one) is outside of memory")
        for other in placed[(index + 1)...] where one.isChosen || other.isChosen {
          require(!one.range.overlaps(other.range), "\(one) overlaps \(other)")
        }
        if tree != nil, one.isChosen || !plan.isForced {
          for reserved in reservations {
            require(!one.range.overlaps(reserved), "\(one) in reserved \(reserved)")
          }
        }
        for range in firmware where one.isChosen && !(old && one.name == "kernel") {
          require(!one.range.overlaps(range), "\(one) in the firmware's \(range)")
        }
      }
      if let kernel = layout.range(.kernel), let initrd = layout.range(.initrd),
        plan.files.contains(where: { $0.role == .initrd && $0.address == nil })
      {
        let first = min(kernel.lowerBound, initrd.lowerBound) / (1 << 30) * (1 << 30)
        let last = max(kernel.upperBound, initrd.upperBound) - 1
        require(last - first < 32 << 30, "kernel \(kernel) and initrd \(initrd) in no window")
      }
      return faults
    }
  }

  @Test func nothingOverlaps() throws {
    var layouts = 0
    for seed in 0..<(1500 as UInt64) {
      let mixture = Mixture(seed: seed)
      guard let layout = try? mixture.plan.layout() else { continue }
      layouts += 1
      #expect(try mixture.faults(layout) == [], "seed \(seed)")
      let again = try Mixture(seed: seed).plan.layout()
      #expect(again.segments.map(\.base) == layout.segments.map(\.base), "seed \(seed)")
      #expect(again.segments.map(\.bytes) == layout.segments.map(\.bytes), "seed \(seed)")
      #expect(again.loadAddress == layout.loadAddress, "seed \(seed)")
    }
    #expect((500..<1450).contains(layouts))
  }

  /// What cannot be placed says so: every refusal is of a kind that is known.
  @Test func everyRefusalIsKnown() throws {
    var refusals = 0
    for seed in 0..<(1500 as UInt64) {
      for problem in try Mixture(seed: seed).plan.refusal() {
        refusals += 1
        #expect(
          problem.contains(": no room for 0x") || problem.contains(", expected memory: 0x")
            || problem.contains(", expected a multiple of 2 MiB plus")
            || problem.contains(" is reserved, expected memory")
            || problem.contains(", within 32 GiB of the kernel"), "seed \(seed): \(problem)")
      }
    }
    #expect(refusals > 50)
  }
}
