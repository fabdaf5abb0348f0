// Mutant.swift — a purgatory with one instruction changed, for every test that a task runs
// SPDX-License-Identifier: MIT

/// What `linkedBlob` builds has `instruction` at an offset while `current` is set.
public struct Mutant: Sendable {
  @TaskLocal public static var current: Mutant?

  public var offset: Int
  public var instruction: UInt32

  public init(at offset: Int, _ instruction: UInt32) {
    self.offset = offset
    self.instruction = instruction
  }

  /// Seconds of CPU that a guest of a mutant may take: many times what any that ends does, on any load of the host.
  static let cpuSeconds = 12
  /// A guest that waits for an interrupt takes none.
  static let hangGuard = Duration.seconds(180)
}
