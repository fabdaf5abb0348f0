// Mutant.swift — a purgatory with one instruction changed, for every test that a task runs
// SPDX-License-Identifier: MIT

import Foundation
import Synchronization

/// What `linkedBlob` builds has `instruction` at an offset while `current` is set.
public struct Mutant: Sendable {
  @TaskLocal public static var current: Mutant?

  public var offset: Int
  public var instruction: UInt32

  public init(at offset: Int, _ instruction: UInt32) {
    self.offset = offset
    self.instruction = instruction
  }

  /// Seconds of processor time that a guest of a mutant may take: many times what any that ends does.
  static let cpuSeconds = 12
  /// Seconds in which a guest that does anything takes some, on any load of the host: one that waits for an interrupt does not.
  private static let idleSeconds = 8

  /// Comes back when the process that runs the guest of a mutant takes no time any more.
  static func untilIdle(_ process: EmulatorProcess) async throws {
    var (last, since) = (0, 0)
    while since < idleSeconds {
      try await Task.sleep(for: .seconds(1))
      let ticks = process.id.withLock { $0 }.map(processorTicks) ?? 0
      (last, since) = ticks > last + 1 ? (ticks, 0) : (last, since + 1)
    }
  }

  /// proc(5): utime and stime, behind the name in parentheses.
  private static func processorTicks(_ process: Int32) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return 0 }
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
  }
}

/// The process that emulates, once there is one.
final class EmulatorProcess: Sendable {
  let id = Mutex<Int32?>(nil)
}
