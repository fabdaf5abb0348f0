// BitFlipTests.swift — one flipped bit is refused, or does what docs/abi.md says; and the host concludes what the purgatory does
// SPDX-License-Identifier: MIT

import PurgatoryABI
import TestSupport
import Testing

@testable import PurgatoryKit

@Suite(.requiresQEMU) struct BitFlips {
  struct Mode: Sendable, CustomTestStringConvertible {
    let level: Level
    let flags: PurgatoryInfo.Flags
    var testDescription: String { "\(level.rawValue), \(flags.names.joined(separator: ", "))" }
  }

  /// All but the first run in `make torture` only.
  static let modes =
    [Mode(level: .el1, flags: .verifyRegions)]
    + (Torture.isFull
      ? [
        Mode(level: .el1, flags: [.verifyCombined, .relative]),
        Mode(level: .el2, flags: [.verifyRegions, .verifyCombined]),
        Mode(level: .el2, flags: [.verifyCombined, .noCache, .noCrypto]),
      ] : [])

  /// What the host says that the purgatory does.
  struct Prediction: Equatable {
    /// Those that it may end with.
    var statuses: [PurgatoryInfo.Status]
    var failedRegion: UInt32?
    var x0: UInt64
    /// Where it goes.
    var entry: UInt64
    /// `show` finds fault with the struct.
    var isRefused: Bool
  }

  static func predict(_ flip: Flips.Flip, of flips: Flips) throws -> Prediction {
    let (bytes, loads) = flips.memory(flip)
    let raw = Array(bytes[PlacedBlob.infoRange])
    func word(_ offset: Int32) -> UInt64 {
      raw[Int(offset)..<Int(offset) + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let bias = word(PURGATORY_INFO_flags) & UInt64(PURGATORY_FLAG_RELATIVE) != 0 ? flips.blob.base : 0
    let dtb = word(PURGATORY_INFO_dtb_addr)
    var prediction = Prediction(
      statuses: [], failedRegion: nil, x0: dtb == 0 ? Flips.x0 : dtb &+ bias,
      entry: word(PURGATORY_INFO_kernel_entry) &+ bias, isRefused: true)
    guard case .success(let blob) = Result(catching: { try Blob(bytes, file: "") }) else {
      // Magic, version and size are the purgatory's to refuse; the rest it ignores, or overwrites.
      let isBad = flip.address < flips.blob.infoAddress + UInt64(PURGATORY_INFO_kernel_entry)
      prediction.statuses = [isBad ? .badInfo : .verified]
      return prediction
    }
    let info = blob.info
    prediction.isRefused = !info.findings(blobBase: flips.blob.base).isEmpty || !info.missing.isEmpty
    let segments = try loads.map { try Segment(role: .segment, file: "", bytes: $0.bytes, base: $0.address) }
    let verdict = try HostVerification(info, at: flips.blob.base, segments: segments).verdict
    switch verdict {
    case .verified: prediction.statuses = [.verified]
    case .skipped: prediction.statuses = [.skipped]
    case .mismatch(let region):
      prediction.statuses = [.mismatch]
      prediction.failedRegion = region.map { UInt32(clamping: $0) } ?? UInt32(PURGATORY_FAILED_COMBINED)
    case .badInfo: prediction.statuses = [.badInfo]
    // Other memory is not what was loaded, or not there at all.
    case .unknown, .overwritten: prediction.statuses = [.mismatch, .exception]
    }
    // There may be no memory where the result is to go: that comes last, unless something was wrong before.
    let place = info.resultAddress &+ bias
    let isRAM = place >= Machine.ramBase && place &+ UInt64(PURGATORY_RESULT_SIZE) <= Flips.ramEnd
    if verdict == .verified, info.resultAddress != 0, !isRAM { prediction.statuses.append(.exception) }
    return prediction
  }

  /// In what a case ended otherwise; nil: in nothing.
  static func fault(_ end: Flips.End, _ prediction: Prediction) -> String? {
    guard prediction.statuses.contains(where: { $0.rawValue == end.status }) else {
      return "status \(end.status), expected \(prediction.statuses)"
    }
    if let region = prediction.failedRegion, end.failedRegion != region {
      return "region \(end.failedRegion), expected \(region)"
    }
    if end.x0 != prediction.x0 { return "x0 \(Message.hex(end.x0))" }
    let entry = end.elr ?? Flips.kernel
    if entry != prediction.entry { return "entered \(Message.hex(entry))" }
    if end.status == PurgatoryInfo.Status.badInfo.rawValue, !prediction.isRefused {
      return "show says nothing"
    }
    return nil
  }

  static func faults(_ all: [Flips.Flip], of flips: Flips) async throws -> [String] {
    let ends = try await flips.run(all)
    #expect(ends.count == all.count)
    return try zip(all, ends).compactMap { flip, end in
      fault(end, try predict(flip, of: flips)).map { "\(flip): \($0)" }
    }
  }

  @Test(
    "of the struct: refused, or as documented, and never an exception that nobody reports", arguments: modes)
  func info(_ mode: Mode) async throws {
    let flips = try await Flips(mode.level, mode.flags)
    #expect(flips.infoFlips.count == PurgatoryInfo.size * 8 - (mode.flags.contains(.relative) ? 2 : 3))
    let faults = try await Self.faults(flips.infoFlips, of: flips)
    #expect(faults == [])
  }

  @Test("of a segment: always a mismatch, of that region", arguments: modes)
  func segments(_ mode: Mode) async throws {
    let flips = try await Flips(mode.level, mode.flags)
    let all = flips.edgeFlips + flips.randomFlips(Torture.isFull ? 10_000 : 300, seed: 17)
    let faults = try await Self.faults(all, of: flips)
    #expect(faults == [])
    for flip in all.prefix(100) { #expect(try Self.predict(flip, of: flips).statuses == [.mismatch]) }
  }

  /// Every address is another then: of the regions, of the result, of the kernel.
  @Test("of RELATIVE: what goes wrong on the way to nowhere is said, then it halts") func relative()
    async throws
  {
    var scenario = try await Scenario()
    try scenario.verify([Machine.Load(at: 0x4100_0000, .random(1000, seed: 40))])
    scenario.info.resultAddress = Flips.result
    scenario.info.flags.insert(.relative)
    scenario.machine.stop = .init(after: Message.halted)
    let console = try await scenario.console()
    #expect(console.firstRange(of: "exception: data abort") != nil, "\(console)")
  }

  /// Flips, ends and predictions that do not belong together.
  @Test("what ended otherwise is seen") func otherwise() async throws {
    let flips = try await Flips(.el1, .verifyRegions)
    let some = [flips.infoFlips[0], flips.edgeFlips[0], Flips.Flip(address: Flips.x0, bit: 0)]
    let predictions = try some.map { try Self.predict($0, of: flips) }
    #expect(predictions.map(\.statuses) == [[.badInfo], [.mismatch], [.verified]])
    let good = Flips.End(status: 4, failedRegion: 0, x0: Flips.x0, elr: nil)
    #expect(Self.fault(good, predictions[1]) == nil)
    #expect(Self.fault(good, predictions[0]) != nil && Self.fault(good, predictions[2]) != nil)
    for bad in [
      Flips.End(status: 2, failedRegion: 0, x0: Flips.x0, elr: nil),
      Flips.End(status: 4, failedRegion: 1, x0: Flips.x0, elr: nil),
      Flips.End(status: 4, failedRegion: 0, x0: 0, elr: nil),
      Flips.End(status: 4, failedRegion: 0, x0: Flips.x0, elr: 0x200),
    ] { #expect(Self.fault(bad, predictions[1]) != nil) }
  }
}
