// GrowthTests.swift — ten times as much of anything takes no more than about ten times as long
// SPDX-License-Identifier: MIT

import DeviceTree
import Foundation
import TestSupport
import Testing

@testable import PurgatoryKit

/// Much of one thing, and what is done with it.
struct Growth: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// How many of them are many; a tenth of it is what they are measured by.
  let many: Int
  let make: @Sendable (Int) -> [UInt8]
  let use: @Sendable ([UInt8]) throws -> Void

  init(
    _ name: String, _ many: Int = 100_000, _ make: @escaping @Sendable (Int) -> [UInt8],
    use: @escaping @Sendable ([UInt8]) throws -> Void = Growth.check
  ) {
    (testDescription, self.many, self.make, self.use) = (name, many, make, use)
  }

  static let all = [
    Growth("sections") { ManyOf(sections: $0).bytes },
    Growth("symbols") { ManyOf(symbols: $0).bytes },
    Growth("undefined symbols") { ManyOf(symbols: $0, areUndefined: true).bytes },
    Growth("relocations of one symbol") { ManyOf(symbols: 1, relocations: $0).bytes },
    Growth("relocations of as many symbols") { ManyOf(symbols: $0, relocations: $0).bytes },
    Growth("archive members") { archive(Array(repeating: [UInt8](repeating: 0x78, count: 8), count: $0)) },
    Growth("archive members that are ELF files", 10_000) {
      archive(Array(repeating: ManyOf(symbols: 1, relocations: 1).bytes, count: $0))
    },
    Growth(
      "device-tree nodes", 100_000, { tree((0..<$0).map { TreeNode(String($0, radix: 36)) }) }, use: place),
    Growth(
      "reserved memory", 30_000,
      { count in
        tree([
          TreeNode(
            "reserved-memory", ["#address-cells": [2], "#size-cells": [2], "ranges": .empty],
            (0..<count).map {
              TreeNode(String($0, radix: 36), ["reg": .wide(0x5000_0000 + UInt64($0) * 8192, 4096)])
            })
        ])
      }, use: place),
    Growth(
      "nodes of memory", 20_000,
      { count in
        tree(
          (0..<count).map {
            TreeNode(
              "memory@\(String($0 + 1, radix: 16))",
              ["device_type": "memory", "reg": .wide(1 << 40 + UInt64($0) * 8192, 4096)])
          })
      }, use: place),
  ]

  @Sendable static func check(_ bytes: [UInt8]) throws {
    _ = Checker().check(Contents(bytes, name: "many"), path: "many")
  }

  /// Reads the board, and places a file in what it leaves free.
  @Sendable static func place(_ bytes: [UInt8]) throws {
    _ = try Layout(
      LayoutRequest(
        files: [
          File(role: .dtb, name: "board.dtb", bytes: bytes, address: nil),
          File(role: .segment, name: "file", bytes: [1, 2, 3], address: nil),
        ], memory: [], commandLine: nil, purgatorySize: 0x20000, loadAddress: nil))
  }

  private static func tree(_ nodes: [TreeNode]) -> [UInt8] {
    TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 30)])] + nodes
    ).dtb()
  }

  private static func archive(_ members: [[UInt8]]) -> [UInt8] {
    var bytes = Array("!<arch>\n".utf8)
    for (index, member) in members.enumerated() {
      for (text, width) in [
        ("m\(index)/", 16), ("0", 12), ("0", 6), ("0", 6), ("644", 8), ("\(member.count)", 10),
      ] {
        bytes += Array(text.utf8) + [UInt8](repeating: 0x20, count: width - text.utf8.count)
      }
      bytes += Array("`\n".utf8) + member + (member.count.isMultiple(of: 2) ? [] : [0x0a])
    }
    return bytes
  }

  /// Processor seconds of the fastest run: what else the machine does is not in them.
  func seconds(_ count: Int, runs: Int) throws -> Double {
    let bytes = make(count)
    var best = Double.infinity
    for _ in 0..<runs {
      let start = threadSeconds()
      try use(bytes)
      best = min(best, threadSeconds() - start)
    }
    return best
  }

  private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// An object of AArch64 with many of something, as the ELF gABI has it.
private struct ManyOf {
  let bytes: [UInt8]

  init(sections: Int = 0, symbols: Int = 0, areUndefined: Bool = false, relocations: Int = 0) {
    var (image, headers): ([UInt8], [UInt8]) = ([UInt8](repeating: 0, count: 64), [])
    var (names, count): ([UInt8], Int) = ([0], 0)
    func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    func add(
      _ name: String, _ type: UInt32, flags: UInt64 = 0, _ contents: [UInt8], link: UInt32 = 0,
      info: UInt32 = 0,
      entry: UInt64 = 0, size: UInt64? = nil
    ) {
      headers += little(UInt32(clamping: name.isEmpty ? 0 : names.count)) + little(type) + little(flags)
      headers += little(UInt64(0)) + little(UInt64(image.count))
      headers +=
        little(size ?? UInt64(contents.count)) + little(link) + little(info) + little(UInt64(1))
        + little(entry)
      if !name.isEmpty { names += Array(name.utf8) + [0] }
      image += contents + [UInt8](repeating: 0, count: -contents.count & 7)
      count += 1
    }
    var (strings, table): ([UInt8], [UInt8]) = ([0], [UInt8](repeating: 0, count: 24))
    for index in 0..<symbols {
      table += little(UInt32(clamping: strings.count)) + [0x10, 0]
      table += little(UInt16(areUndefined ? 0 : 1)) + little(UInt64(index % 4096)) + little(UInt64(1))
      strings += Array("s\(index)".utf8) + [0]
    }
    let total = sections + 6
    // More than fit into the header's fields are counted in section 0.
    add("", 0, [], link: total >= 0xff00 ? 5 : 0, size: total >= 0xff00 ? UInt64(total) : 0)
    add(".text", 1, flags: 6, [UInt8](repeating: 0, count: 4096))
    add(".symtab", 2, table, link: 3, info: 1, entry: 24)
    add(".strtab", 3, strings)
    var rela: [UInt8] = []
    for index in 0..<relocations {
      rela += little(UInt64(index * 8 % 4088))
      rela += little(UInt64(1 + index % max(symbols, 1)) << 32 | 257) + little(Int64(index))
    }
    add(".rela.text", 4, rela, link: 2, info: 1, entry: 24)
    // Its own contents are known only when all names are.
    let place = headers.count
    add(".shstrtab", 3, [])
    for index in 0..<sections { add(".x\(index)", 1, flags: 2, []) }
    headers.replaceSubrange(
      place + 24..<place + 40, with: little(UInt64(image.count)) + little(UInt64(names.count)))
    image += names + [UInt8](repeating: 0, count: -names.count & 7)
    let header =
      [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9) + little(UInt16(1))
      + little(UInt16(183)) + little(UInt32(1)) + little(UInt64(0)) + little(UInt64(0))
      + little(UInt64(image.count)) + little(UInt32(0)) + little(UInt16(64)) + little(UInt16(0))
      + little(UInt16(0)) + little(UInt16(64)) + little(UInt16(total >= 0xff00 ? 0 : total))
      + little(UInt16(total >= 0xff00 ? 0xffff : 5))
    image.replaceSubrange(0..<64, with: header)
    bytes = image + headers
  }
}

@Suite(.serialized) struct GrowthTests {
  /// Ten times as long is linear, a hundred times quadratic.
  private static let limit = 32.0

  @Test(arguments: Growth.all) func isNotQuadratic(_ growth: Growth) throws {
    let (few, many) = (
      try growth.seconds(growth.many / 10, runs: 3), try growth.seconds(growth.many, runs: 1)
    )
    #expect(many / few < Self.limit, "\(few) s and \(many) s")
  }

  /// Else nothing above would be judged.
  @Test func theyAreWhatTheyClaimToBe() {
    for count in [100, 70_000] {
      let checked = Checker().check(Contents(ManyOf(sections: count).bytes, name: ""), path: "")
      #expect(!checked.lines.contains { $0.contains("section header") }, "\(checked.lines)")
    }
    let relocations = ManyOf(symbols: 10, areUndefined: true, relocations: 1000).bytes
    let checked = Checker().check(Contents(relocations, name: ""), path: "")
    #expect(checked.reported == .init(dynamic: 0, static: 1000, undefined: 10))
  }

  @Test func whatIsQuadraticIsSeen() throws {
    let make = { @Sendable (count: Int) in [UInt8](repeating: 1, count: count) }
    let use = { @Sendable (bytes: [UInt8]) in
      var sum = 0
      for first in 0..<bytes.count where first.isMultiple(of: 8) {
        for second in 0..<bytes.count where bytes[second] == bytes[first] { sum &+= second }
      }
      #expect(sum != 1)
    }
    let quadratic = Growth("pairs", 20_000, make, use: use)
    #expect(try quadratic.seconds(20_000, runs: 1) / quadratic.seconds(2000, runs: 3) > Self.limit)
  }
}
