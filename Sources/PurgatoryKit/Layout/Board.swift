// Board.swift — what a device tree says of the machine: memory, the way to PSCI, what the kernel is told
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// The machine that a device tree describes.
public struct Board: Sendable {
  /// The DTB's file, for errors.
  package let file: String
  package let tree: DeviceTree

  /// Reads a device tree blob (DTB), whose name is that in errors.
  ///
  /// - Throws: `Rejection` for what is no well-formed tree, is larger than 2 MiB (booting.rst), or describes no board but
  ///   changes one or holds one.
  public init(_ dtb: Contents) throws(Rejection) {
    try self.init(dtb.bytes(.deviceTree), file: dtb.name)
  }

  /// - Throws: also for a tree that describes no board, but changes one or holds one.
  package init(_ bytes: [UInt8], file: String) throws(Rejection) {
    self.file = file
    do {
      tree = try DeviceTree(bytes)
    } catch {
      throw Rejection(
        Problem(file, error))
    }
    if let problem = otherKind { throw Rejection(problem) }
  }

  /// What the tree is where it is no board's.
  private var otherKind: Problem? {
    guard let root = tree.node(at: "/") else { return nil }
    let children = tree.children(of: root)
    func hasChild(_ name: String, _ node: DeviceTree.Node) -> Bool {
      tree.children(of: node).contains { tree.name(of: $0) == name }
    }
    let expected = "the device tree of a board"
    if children.contains(where: { tree.name(of: $0) == "__fixups__" || hasChild("__overlay__", $0) }) {
      return Problem(
        file, found: "a device tree overlay", expected: expected,
        help: "apply it: fdtoverlay -i BOARD.dtb -o applied.dtb \(file)")
    }
    if let images = children.first(where: { tree.name(of: $0) == "images" }),
      children.contains(where: { tree.name(of: $0) == "configurations" })
        || tree.children(of: images).contains(where: isFITImage)
    {
      let trees = tree.children(of: images).enumerated()
        .filter { tree.strings("type", of: $0.element) == ["flat_dt"] }
      let number = trees.first.map { "\($0.offset)" } ?? "N"
      return Problem(
        file, found: "a FIT image, of \(trees.count) device tree\(trees.count == 1 ? "" : "s")",
        expected: expected,
        help: "extract it: dumpimage -T flat_dt -p \(number) -o board.dtb \(file)")
    }
    return nil
  }

  /// A part of a FIT image, with its data in the tree or behind it.
  private func isFITImage(_ node: DeviceTree.Node) -> Bool {
    tree.property("type", of: node) != nil
      && ["data", "data-offset", "data-position"].contains { tree.property($0, of: node) != nil }
  }

  /// RAM, by address. What is disabled is not the kernel's: QEMU's secure RAM, say.
  public var memory: [Range<UInt64>] { tree.memory.merged }

  /// What a crash kernel may use of it, by address (kdump); nil: all. Linux takes two ranges (drivers/of/fdt.c).
  package var usableMemory: [Range<UInt64>]? {
    let ranges = chosen.map { tree.ranges(Self.usableProperty, of: $0) } ?? []
    return ranges.isEmpty ? nil : Array(ranges.prefix(2)).merged
  }

  static let usableProperty = "linux,usable-memory-range"

  /// Memory that nothing may be placed in, by address: /memreserve/, the children of /reserved-memory that have a place,
  /// and what the kernel before handed over.
  public var reserved: [Range<UInt64>] {
    (tree.memoryReservations + reservedNodes.flatMap { tree.ranges("reg", of: $0) } + handedOver).merged
  }

  /// What /chosen says is in memory: the core header of a kernel that crashed, UEFI's memory map, what IMA measured, what
  /// is kept over kexec.
  private var handedOver: [Range<UInt64>] {
    guard let chosen else { return [] }
    let names = ["linux,elfcorehdr", "linux,ima-kexec-buffer", "linux,kho-fdt", "linux,kho-scratch"]
    let map = tree.address("linux,uefi-mmap-start", of: chosen).flatMap { start in
      Range(base: start, size: UInt64(tree.number("linux,uefi-mmap-size", of: chosen) ?? 0))
    }
    return names.flatMap { tree.ranges($0, of: chosen) } + [map].compactMap { $0 }
  }

  /// Memory that the kernel must not even map, by address.
  package var unmapped: [Range<UInt64>] {
    reservedNodes.filter { tree.property("no-map", of: $0) != nil }.flatMap { tree.ranges("reg", of: $0) }
      .merged
  }

  /// The tree is a crash kernel's, of one crash.
  package var isOfKdump: Bool {
    chosen.map { tree.property("linux,elfcorehdr", of: $0) != nil } ?? false || usableMemory != nil
  }

  private var reservedNodes: [DeviceTree.Node] {
    tree.node(at: "/reserved-memory").map { tree.children(of: $0).filter(tree.isAvailable) } ?? []
  }

  var chosen: DeviceTree.Node? { tree.node(at: "/chosen") }

  /// The tree is what UEFI, or Linux's EFI stub, hands over: memory is in the UEFI memory map, and devices are in ACPI's
  /// tables unless the tree has them. To add a node to an otherwise empty one is to take ACPI away from Linux.
  package var isOfUEFI: Bool { chosen.map { tree.property("linux,uefi-mmap-start", of: $0) != nil } ?? false }

  /// The instruction that reaches a PSCI that can reset and power off, or why there is none. It is found as Linux finds it:
  /// by the first node that is compatible, wherever that is.
  public var psci: Result<PurgatoryInfo.PSCIConduit, Problem> {
    let override = "use --on-failure halt or boot; or, if you know better, --psci smc or --psci hvc"
    guard let node = tree.node(compatibleWith: Self.psciNames),
      tree.isAvailable(node)
    else {
      if isOfUEFI {
        return .failure(
          Problem(
            file, "PSCI", found: "a tree of a UEFI boot, which does not say", expected: "--psci",
            help:
              "od -An -tu1 -j129 -N1 /sys/firmware/acpi/tables/FACP (as root): 1 is --psci smc, 3 --psci hvc")
        )
      }
      return .failure(
        Problem(
          file, "PSCI", found: "none, so nothing resets or powers off",
          expected: "a node that is compatible with arm,psci-0.2 or newer", help: override))
    }
    let place = tree.path(of: node)
    // As Linux matches it: the first name that it knows.
    guard tree.strings("compatible", of: node).first(where: Self.psciNames.contains) != "arm,psci" else {
      return .failure(
        Problem(
          file, place, found: "PSCI 0.1, which can neither reset nor power off", expected: "0.2 or newer",
          help: override))
    }
    let method = tree.strings("method", of: node).first
    guard let conduit = PurgatoryInfo.PSCIConduit.allCases.first(where: { $0.name == method }) else {
      return .failure(
        Problem(
          file, place, found: method.map { "method \"\($0)\"" } ?? "no method", expected: "smc or hvc",
          help: override))
    }
    return .success(conduit)
  }

  private static let psciNames: Set = ["arm,psci", "arm,psci-0.2", "arm,psci-1.0"]

  /// The initrd that /chosen names.
  public var initrd: Range<UInt64>? {
    guard let chosen, let start = tree.address("linux,initrd-start", of: chosen),
      let end = tree.address("linux,initrd-end", of: chosen)
    else { return nil }
    return Range(from: start, to: end)
  }

  /// The command line that /chosen has; nil: none.
  public var commandLine: String? { chosen.flatMap { tree.strings("bootargs", of: $0).first } }

  /// The property of /chosen with room for what the purgatory tells the next system (docs/abi.md, `result_addr`).
  static let resultProperty = "purgatory,result"

  /// Where that room is in the DTB, in bytes; nil: there is none, or it is not aligned.
  var resultOffset: UInt64? {
    guard let chosen,
      tree.property(Self.resultProperty, of: chosen)?.count == PurgatoryInfo.resultSize,
      let offset = tree.offset(of: Self.resultProperty, of: chosen).map(UInt64.init(clamping:)),
      offset.isMultiple(of: PurgatoryInfo.resultAlignment)
    else { return nil }
    return offset
  }
}
