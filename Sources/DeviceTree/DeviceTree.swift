// DeviceTree.swift — safe Swift over libfdt, the only importer of CLibFDT
// SPDX-License-Identifier: MIT

internal import CLibFDT
internal import CheckedArithmetic

/// What is wrong with a flattened device tree.
package struct DeviceTreeError: Error, Equatable, Sendable {
  /// The header, or the path of a node.
  package let place: String
  package let found: String
  package let expected: String

  package init(place: String, found: String, expected: String) {
    self.place = place
    self.found = found
    self.expected = expected
  }
}

/// A flattened device tree (Devicetree Specification, chapter 5): read, and changed in a copy.
package struct DeviceTree: Equatable, Sendable {
  /// Bytes: arm64 Linux maps no more (booting.rst, "Setup the device tree").
  package static let maximumSize = 2 << 20

  /// Bytes of the header (version 17).
  package static let headerSize = 40

  /// The DTB, well-formed.
  package internal(set) var bytes: [UInt8]

  /// A node of this tree; not of another, and not after a change.
  package struct Node: Equatable, Sendable {
    let offset: Int32
    /// The nodes above it, the root first. libfdt would search the whole tree for each parent.
    let ancestors: [Int32]
  }

  /// Reads a DTB: header, structure block and strings are checked first.
  package init(_ bytes: [UInt8]) throws(DeviceTreeError) {
    try Self.validate(bytes)
    self.bytes = bytes
  }

  /// Checks header, structure block and strings of a whole DTB.
  package static func validate(_ bytes: [UInt8]) throws(DeviceTreeError) {
    guard bytes.count >= headerSize else {
      throw DeviceTreeError(
        place: "header", found: "\(bytes.count) bytes", expected: "at least \(headerSize)")
    }
    let magic = bytes[..<4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    guard magic == 0xd00d_feed else {
      throw DeviceTreeError(
        place: "header", found: "magic 0x\(String(magic, radix: 16))",
        expected: "0xd00dfeed of a flattened device tree")
    }
    // Not left to libfdt: of a tree that calls itself older it takes names apart that are not there.
    let version = bytes[20..<24].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    guard version >= 16 else {
      throw DeviceTreeError(place: "header", found: "version \(version)", expected: "version 16 or 17")
    }
    guard bytes.count <= maximumSize else {
      throw DeviceTreeError(place: "size", found: "\(bytes.count) bytes", expected: "at most 2 MiB")
    }
    let result = bytes.withUnsafeBytes { fdt_check_full($0.baseAddress, $0.count) }
    guard result == 0 else {
      throw DeviceTreeError(
        place: "contents", found: String(cString: fdt_strerror(result)),
        expected: "a whole, well-formed device tree")
    }
  }

  func withTree<Result>(_ body: (UnsafeRawPointer) -> Result) -> Result {
    // validate() made sure that there are bytes.
    bytes.withUnsafeBytes { body($0.baseAddress!) }
  }
}

// MARK: - Nodes and properties

extension DeviceTree {
  /// The node at `path`: absolute, or beginning with an alias.
  package func node(at path: String) -> Node? {
    guard !path.hasPrefix("/") else {
      return path.split(separator: "/").reduce(Node(offset: 0, ancestors: [])) { node, name in
        node.flatMap { child(String(name), of: $0) }
      }
    }
    // Not left to libfdt: before 1.7 it follows an alias of an alias, and never comes back from one of itself.
    let alias = path.prefix { $0 != "/" }
    guard let aliases = node(at: "/aliases"), let target = strings(String(alias), of: aliases).first,
      target.hasPrefix("/")
    else { return nil }
    return node(at: target + path.dropFirst(alias.count))
  }

  package func parent(of node: Node) -> Node? {
    node.ancestors.last.map { Node(offset: $0, ancestors: node.ancestors.dropLast()) }
  }

  /// The child of this name, with or without its unit address.
  private func child(_ name: String, of node: Node) -> Node? {
    let offset = withTree { fdt_subnode_offset($0, node.offset, name) }
    return offset >= 0 ? Node(offset: offset, ancestors: node.ancestors + [node.offset]) : nil
  }

  /// In the tree's order.
  package func children(of node: Node) -> [Node] {
    withTree { tree in
      var children: [Node] = []
      let ancestors = node.ancestors + [node.offset]
      var offset = fdt_first_subnode(tree, node.offset)
      while offset >= 0 {
        children.append(Node(offset: offset, ancestors: ancestors))
        offset = fdt_next_subnode(tree, offset)
      }
      return children
    }
  }

  /// The first node, in the tree's order, that says it is compatible with one of `names`.
  package func node(compatibleWith names: Set<String>) -> Node? {
    nodes(compatibleWith: names, atMost: 1).first
  }

  /// The first nodes, in the tree's order, that say they are compatible with one of `names`.
  package func nodes(compatibleWith names: Set<String>, atMost limit: Int) -> [Node] {
    var found: [Node] = []
    var path: [Int32] = []  // from the root to the node that is looked at
    var depth: Int32 = 0
    var offset: Int32 = 0
    while offset >= 0, depth >= 0 {
      path.removeLast(max(path.count - Int(depth), 0))
      let node = Node(offset: offset, ancestors: [])
      if !names.isDisjoint(with: strings("compatible", of: node)) {
        found.append(Node(offset: offset, ancestors: path))
        if found.count >= limit { break }
      }
      path.append(offset)
      offset = withTree { fdt_next_node($0, offset, &depth) }
    }
    return found
  }

  /// Where the node is: `/soc/serial@7e215040`.
  package func path(of node: Node) -> String {
    let nodes = node.ancestors.dropFirst().map { Node(offset: $0, ancestors: []) } + [node]
    return node.ancestors.isEmpty ? "/" : nodes.map { "/" + name(of: $0) }.joined()
  }

  /// Whether a node is not switched off (Devicetree Specification, "status"; Linux drivers/of/base.c).
  package func isAvailable(_ node: Node) -> Bool {
    property("status", of: node) == nil || ["okay", "ok"].contains(strings("status", of: node).first)
  }

  /// Whether neither a node nor any that it is a part of is switched off: Linux makes no device of it otherwise.
  package func isReachable(_ node: Node) -> Bool {
    ([node] + node.ancestors.map { Node(offset: $0, ancestors: []) }).allSatisfy(isAvailable)
  }

  /// The names of the node's first properties that begin with `prefix`, in the tree's order.
  package func properties(of node: Node, startingWith prefix: String = "", atMost limit: Int) -> [String] {
    withTree { tree in
      var names: [String] = []
      var offset = fdt_first_property_offset(tree, node.offset)
      while offset >= 0, names.count < limit {
        var name: UnsafePointer<CChar>?
        _ = fdt_getprop_by_offset(tree, offset, &name, nil)
        // Names are bounded by the tree only, and there may be a hundred thousand.
        if let name, strncmp(name, prefix, prefix.utf8.count) == 0 { names.append(String(cString: name)) }
        offset = fdt_next_property_offset(tree, offset)
      }
      return names
    }
  }

  /// The node's name with its unit address: `memory@40000000`.
  package func name(of node: Node) -> String {
    withTree { tree in fdt_get_name(tree, node.offset, nil).map { String(cString: $0) } ?? "" }
  }

  /// The bytes of a property; nil: there is none.
  package func property(_ name: String, of node: Node) -> [UInt8]? {
    withTree { tree in
      var length: Int32 = 0
      guard let value = fdt_getprop(tree, node.offset, name, &length), length >= 0 else { return nil }
      return Array(UnsafeRawBufferPointer(start: value, count: Int(length)))
    }
  }

  /// The NUL-terminated strings of a property.
  package func strings(_ name: String, of node: Node) -> [String] {
    (property(name, of: node) ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The memory reservation block.
  package var memoryReservations: [Range<UInt64>] {
    withTree { tree in
      (0..<max(fdt_num_mem_rsv(tree), 0)).compactMap { index in
        var base: UInt64 = 0
        var size: UInt64 = 0
        guard fdt_get_mem_rsv(tree, index, &base, &size) == 0 else { return nil }
        return Range(base: base, size: size)
      }
    }
  }
}
