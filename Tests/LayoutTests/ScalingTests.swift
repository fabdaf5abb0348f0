// ScalingTests.swift — device trees with very many nodes, very many ranges of memory and segments: in proportion, or refused
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

/// What has so many of something.
struct LargeLayout: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let count: Int
  let make: @Sendable (Int) -> LayoutRequest

  /// - Parameter nodes: beside the memory, of the root.
  private static func tree(_ name: String, _ count: Int, _ nodes: @escaping @Sendable (Int) -> [TreeNode])
    -> Self
  {
    Self(testDescription: name, count: count) { count in
      let root = TreeNode(
        "", ["#address-cells": [2], "#size-cells": [2]],
        nodes(count) + [
          TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 32)])
        ])
      return request(dtb: root.dtb())
    }
  }

  private static func request(dtb: [UInt8], memory: [Range<UInt64>] = []) -> LayoutRequest {
    var request = LayoutRequest(
      files: [
        File(role: .dtb, name: "board.dtb", bytes: dtb, address: nil),
        File(role: .initrd, name: "initrd", bytes: [1, 2, 3], address: nil),
        File(role: .segment, name: "segment", bytes: [4], address: nil),
      ], memory: memory, purgatorySize: 0x4000)
    request.placesPurgatory = true
    request.updatesDeviceTree = true
    return request
  }

  // A tree has at most 2 MiB: as many as fit.
  static let all = [
    tree("nodes", 10_000) { (0..<$0).map { _ in TreeNode("n") } },
    tree("reserved nodes", 3000) { count in
      [
        TreeNode(
          "reserved-memory", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty],
          (0..<count).map { TreeNode("r", ["reg": .wide(0x5000_0000 + UInt64($0) * 0x2000, 0x1000)]) })
      ]
    },
    tree("compatible nodes", 4000) { (0..<$0).map { _ in TreeNode("n", ["compatible": "x"]) } },
    Self(testDescription: "ranges of memory", count: 1000) { count in
      request(
        dtb: TreeNode("", ["#address-cells": [2], "#size-cells": [2]]).dtb(),
        memory: (0..<UInt64(count)).map { 0x4000_0000 + $0 << 23..<0x4000_0000 + $0 << 23 + 0x40_0000 })
    },
  ]
}

@Suite struct ScalingTests {
  @Test(arguments: LargeLayout.all)
  func timeIsInProportion(_ large: LargeLayout) throws {
    let ratio = try Scaling.ratio(of: large.count, large.testDescription, large.make) { request in
      let board = try Board(request.files[0].deviceTree(), file: "board.dtb")
      _ = board.psci
      _ = try? board.console()
      _ = try Layout(request)
    }
    #expect(ratio < Scaling.limit, "\(ratio)")
  }

  /// So many are not compared with each other, nor opened.
  @Test func veryManySegmentsAreOneProblem() throws {
    var request = LargeLayout.all[0].make(1)
    request.files += (0..<10_000).map {
      File(role: .segment, name: "\($0)", bytes: [1], address: 0x4000_0000)
    }
    let rejection = try #require(throws: Rejection.self) { try Layout(request) }
    #expect(rejection.problems.map(\.found) == ["10003 segments"])
  }
}
