// Changes.swift — a flattened device tree with other properties, nodes and memory, made by libfdt in a copy
// SPDX-License-Identifier: MIT

internal import CLibFDT
internal import CheckedArithmetic

extension DeviceTree {
  /// Sets a property of the node at `path`, which is made if only its last component is missing.
  package mutating func set(_ name: String, to value: [UInt8], ofNodeAt path: String) throws(DeviceTreeError)
  {
    try change(name, ofNodeAt: path, room: value.count) { tree, node in
      fdt_setprop(tree, node, name, value, Int32(clamping: value.count))
    }
  }

  /// Removes a property of the node at `path`, if there are both; also one that is there a few times, which no tool makes.
  package mutating func remove(_ name: String, ofNodeAt path: String) throws(DeviceTreeError) {
    for _ in 0..<8 {
      guard let node = node(at: path), property(name, of: node) != nil else { return }
      try change(name, ofNodeAt: path, room: 0) { fdt_delprop($0, $1, name) }
    }
    throw DeviceTreeError(place: path, found: "the property \(name) more than 8 times", expected: "it once")
  }

  /// Says of the root that its memory is `ranges`: in the first memory node that is available, or in a new one; without
  /// the other ones.
  package mutating func setMemory(_ ranges: [Range<UInt64>]) throws(DeviceTreeError) {
    let place = "/memory"
    guard let root = node(at: "/"), let first = ranges.first else { return }
    guard let value = cells(of: ranges, at: root) else {
      throw DeviceTreeError(
        place: place,
        found: "#address-cells \(addressCells(of: root)) and #size-cells \(sizeCells(of: root)) of the root",
        expected: "room for 0x\(String(ranges.last?.upperBound ?? 0, radix: 16)) in them")
    }
    let nodes = memoryNodes
    // One that Linux does not take for memory, for want of a device_type, is put right. What is disabled is not.
    let old =
      nodes.first
      ?? children(of: root).first { name(of: $0).split(separator: "@").first == "memory" && isAvailable($0) }
    let names = Set(children(of: root).map(name))
    let usual = "memory@\(String(first.lowerBound, radix: 16))"
    let new =
      ([usual] + (1...64).map { "memory-\($0)@\(String(first.lowerBound, radix: 16))" })
      .first { !names.contains($0) } ?? usual
    let type = Array("memory".utf8) + [0]
    try change(room: value.count + 256, of: place, expecting: "room for the memory") { tree in
      // From the end: what is before keeps its offset.
      for node in nodes.dropFirst().reversed() {
        let deleted = fdt_del_node(tree, node.offset)
        if deleted < 0 { return deleted }
      }
      let node = old?.offset ?? fdt_add_subnode(tree, root.offset, new)
      if node < 0 { return node }
      _ = fdt_delprop(tree, node, "linux,usable-memory")
      // What one of several nodes is, the memory of all of them is not.
      if nodes.count > 1 {
        _ = fdt_delprop(tree, node, "hotpluggable")
        _ = fdt_delprop(tree, node, "numa-node-id")
      }
      let typed = fdt_setprop(tree, node, "device_type", type, Int32(clamping: type.count))
      return typed < 0 ? typed : fdt_setprop(tree, node, "reg", value, Int32(clamping: value.count))
    }
  }

  /// Makes a property of `count` zero bytes, whose offset in the DTB is a multiple of 8.
  ///
  /// Properties are aligned to 4 bytes only: where that is not enough, three empty tokens come first.
  package mutating func reserve(_ name: String, _ count: Int, ofNodeAt path: String) throws(DeviceTreeError) {
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
  package func offset(of name: String, of node: Node) -> Int? {
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
    try change(
      room: room + name.utf8.count + path.utf8.count, of: path, expecting: "room for the property \(name)"
    ) { tree in
      var node = fdt_path_offset(tree, path)
      if node == -Int32(FDT_ERR_NOTFOUND), let slash = path.lastIndex(of: "/") {
        let parent = fdt_path_offset(tree, slash == path.startIndex ? "/" : String(path[..<slash]))
        node =
          parent < 0 ? parent : fdt_add_subnode(tree, parent, String(path[path.index(after: slash)...]))
      }
      return node < 0 ? node : body(tree, node)
    }
  }

  /// Lets libfdt change a copy with room for more; nodes have the offsets there that they have here.
  private mutating func change(
    room: Int, of place: String, expecting expected: String, _ body: (UnsafeMutableRawPointer) -> Int32
  ) throws(DeviceTreeError) {
    var larger = [UInt8](repeating: 0, count: bytes.count + room + 64)
    let capacity = Int32(clamping: larger.count)
    let result = bytes.withUnsafeBytes { old in
      larger.withUnsafeMutableBytes { new -> Int32 in
        guard let old = old.baseAddress, let tree = new.baseAddress else { return -Int32(FDT_ERR_INTERNAL) }
        let opened = fdt_open_into(old, tree, capacity)
        if opened < 0 { return opened }
        let changed = body(tree)
        return changed < 0 ? changed : fdt_pack(tree)
      }
    }
    guard result == 0 else {
      throw DeviceTreeError(place: place, found: String(cString: fdt_strerror(result)), expected: expected)
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
