// Board.swift — what a device tree says of the machine: memory, the way to PSCI, what the kernel is told
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// The machine that a device tree describes.
public struct Board: Sendable {
  /// The DTB's file, for errors.
  public let file: String
  public let tree: DeviceTree

  /// - Throws: also for a tree that describes no board, but changes one or holds one.
  public init(_ bytes: [UInt8], file: String) throws(Rejection) {
    self.file = file
    do {
      tree = try DeviceTree(bytes)
    } catch {
      throw Rejection(Problem(file, error.place, found: error.found, expected: error.expected))
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

  /// RAM, by address. What is disabled is not the kernel's: QEMU's secure RAM, say.
  public var memory: [Range<UInt64>] { tree.memory.merged }

  /// What a crash kernel may use of it, by address (kdump); nil: all.
  public var usableMemory: [Range<UInt64>]? {
    guard let chosen, tree.property("linux,usable-memory-range", of: chosen) != nil else { return nil }
    return tree.ranges("linux,usable-memory-range", of: chosen).merged
  }

  /// Memory that nothing may be placed in, by address: /memreserve/, the children of /reserved-memory that have a place,
  /// and the core header of the kernel that crashed.
  public var reserved: [Range<UInt64>] {
    let header = chosen.map { tree.ranges("linux,elfcorehdr", of: $0) } ?? []
    return (tree.memoryReservations + reservedNodes.flatMap { tree.registers(of: $0) } + header).merged
  }

  /// Memory that the kernel must not even map, by address.
  public var unmapped: [Range<UInt64>] {
    reservedNodes.filter { tree.property("no-map", of: $0) != nil }.flatMap { tree.registers(of: $0) }.merged
  }

  private var reservedNodes: [DeviceTree.Node] {
    tree.node(at: "/reserved-memory").map { tree.children(of: $0).filter(tree.isAvailable) } ?? []
  }

  var chosen: DeviceTree.Node? { tree.node(at: "/chosen") }

  /// The tree is what UEFI, or Linux's EFI stub, hands over: memory is in the UEFI memory map, and devices are in ACPI's
  /// tables unless the tree has them. To add a node to an otherwise empty one is to take ACPI away from Linux.
  public var isOfUEFI: Bool { chosen.map { tree.property("linux,uefi-mmap-start", of: $0) != nil } ?? false }

  /// The instruction that reaches a PSCI that can reset and power off, or why there is none. It is found as Linux finds it:
  /// by the first node that is compatible, wherever that is.
  public var psci: Result<PurgatoryInfo.PSCIConduit, Problem> {
    let override = "use --on-failure halt or boot; or, if you know better, --psci smc or --psci hvc"
    guard let node = tree.node(compatibleWith: ["arm,psci", "arm,psci-0.2", "arm,psci-1.0"]),
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
    guard
      tree.strings("compatible", of: node).contains(where: { $0 != "arm,psci" && $0.hasPrefix("arm,psci-") })
    else {
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
