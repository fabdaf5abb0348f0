// DeviceTree.swift — safe Swift over libfdt, the only importer of CLibFDT
// SPDX-License-Identifier: MIT

internal import CLibFDT
internal import CheckedArithmetic

/// What is wrong with a flattened device tree.
public struct DeviceTreeError: Error, Equatable, Sendable {
  /// The header, or the path of a node.
  public let place: String
  public let found: String
  public let expected: String

  public init(place: String, found: String, expected: String) {
    self.place = place
    self.found = found
    self.expected = expected
  }
}

/// A flattened device tree (Devicetree Specification, chapter 5): read, and changed in a copy.
public struct DeviceTree: Equatable, Sendable {
  /// Bytes: arm64 Linux maps no more (booting.rst, "Setup the device tree").
  public static let maximumSize = 2 << 20

  /// Bytes of the header (version 17).
  public static let headerSize = 40

  /// The DTB, well-formed.
  public internal(set) var bytes: [UInt8]

  /// A node of this tree; not of another, and not after a change.
  public struct Node: Equatable, Sendable {
    let offset: Int32
    /// The nodes above it, the root first. libfdt would search the whole tree for each parent.
    let ancestors: [Int32]
  }

  /// Reads a DTB: header, structure block and strings are checked first.
  public init(_ bytes: [UInt8]) throws(DeviceTreeError) {
    try Self.validate(bytes)
    self.bytes = bytes
  }

  /// Checks header, structure block and strings of a whole DTB.
  public static func validate(_ bytes: [UInt8]) throws(DeviceTreeError) {
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
  public func node(at path: String) -> Node? {
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

  public func parent(of node: Node) -> Node? {
    node.ancestors.last.map { Node(offset: $0, ancestors: node.ancestors.dropLast()) }
  }

  /// The child of this name, with or without its unit address.
  private func child(_ name: String, of node: Node) -> Node? {
    let offset = withTree { fdt_subnode_offset($0, node.offset, name) }
    return offset >= 0 ? Node(offset: offset, ancestors: node.ancestors + [node.offset]) : nil
  }

  /// In the tree's order.
  public func children(of node: Node) -> [Node] {
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

  /// The node's name with its unit address: `memory@40000000`.
  public func name(of node: Node) -> String {
    withTree { tree in fdt_get_name(tree, node.offset, nil).map { String(cString: $0) } ?? "" }
  }

  /// The bytes of a property; nil: there is none.
  public func property(_ name: String, of node: Node) -> [UInt8]? {
    withTree { tree in
      var length: Int32 = 0
      guard let value = fdt_getprop(tree, node.offset, name, &length), length >= 0 else { return nil }
      return Array(UnsafeRawBufferPointer(start: value, count: Int(length)))
    }
  }

  /// The NUL-terminated strings of a property.
  public func strings(_ name: String, of node: Node) -> [String] {
    (property(name, of: node) ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The memory reservation block.
  public var memoryReservations: [Range<UInt64>] {
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

// MARK: - Changes

extension DeviceTree {
  /// Sets a property of the node at `path`, which is made if only its last component is missing.
  public mutating func set(_ name: String, to value: [UInt8], ofNodeAt path: String) throws(DeviceTreeError) {
    try change(name, ofNodeAt: path, room: value.count) { tree, node in
      fdt_setprop(tree, node, name, value, Int32(clamping: value.count))
    }
  }

  /// Makes a property of `count` zero bytes, whose offset in the DTB is a multiple of 8.
  ///
  /// Properties are aligned to 4 bytes only: where that is not enough, three empty tokens come first.
  public mutating func reserve(_ name: String, _ count: Int, ofNodeAt path: String) throws(DeviceTreeError) {
    let zeros = [UInt8](repeating: 0, count: count)
    // What becomes the tokens is a property for a moment, by an end of the name, which the string block has with it; not
    // one that the node has.
    let ends = name.indices.dropFirst().map { String(name[$0...]) }
    try change(name, ofNodeAt: path, room: 2 * count) { tree, node in
      // fdt_pack() moves the structure block to a multiple of 8.
      let structure = Int(clamping: UInt32(bigEndian: tree.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
      func isAligned() -> Bool {
        Self.offset(of: name, ofNodeAt: node, in: tree)?.isMultiple(of: 8, from: structure) == true
      }
      var length: Int32 = 0
      _ = fdt_getprop(tree, node, name, &length)
      if Int(length) != count || !isAligned() { _ = fdt_delprop(tree, node, name) }
      let set = fdt_setprop(tree, node, name, zeros, Int32(clamping: count))
      if set < 0 || isAligned() { return set }
      guard let shim = ends.first(where: { fdt_getprop(tree, node, $0, nil) == nil }) else {
        return -Int32(FDT_ERR_EXISTS)
      }
      let shifted = fdt_setprop(tree, node, shim, nil, 0)
      return shifted < 0 ? shifted : fdt_nop_property(tree, node, shim)
    }
    guard let node = node(at: path), offset(of: name, of: node)?.isMultiple(of: 8) == true else {
      throw DeviceTreeError(
        place: path, found: "\(name) at another offset", expected: "it at a multiple of 8 bytes")
    }
  }

  /// Where a property's value is in the DTB, in bytes; nil: there is none.
  public func offset(of name: String, of node: Node) -> Int? {
    withTree { Self.offset(of: name, ofNodeAt: node.offset, in: $0) }
  }

  private static func offset(of name: String, ofNodeAt node: Int32, in tree: UnsafeRawPointer) -> Int? {
    var length: Int32 = 0
    return fdt_getprop(tree, node, name, &length).map { $0 - tree }
  }

  /// Lets libfdt change the node at `path`, which is made if only its last component is missing.
  ///
  /// - Parameter room: bytes that the change adds, but for names and tokens.
  private mutating func change(
    _ name: String, ofNodeAt path: String, room: Int, _ body: (UnsafeMutableRawPointer, Int32) -> Int32
  ) throws(DeviceTreeError) {
    var larger = [UInt8](
      repeating: 0, count: bytes.count + room + name.utf8.count + path.utf8.count + 64)
    let capacity = Int32(clamping: larger.count)
    let result = bytes.withUnsafeBytes { old in
      larger.withUnsafeMutableBytes { new -> Int32 in
        guard let old = old.baseAddress, let tree = new.baseAddress else { return -Int32(FDT_ERR_INTERNAL) }
        let opened = fdt_open_into(old, tree, capacity)
        if opened < 0 { return opened }
        var node = fdt_path_offset(tree, path)
        if node == -Int32(FDT_ERR_NOTFOUND), let slash = path.lastIndex(of: "/") {
          let parent = fdt_path_offset(tree, slash == path.startIndex ? "/" : String(path[..<slash]))
          node =
            parent < 0 ? parent : fdt_add_subnode(tree, parent, String(path[path.index(after: slash)...]))
        }
        if node < 0 { return node }
        let changed = body(tree, node)
        return changed < 0 ? changed : fdt_pack(tree)
      }
    }
    guard result == 0 else {
      throw DeviceTreeError(
        place: path, found: String(cString: fdt_strerror(result)), expected: "room for the property \(name)")
    }
    let size = larger[4..<8].reduce(0) { $0 << 8 | Int($1) }  // totalsize of the header
    larger.removeLast(larger.count - size)
    bytes = larger
  }
}

extension Int {
  fileprivate func isMultiple(of unit: Int, from origin: Int) -> Bool {
    (self &- origin).isMultiple(of: unit)
  }
}
