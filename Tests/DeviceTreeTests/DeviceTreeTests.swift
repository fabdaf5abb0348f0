// DeviceTreeTests.swift — whole device trees are accepted, others refused, and no bytes crash the check
// SPDX-License-Identifier: MIT

import Testing

@testable import DeviceTree

@Suite struct DeviceTreeTests {
  /// A tree with a memory reservation, a node and properties, in bytes (Devicetree Specification, chapter 5).
  private let tree: [UInt8] = {
    func words(_ values: UInt32...) -> [UInt8] {
      values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    }
    let strings = Array("model\0reg\0".utf8)
    let reservations = words(0, 0x4000_0000, 0, 0x1000) + words(0, 0, 0, 0)
    let structure =
      words(1, 0)  // the root's name is empty
      + words(3, 8, 0) + Array("a board\0".utf8)  // model = "a board"
      + words(1) + Array("memory@0".utf8) + words(0)
      + words(3, 4, 6) + words(0x4000_0000)  // reg
      + words(2, 2, 9)
    let header = 40
    let structureOffset = header + reservations.count
    let stringsOffset = structureOffset + structure.count
    return words(
      0xd00d_feed, UInt32(clamping: stringsOffset + strings.count), UInt32(clamping: structureOffset),
      UInt32(clamping: stringsOffset),
      UInt32(clamping: header), 17, 16, 0, UInt32(clamping: strings.count), UInt32(clamping: structure.count))
      + reservations + structure + strings
  }()

  private func error(_ bytes: [UInt8]) -> DeviceTreeError? {
    do {
      try DeviceTree.validate(bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test func good() {
    #expect(error(tree) == nil)
  }

  /// QEMU and boot loaders leave room behind the tree.
  @Test func paddingUpToTheLimit() {
    let limit = DeviceTree.maximumSize
    #expect(limit == 2 << 20)
    #expect(error(tree + [UInt8](repeating: 0, count: limit - tree.count)) == nil)
    let more = error(tree + [UInt8](repeating: 0, count: limit - tree.count + 1))
    #expect(more == DeviceTreeError(place: "size", found: "2097153 bytes", expected: "at most 2 MiB"))
  }

  /// libfdt 1.6 reads through a null pointer in some of these.
  @Test(arguments: [0, 1, 2, 3, 15] as [UInt8]) func versionsOfOld(_ version: UInt8) {
    var old = tree
    old[23] = version
    old[27] = min(version, 2)
    #expect(error(old)?.found == "version \(version)")
  }

  @Test func otherFiles() {
    #expect(error([])?.found == "0 bytes")
    #expect(error([UInt8](repeating: 0, count: 39))?.found == "39 bytes")
    #expect(error([UInt8](repeating: 0, count: 40))?.found == "magic 0x0")
    #expect(error(Array(repeating: 0xff, count: 100))?.found == "magic 0xffffffff")
    #expect(error(Array("/dts-v1/; / { model = \"a source, not a blob\"; };\n".utf8))?.place == "header")
  }

  @Test func everyTruncation() {
    for count in tree.indices {
      #expect(error(Array(tree[..<count])) != nil, "\(count) of \(tree.count) bytes")
    }
  }

  /// Every word of header and structure, set to what overflows and what is empty.
  @Test func everyWordWithEveryExtreme() {
    var refused = 0
    for offset in stride(from: 0, to: tree.count - 4, by: 4) {
      for value: UInt32 in [0, 1, 3, 4, 9, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff] {
        var bytes = tree
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index)) }
        if error(bytes) != nil { refused += 1 }
      }
    }
    #expect(refused > 100)
  }

  @Test func randomCorruption() {
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth's MMIX generator
      return Int(clamping: state >> 33) % bound
    }
    var refused = 0
    let runs = 20_000
    for _ in 0..<runs {
      var bytes = tree
      for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
      if error(bytes) != nil { refused += 1 }
    }
    #expect((1..<runs).contains(refused))
  }

  /// What follows the tree is not its business; what is cut from it is, in memory too.
  @Test func theBytesAfterTheTreeAreNotRead() {
    #expect(error(tree + [UInt8](repeating: 0xff, count: 64)) == nil)
    var longer = tree
    longer[7] += 1  // totalsize: one byte more than there is
    #expect(error(longer) != nil)
  }
}
