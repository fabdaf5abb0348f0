// MemoryMap.swift — RAM to place things in, by what the user and the device tree say of it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

struct MemoryMap {
  /// RAM to place in, by address; empty: unknown.
  let memory: [Range<UInt64>]
  let reserved: [Range<UInt64>]
  /// What firmware, and QEMU, use at the start of RAM: not of memory that the user chose from what the tree has.
  let firmware: [Range<UInt64>]
  /// What the device tree has to say of its memory; nil: what it says.
  let stated: [Range<UInt64>]?
  /// Why there is no memory, where the tree tells.
  let unknown: Problem?
  /// The device tree does not know all of the memory, and nobody may write another.
  let unwritten: Problem?
  /// Nothing can be placed, for these reasons.
  let problems: [Problem]
  let notes: [String]

  static let firmwareSize: UInt64 = 2 << 20
  /// What the purgatory can be entered at, and map.
  private static let addresses = [Range<UInt64>(uncheckedBounds: (0, PurgatoryInfo.maximumAddress &+ 1))]

  private static func starts(of memory: [Range<UInt64>]) -> [Range<UInt64>] {
    memory.compactMap { Range(base: $0.lowerBound, size: firmwareSize) }
  }

  /// - Parameters:
  ///   - told: what the user says is RAM; empty: what the device tree says.
  ///   - isForced: the user knows better than the device tree.
  init(board: Board?, told: [Range<UInt64>], isForced: Bool) {
    let tree = board?.memory ?? []
    let usable = board?.usableMemory
    reserved = board?.reserved ?? []

    // Between the banks that it names is what the firmware kept for itself: an SoC's DMA memory, a secure world.
    let unmapped = board?.unmapped ?? []
    let holes = isForced ? [] : tree.span.subtracting(tree)
    let given = told.merged.subtracting(holes)
    let left = told.merged.subtracting(given).subtracting(unmapped)
    notes =
      left.isEmpty
      ? []
      : [
        "--memory: \(Layout.list(left)) is left out, as \(board?.file ?? "") has no memory there: --force puts it in"
      ]

    if told.isEmpty {
      memory = (tree.isEmpty ? usable ?? [] : tree.intersecting(usable)).intersecting(Self.addresses)
      firmware = usable == nil ? Self.starts(of: memory) : []
    } else {
      memory = given.intersecting(usable).intersecting(Self.addresses)
      // Who begins elsewhere than the board's RAM does has chosen.
      let starts = Set(tree.map(\.lowerBound))
      let isBoards = board != nil && usable == nil
      firmware =
        isBoards ? Self.starts(of: memory.filter { tree.isEmpty || starts.contains($0.lowerBound) }) : []
    }
    if !told.isEmpty, let board, !board.isOfUEFI, given != tree {
      let said = given.subtracting(unmapped)
      stated = said == tree ? nil : said
    } else {
      stated = nil
    }
    if let board, let stated, !stated.subtracting(tree).isEmpty {
      unwritten = Problem(
        board.file, "/memory", found: Layout.list(tree),
        expected: "\(Layout.list(stated)), as --memory says, or a place to write the changed DTB to",
        help: "use purgatory build --output-dir DIR")
    } else {
      unwritten = nil
    }
    if memory.isEmpty, let board, board.isOfUEFI {
      unknown = Problem(
        board.file, "/chosen/linux,uefi-mmap-start",
        found: "a UEFI boot's tree: its memory is in UEFI's memory map",
        expected: "--memory BASE+SIZE",
        help:
          "on the board, as root, grep -A9 'System RAM' /proc/iomem; give what is between the lines \"reserved\" below each, "
          + "as --memory 0xSTART+$((0xEND - 0xSTART + 1))")
    } else if memory.isEmpty, let board {
      unknown = Problem(
        board.file, "/memory", found: "none", expected: "--memory BASE+SIZE, or an address for each file",
        help: "give the board's RAM, by its manual or its boot loader (U-Boot: bdinfo), as --memory BASE+SIZE"
      )
    } else {
      unknown = nil
    }
    if told.isEmpty, memory.isEmpty, !tree.isEmpty, let board, let usable {
      problems = [
        Problem(
          board.file, "/chosen/\(Board.usableProperty)", found: Layout.list(usable),
          expected: "a part of the memory: \(Layout.list(tree))",
          help: "take the tree of the running system, or --memory what it lacks")
      ]
    } else if !told.isEmpty, memory.isEmpty {
      let expected =
        if let usable {
          "memory in \(Layout.list(usable)), the linux,usable-memory-range of \(board?.file ?? "")"
        } else if given.isEmpty {
          "memory in \(Layout.list(tree)) of \(board?.file ?? "")"
        } else {
          "memory in \(Layout.list(Self.addresses)), which the purgatory reaches"
        }
      problems = [
        Problem(
          "--memory", found: Layout.list(told.merged), expected: expected,
          help: given.isEmpty ? "if you know better, add --force" : nil)
      ]
    } else {
      problems = []
    }
  }
}

extension [Range<UInt64>] {
  /// From the lowest address to the highest; empty for none.
  fileprivate var span: Self {
    Range(from: map(\.lowerBound).min() ?? 0, to: map(\.upperBound).max() ?? 0).map { [$0] } ?? []
  }

  /// The parts of these ranges that are in one of `others`; nil: all. Both as `merged` has them.
  fileprivate func intersecting(_ others: Self?) -> Self {
    guard let others else { return self }
    return subtracting([Range(uncheckedBounds: (0, .max))].subtracting(others))
  }
}
