// Workload.swift — one run of a purgatory over a region, counted in instructions
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport

/// A purgatory that is ready to verify a region of zeros, and what to call it.
struct Workload {
  let name: String
  /// In memory before the first instruction, the purgatory's entry first.
  let loads: [Machine.Load]
  let entry: UInt64

  /// Where the region is: memory that QEMU has zeroed.
  static let region: UInt64 = 0x5000_0000
  static let purgatory: UInt64 = 0x4800_0000
  private static let payload: UInt64 = 0x4100_0000
  /// The "kernel" in the payload.
  static let kernel = payload + 0x40

  /// Instructions from reset to the kernel's first: five are the stub's, the rest the purgatory's.
  func instructions() async throws -> UInt64 {
    var payload = try await flatBinary(source: "\(packageFolder)/Tests/Bench/Payload")
    payload.replaceSubrange(
      (payload.count - 8)..., with: withUnsafeBytes(of: entry.littleEndian) { Array($0) })
    var machine = Machine(start: Self.payload)
    machine.memory = "1G"
    machine.arguments = ["-icount", "shift=0,sleep=off"]
    machine.loads = [Machine.Load(at: Self.payload, payload)] + loads
    let console = try await machine.run().console
    guard let count = UInt64(console.suffix(16), radix: 16) else {
      throw BenchError(description: "\(name): no count on the console: \(console)")
    }
    return count
  }
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
}

extension Digest {
  /// The digest of `size` zeros.
  static func ofZeros(_ size: UInt64) throws -> Digest {
    try Digest(of: [
      Segment(role: .segment, file: "zeros", bytes: [0], base: Workload.region, memorySize: size)
    ])
  }
}
