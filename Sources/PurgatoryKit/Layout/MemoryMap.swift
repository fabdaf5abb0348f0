// MemoryMap.swift — RAM to place things in, by what the user and the device tree say of it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

struct MemoryMap {
  /// RAM to place in, by address; empty: unknown.
  let memory: [Range<UInt64>]
  let reserved: [Range<UInt64>]
  /// What firmware, and QEMU, use at the start of RAM: of memory that nobody but the device tree names.
  let firmware: [Range<UInt64>]
  /// What the device tree has to say of its memory; nil: what it says.
  let stated: [Range<UInt64>]?
  /// Why there is no memory, where the tree tells.
  let unknown: Problem?
  /// The device tree does not know all of the memory, and nobody may write another.
  let unwritten: Problem?
  let problems: [Problem]
  let notes: [String]

  static let firmwareSize: UInt64 = 2 << 20

  /// - Parameters:
  ///   - told: what the user says is RAM; empty: what the device tree says.
  ///   - isForced: the user knows better than the device tree.
  init(board: Board?, told: [Range<UInt64>], isForced: Bool) {
    let tree = board?.memory ?? []
    let usable = board?.usableMemory
    reserved = board?.reserved ?? []

    // Between the banks that it names is what the firmware kept for itself: an SoC's DMA memory, a secure world.
    let holes = isForced ? [] : tree.span.subtracting(tree)
    let given = told.merged.subtracting(holes)
    let left = told.merged.subtracting(given)
    notes =
      left.isEmpty
      ? []
      : [
        "--memory: \(Layout.list(left)) is left out, as \(board?.file ?? "") has no memory there: --force puts it in"
      ]

    if told.isEmpty {
      memory = tree.isEmpty ? usable ?? [] : tree.intersecting(usable)
      firmware =
        usable == nil ? memory.compactMap { Range(base: $0.lowerBound, size: Self.firmwareSize) } : []
    } else {
      memory = given.intersecting(usable)
      firmware = []
    }
    if !told.isEmpty, let board, !board.isOfUEFI, given != tree {
      let said = given.subtracting(board.unmapped)
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
        help: "on the board, as root, grep 'System RAM' /proc/iomem; give each line START-END as "
          + "--memory 0xSTART+$((0xEND - 0xSTART + 1))")
    } else {
      unknown = nil
    }
    if !told.isEmpty, memory.isEmpty, let board {
      problems = [
        Problem(
          "--memory", found: Layout.list(told.merged),
          expected: usable.map {
            "memory in \(Layout.list($0)), the linux,usable-memory-range of \(board.file)"
          }
            ?? "memory in \(Layout.list(tree)) of \(board.file)",
          help: usable == nil ? "if you know better, add --force" : nil)
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
