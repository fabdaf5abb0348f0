// BoardChanges.swift — what a device tree is told before it is handed to the next kernel
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// Changes to the device tree of a board; what is nil stays as it is.
package struct BoardChanges: Sendable {
  /// What becomes of the initrd that /chosen names.
  package enum Initrd: Equatable, Sendable {
    case kept, dropped
    case at(Range<UInt64>)
  }

  package var initrd = Initrd.kept
  package var commandLine: String?
  /// RAM, by address.
  package var memory: [Range<UInt64>]?
  /// `kaslr-seed` and `rng-seed`, random numbers for one boot, are what a tree that is kept would give to every boot.
  package var dropsSeeds = false
  /// Room for the purgatory's result.
  package var reservesResult = false

  package init() {}

  static let seeds = ["kaslr-seed", "rng-seed"]
}

extension Board {
  /// The properties of /chosen that are made for one boot.
  var seeds: [String] {
    BoardChanges.seeds.filter { name in chosen.map { tree.property(name, of: $0) != nil } ?? false }
  }

  /// /chosen has something of an initrd.
  var namesInitrd: Bool {
    guard let chosen else { return false }
    return ["linux,initrd-start", "linux,initrd-end"].contains { tree.property($0, of: chosen) != nil }
  }

  /// That a tree which is not written has the same random numbers for every boot.
  var seedsNote: String? {
    seeds.isEmpty
      ? nil
      : "\(file): /chosen/\(seeds.joined(separator: ", ")): random numbers, the same at every boot of this tree; "
        + "build --output-dir writes one without"
  }

  /// What the changes take away from a tree, or put right in it.
  ///
  /// - Parameter canKeepSeeds: whether there is an option for it.
  func notes(on changes: BoardChanges, canKeepSeeds: Bool) -> [String] {
    var notes: [String] = []
    if let memory = changes.memory {
      let parts = [
        ("added", memory.subtracting(self.memory)), ("removed", self.memory.subtracting(memory)),
      ].filter { !$0.1.isEmpty }.map { "\(Layout.list($0.1)) \($0.0)" }
      notes.append("\(file): /memory: \(parts.joined(separator: ", ")), as --memory says")
    }
    if changes.initrd == .dropped {
      let place = initrd.map { " at \($0.addresses)" } ?? ""
      notes.append("\(file): /chosen: the initrd\(place) is dropped, as there is no --initrd")
    }
    if !seeds.isEmpty {
      let names = "\(file): /chosen/\(seeds.joined(separator: ", ")): random numbers for one boot"
      let dropped = canKeepSeeds ? "are dropped; --keep-seeds keeps them" : "are dropped"
      notes.append(
        changes.dropsSeeds ? "\(names) \(dropped)" : "\(names) are kept, the same at every boot of this tree")
    }
    if let commandLine = changes.commandLine, commandLine.utf8.count >= 2048 {
      notes.append(
        "--cmdline: \(commandLine.utf8.count) bytes, of which Linux reads the first 2047 (arm64's COMMAND_LINE_SIZE)"
      )
    }
    return notes
  }

  /// The DTB with the changes; unchanged where it says so already.
  package func bytes(_ changes: BoardChanges) throws(Rejection) -> [UInt8] {
    var tree = tree
    func set(_ name: String, _ value: [UInt8]) throws(DeviceTreeError) {
      if let chosen = tree.node(at: "/chosen"), tree.property(name, of: chosen) == value { return }
      try tree.set(name, to: value, ofNodeAt: "/chosen")
    }
    do throws(DeviceTreeError) {
      if let memory = changes.memory, memory != self.memory {
        try tree.setMemory(memory)
        guard tree.memory.merged == memory else {
          throw DeviceTreeError(
            place: "/memory", found: Layout.list(tree.memory.merged), expected: Layout.list(memory))
        }
      }
      if changes.dropsSeeds {
        for seed in seeds { try tree.remove(seed, ofNodeAt: "/chosen") }
      }
      switch changes.initrd {
      case .kept: break
      case .dropped:
        for end in ["start", "end"] { try tree.remove("linux,initrd-\(end)", ofNodeAt: "/chosen") }
      case .at(let range):
        if range != initrd {
          try set("linux,initrd-start", range.lowerBound.bigEndianBytes)
          try set("linux,initrd-end", range.upperBound.bigEndianBytes)
        }
      }
      if let commandLine = changes.commandLine { try set("bootargs", Array(commandLine.utf8) + [0]) }
      // Last: what follows would move it.
      if changes.reservesResult {
        try tree.reserve(Self.resultProperty, PurgatoryInfo.resultSize, ofNodeAt: "/chosen")
      }
    } catch {
      throw Rejection(
        Problem(
          file, error.place, found: error.found, expected: error.expected,
          help: error.place == "/memory" ? "give less with --memory, or change the tree" : nil))
    }
    return tree.bytes
  }
}

extension UInt64 {
  fileprivate var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) } }
}
