// TreeHarness.swift — device trees through libfdt: what a board's says, and what it is told
// SPDX-License-Identifier: MIT

import DeviceTree
import PurgatoryKit

func fuzzDeviceTree(_ bytes: [UInt8]) {
  guard let board = try? Board(bytes, file: "dtb") else { return }
  // A crash kernel's tree may say of its part alone.
  let memory = board.memory.isEmpty ? board.usableMemory ?? [] : board.memory
  let reserved = board.reserved
  for ranges in [memory, reserved, board.unmapped, board.usableMemory ?? []] {
    require(ranges == ranges.merged, "ranges that are not in order")
  }
  _ = board.psci
  _ = try? board.console()
  _ = (board.isOfUEFI, board.isOfKdump)
  tell(board)
  var request = LayoutRequest(
    files: [
      File(role: .dtb, contents: Contents(bytes, name: "dtb")),
      File(role: .initrd, contents: Contents([1, 2, 3], name: "initrd")),
      File(role: .segment, contents: Contents([4], name: "segment"), memorySize: 1 << 20),
    ], purgatorySize: 0x4000)
  request.placesPurgatory = true
  request.updatesDeviceTree = true
  request.bootsKernel = true
  guard let layout = try? Layout(request) else { return }
  var placed = layout.segments.map(\.range)
  if let base = layout.loadAddress { placed.append(base..<base + 0x4000) }
  for (index, range) in placed.enumerated() {
    require(memory.contains { $0.contains(range) }, "\(range) outside of memory")
    require(!reserved.contains { $0.overlaps(range) }, "\(range) in reserved memory")
    require(!placed[..<index].contains { $0.overlaps(range) }, "\(range) is taken")
  }
}

/// What a tree was told, it says; and told again, it is the same.
private func tell(_ board: Board) {
  var changes = BoardChanges()
  changes.initrd = .at(0x4000_0000..<0x4000_1000)
  changes.commandLine = "console=ttyAMA0"
  changes.memory = [0x4000_0000..<0x8000_0000]
  changes.dropsSeeds = true
  changes.reservesResult = true
  guard let told = try? board.bytes(changes) else { return }
  guard let after = try? Board(told, file: "told") else { return require(false, "no tree any more") }
  require(after.initrd == 0x4000_0000..<0x4000_1000, "another initrd")
  require(after.commandLine == "console=ttyAMA0", "another command line")
  require(after.memory == changes.memory, "other memory")
  require((try? after.bytes(changes)) == told, "told again, it is another")
}
