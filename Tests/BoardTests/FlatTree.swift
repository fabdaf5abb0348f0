// FlatTree.swift — a DTB read token by token: nothing of the code under test, nor of libfdt
// SPDX-License-Identifier: MIT

import Foundation

/// A node of a flattened device tree, with all below it (Devicetree Specification, chapter 5).
final class FlatNode {
  let name: String
  private(set) weak var parent: FlatNode?
  var properties: [String: [UInt8]] = [:]
  var children: [FlatNode] = []

  init(_ name: String, in parent: FlatNode?) {
    self.name = name
    self.parent = parent
  }

  func strings(_ name: String) -> [String] {
    (properties[name] ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  func words(_ name: String) -> [UInt64] {
    let bytes = properties[name] ?? []
    return stride(from: 0, to: bytes.count & ~3, by: 4).map { FlatTree.word(bytes, $0) }
  }

  /// The first word.
  func word(_ name: String) -> UInt64? { words(name).first }

  /// Itself, and all below it in the tree's order.
  var all: [FlatNode] { [self] + children.flatMap(\.all) }

  var isOn: Bool { properties["status"] == nil || ["okay", "ok"].contains(strings("status").first ?? "") }

  /// Neither it nor anything that it is a part of is switched off.
  var isReachable: Bool { isOn && parent?.isReachable != false }

  /// Ranges of a property, whose numbers have so many words each.
  func ranges(_ name: String, _ address: Int, _ size: Int) -> [(base: UInt64, size: UInt64)] {
    let words = words(name)
    let row = address + size
    guard row > 0, size > 0 else { return [] }
    return stride(from: 0, to: words.count / row * row, by: row).map { start in
      func number(_ range: Range<Int>) -> UInt64 { words[range].suffix(2).reduce(0) { $0 << 32 | $1 } }
      return (number(start..<start + address), number(start + address..<start + row))
    }
  }

  /// Its own, or those of what is above it; of Linux, 1 in the end.
  var cells: (address: Int, size: Int) {
    func number(_ name: String) -> Int {
      word(name).map { Int(clamping: $0) } ?? parent.map {
        name == "#address-cells" ? $0.cells.address : $0.cells.size
      } ?? 1
    }
    return (number("#address-cells"), number("#size-cells"))
  }

  /// `reg`, as the CPU sees it.
  var registers: [(base: UInt64, size: UInt64)] {
    guard let parent else { return [] }
    return ranges("reg", parent.cells.address, parent.cells.size).compactMap { register in
      var (base, bus) = (register.base, parent)
      while let above = bus.parent {
        guard bus.properties["ranges"] != nil else { return nil }
        let width = bus.cells.address
        let rows = bus.ranges("ranges", width + above.cells.address, bus.cells.size)
        if !rows.isEmpty {
          // Read again: the two addresses of a row are apart.
          let words = bus.words("ranges")
          let row = width + above.cells.address + bus.cells.size
          let match = stride(from: 0, to: words.count / row * row, by: row).lazy
            .map { start -> (UInt64, UInt64, UInt64) in
              let parts = Array(words[start..<start + row])
              func number(_ words: ArraySlice<UInt64>) -> UInt64 {
                words.suffix(2).reduce(0) { $0 << 32 | $1 }
              }
              return (
                number(parts[..<width]), number(parts[width..<width + above.cells.address]),
                number(parts[(width + above.cells.address)...])
              )
            }
            .first { base >= $0.0 && base - $0.0 < $0.2 }
          guard let match else { return nil }
          base = match.1 + (base - match.0)
        }
        bus = above
      }
      return (base, register.size)
    }
  }
}

struct FlatTree {
  let root: FlatNode
  /// The memory reservation block.
  let reservations: [(base: UInt64, size: UInt64)]

  static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt64($1) }
  }

  struct NotATree: Error {}

  init(_ bytes: [UInt8]) throws {
    func word(_ offset: Int) -> Int { Int(clamping: Self.word(bytes, offset)) }
    guard bytes.count > 40, word(0) == 0xd00d_feed else { throw NotATree() }
    func text(_ offset: Int) -> String {
      String(decoding: bytes[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }
    var reservations: [(UInt64, UInt64)] = []
    var offset = word(16)
    while true {
      let (base, size) = (
        Self.word(bytes, offset) << 32 | Self.word(bytes, offset + 4),
        Self.word(bytes, offset + 8) << 32 | Self.word(bytes, offset + 12)
      )
      if base == 0, size == 0 { break }
      reservations.append((base, size))
      offset += 16
    }
    self.reservations = reservations

    offset = word(8)
    var root: FlatNode?
    var node: FlatNode?
    while true {
      defer { offset = (offset + 3) & ~3 }
      let token = word(offset)
      offset += 4
      switch token {
      case 1:
        let child = FlatNode(text(offset), in: node)
        offset += child.name.utf8.count + 1
        if let node { node.children.append(child) } else { root = child }
        node = child
      case 2: node = node?.parent
      case 3:
        let count = word(offset)
        let name = text(word(12) + word(offset + 4))
        node?.properties[name] = Array(bytes[offset + 8..<offset + 8 + count])
        offset += 8 + count
      case 9:
        guard let root else { throw NotATree() }
        self.root = root
        return
      case 4: break
      default: throw NotATree()
      }
    }
  }

  func node(_ path: String) -> FlatNode? {
    if !path.hasPrefix("/") {
      let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
      guard let alias = node("/aliases")?.strings(parts.first ?? "").first, alias.hasPrefix("/") else {
        return nil
      }
      return node(alias + (parts.count > 1 ? "/" + parts[1] : ""))
    }
    return path.split(separator: "/").reduce(root) { node, name in
      node?.children.first { $0.name == name }
        ?? node?.children.first { $0.name.split(separator: "@").first == name }
    }
  }
}
