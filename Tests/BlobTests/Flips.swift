// Flips.swift — a purgatory that runs thousands of times in one machine, each time with one bit flipped in memory
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryABI
import PurgatoryKit
import Synchronization
import TestSupport

/// What flips.S does. Its RAM is small and ends right behind the segments, so that a region which has grown ends soon.
struct Flips: Sendable {
  /// One bit of a byte that is in memory before the purgatory is entered.
  struct Flip: Sendable, CustomStringConvertible {
    let address: UInt64
    let bit: Int
    var description: String { "bit \(bit) of \(Message.hex(address))" }
  }

  /// How a case ended.
  struct End: Sendable {
    let status: UInt32
    let failedRegion: UInt32
    /// As the kernel got it.
    let x0: UInt64
    /// nil: the kernel was entered; else what could not be executed in its place.
    let elr: UInt64?
  }

  static let stub = Probe().base + 16
  private static let noteEntry = Probe().base + 20
  /// A page of its own: whatever is near is zeros, which no core executes.
  static let kernel: UInt64 = 0x40c0_0000
  static let segmentBases: [UInt64] = [0x417f_0000, 0x417f_4000, 0x417f_e000]
  static let result: UInt64 = 0x4098_0000
  static let blobBase: UInt64 = 0x4020_0000
  /// The x0 that the purgatory is entered with.
  static let x0: UInt64 = 0x1234_5678
  private static let list: UInt64 = 0x4050_0000
  private static let notes: UInt64 = 0x4060_0000
  private static let copies: UInt64 = 0x4070_0000
  static let ramEnd: UInt64 = 0x4180_0000

  let level: Level
  let blob: PlacedBlob
  /// Its file.
  let image: [UInt8]
  let segments: [Machine.Load]

  /// Three segments, verified as `flags` say, and room for the result.
  init(_ level: Level, _ flags: PurgatoryInfo.Flags, sizes: [Int] = [1504, 2048, 1000]) async throws {
    self.level = level
    var blob = try await PlacedBlob(at: Self.blobBase)
    segments = zip(Self.segmentBases, sizes).map { base, size in
      Machine.Load(at: base, .random(size, seed: base))
    }
    let bias = flags.contains(.relative) ? Self.blobBase : 0
    try blob.info.expect(
      segments.map { Machine.Load(at: $0.address &- bias, $0.bytes) }, flags)
    // Of a region that comes into use, the end of the RAM is near, too.
    for index in segments.count..<PurgatoryInfo.maximumRegions {
      blob.info.regions[index].base = Self.ramEnd - 0x1000 - bias
    }
    blob.info.flags.insert(.quiet)
    blob.info.console = .init(.pl011, base: 0x0900_0000)
    blob.info.kernelEntry = Self.kernel &- bias
    blob.info.resultAddress = Self.result &- bias
    blob.info.onFailure = .boot
    blob.info.psciConduit = level.conduit
    self.blob = blob
    image = blob.bytes
  }

  /// The blob as it runs: a UART that does not answer is not waited for so long.
  private var running: PlacedBlob {
    get throws {
      var running = blob
      try running.replaceInstructions("movz x5, #0x40, lsl #16") { instruction, _ in
        instruction == 0xd2a0_0805 ? 0xd280_8005 : nil  // movz x5, #0x400
      }
      return running
    }
  }

  /// Every bit of the struct, but for those after which there is no kernel to come back from: two of kernel_entry
  /// (`BadInfo.notBootable`), and one that makes all addresses relative.
  var infoFlips: [Flip] {
    let entry = blob.infoAddress + UInt64(PURGATORY_INFO_kernel_entry)
    let isRelative = blob.info.flags.contains(.relative)
    return (0..<UInt64(PurgatoryInfo.size)).flatMap { offset in
      (0..<8).map { Flip(address: blob.infoAddress + offset, bit: $0) }
    }.filter { $0.address != entry || $0.bit > 1 }
      .filter { isRelative || $0.address != relativeFlip.address || $0.bit != relativeFlip.bit }
  }

  /// RELATIVE.
  var relativeFlip: Flip { Flip(address: blob.infoAddress + UInt64(PURGATORY_INFO_flags), bit: 2) }

  /// Every bit of the first and last 64 bytes of every segment.
  var edgeFlips: [Flip] {
    segments.flatMap { segment in
      (Array(0..<64) + Array(segment.bytes.count - 64..<segment.bytes.count)).flatMap { offset in
        (0..<8).map { Flip(address: segment.address + UInt64(offset), bit: $0) }
      }
    }
  }

  /// Bits anywhere in the segments.
  func randomFlips(_ count: Int, seed: UInt64) -> [Flip] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      let segment = segments[Int.random(in: segments.indices, using: &random)]
      let offset = Int.random(in: segment.bytes.indices, using: &random)
      return Flip(
        address: segment.address + UInt64(offset), bit: Int.random(in: 0..<8, using: &random))
    }
  }

  /// The bytes of the blob's file, and of the segments, with that bit flipped.
  func memory(_ flip: Flip) -> (blob: [UInt8], segments: [Machine.Load]) {
    var (bytes, segments) = (image, segments)
    if flip.address < blob.base + UInt64(bytes.count), flip.address >= blob.base {
      bytes[Int(clamping: flip.address - blob.base)] ^= 1 << UInt8(flip.bit)
    }
    for index in segments.indices where flip.address >= segments[index].address {
      if flip.address < segments[index].end {
        segments[index].bytes[Int(clamping: flip.address - segments[index].address)] ^= 1 << UInt8(flip.bit)
      }
    }
    return (bytes, segments)
  }

  /// Runs all of them in one machine, one after the other.
  func run(_ flips: [Flip]) async throws -> [End] {
    let file = try running.bytes
    precondition(file.count.isMultiple(of: 8) && segments.allSatisfy { $0.bytes.count.isMultiple(of: 8) })
    let originals = [Machine.Load(at: blob.base, file)] + segments
    var machine = Machine(start: Self.stub)
    machine.type = level.machineType
    machine.memory = "\((Self.ramEnd - Machine.ramBase) >> 20)M"
    var words = [blob.base, Self.x0, Self.notes, UInt64(originals.count), UInt64(flips.count)]
    var place = Self.copies
    for original in originals {
      machine.loads.append(.init(at: place, original.bytes))
      words += [original.address, place, UInt64(original.bytes.count)]
      place += UInt64(original.bytes.count)
    }
    words += flips.flatMap { [$0.address, 1 << UInt64($0.bit)] }
    machine.loads.append(
      .init(at: Self.list, words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }))
    precondition(Self.list + UInt64(words.count * 8) <= Self.notes, "more cases than there is room for")
    precondition(Self.notes + UInt64(flips.count * 32) <= Self.copies, "more notes than there is room for")
    let branch = 0x1400_0000 | UInt32(truncatingIfNeeded: (Self.noteEntry &- Self.kernel) >> 2 & 0x3ff_ffff)
    machine.loads.append(.init(at: Self.kernel, [UInt8](instructions: [branch])))
    var probe = Probe()
    probe.conduit = level == .el1 ? .hvc : .smc
    probe.x0 = Self.list
    machine.loads.append(try await probe.load(entering: blob.base))
    machine.sharesMemory = true
    machine.consoleLimit = 256 << 20
    let notes = Notes()
    machine.replies = [
      .init(to: "flips.done", keys: ".") { memory in
        notes.set(try memory.read(at: Self.notes, count: flips.count * 32))
      }
    ]
    _ = try await machine.run()
    return notes.ends
  }

  /// What the guest wrote, from the thread that read it.
  private final class Notes: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    func set(_ new: [UInt8]) { bytes.withLock { $0 = new } }

    var ends: [End] {
      let bytes = bytes.withLock { $0 }
      func word(_ offset: Int) -> UInt64 {
        bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
      return stride(from: 0, to: bytes.count, by: 32).map { offset in
        End(
          status: UInt32(truncatingIfNeeded: word(offset)),
          failedRegion: UInt32(truncatingIfNeeded: word(offset) >> 32), x0: word(offset + 8),
          elr: word(offset + 16) == 0 ? nil : word(offset + 16))
      }
    }
  }
}
