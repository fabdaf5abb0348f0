// Routines.swift — the blob in an emulated processor, its routines to be called one by one
// SPDX-License-Identifier: MIT

import Emulation
import Foundation
import PurgatoryKit
import TestSupport

/// How many cases a test runs.
let cases = Torture.isFull ? 1_000_000 : 10_000

/// Each test runs its cases in so many parts at a time.
let parts = 0..<4

public struct Routines {
  /// What a case found: how it differs from its model.
  public struct Difference: Error, CustomStringConvertible {
    public let description: String
  }

  /// `mode` (purgatory/include/routine.h).
  enum Mode {
    static let sha2: UInt64 = 1 << 1
    static let el2: UInt64 = 1 << 8
    static let faulted: UInt64 = 1 << 11
    static let result: UInt64 = 1 << 14
  }

  /// More instructions than any case takes.
  private static let limit = 50_000_000
  static let end: UInt64 = 0x1000
  /// Registers that no routine below may change, but for those that it says.
  private static let preserved = [18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, Resident.sp]

  public let blob: PlacedBlob
  let core: Resident
  let stackTop: UInt64
  /// Whether a routine that never returns is noticed, which takes time.
  private let isBounded: Bool

  /// - Parameter memory: what there is beside the blob's.
  public init(
    at base: UInt64, memory: [Range<UInt64>] = [], isBounded: Bool = false,
    patching: (inout PlacedBlob) throws -> Void = { _ in }
  ) async throws {
    var blob = try await PlacedBlob(at: base)
    try patching(&blob)
    let core = try Resident()
    try core.map(base..<blob.end)
    try core.map(Self.end..<Self.end + 0x1000)
    for range in memory { try core.map(range) }
    core.place(blob.load.bytes, at: base)
    self.core = core
    self.blob = blob
    self.isBounded = isBounded
    stackTop = try blob.address(of: "stack_top")
  }

  /// Calls a routine with x0 and up; registers that keep one meaning are as entry.S has them, others junk.
  ///
  /// - Parameter base: where the blob is told to be, if not where it is.
  func call(
    _ routine: String, _ arguments: [UInt64], mode: UInt64 = 0, flags: UInt64 = 0, bias: UInt64 = 0,
    base: UInt64? = nil
  ) throws {
    let (end, before) = try start(routine, arguments, mode: mode, flags: flags, bias: bias, base: base)
    guard end == .returned else { throw Difference(description: "\(routine): \(end)") }
    for (index, value) in zip(Self.preserved, before) where core[x: index] != value && index != 29 {
      throw Difference(description: "\(routine) changed x\(index)")
    }
  }

  /// As `call`, whatever the end is, and with what registers held before; `prepare` has the last word on the registers.
  func start(
    _ routine: String, _ arguments: [UInt64], mode: UInt64 = 0, flags: UInt64 = 0, bias: UInt64 = 0,
    base: UInt64? = nil, prepare: (Resident) -> Void = { _ in }
  ) throws -> (end: Resident.End, before: [UInt64]) {
    for index in 0..<30 { core[x: index] = 0x5a5a_0000_0000_0000 | UInt64(index) }
    for (index, argument) in arguments.enumerated() { core[x: index] = argument }
    core[x: 19] = blob.infoAddress
    core[x: 20] = base ?? blob.base
    core[x: 21] = 0
    core[x: 24] = flags
    core[x: 25] = bias
    core[x: 29] = mode
    core[x: Resident.sp] = stackTop
    prepare(core)
    let before = Self.preserved.map { core[x: $0] }
    let end = try core.call(
      blob.address(of: routine), returningTo: Self.end, limit: isBounded ? Self.limit : nil)
    return (end, before)
  }

  /// The text at an address; nil for 0.
  func text(at address: UInt64) -> String? {
    guard address != 0 else { return nil }
    guard address > blob.base, address < blob.end - 64 else { return "no text" }
    return String(decoding: core.read(at: address, count: 64).prefix { $0 != 0 }, as: UTF8.self)
  }
}

func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

extension RandomNumberGenerator {
  mutating func pick<T>(_ choices: [T]) -> T { choices[Int(clamping: next() % UInt64(choices.count))] }
  /// Below a bound.
  mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
}
