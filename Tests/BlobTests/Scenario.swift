// Scenario.swift — purgatories and segments in a machine's memory: run it, and see what came of it
// SPDX-License-Identifier: MIT

import PurgatoryABI
import PurgatoryKit
import TestSupport

struct Scenario: Sendable {
  let level: Level
  var machine: Machine
  var probe: Probe
  /// The stub enters the first; each but the last was told to enter the next.
  var blobs: [PlacedBlob]
  var segments: [Machine.Load] = []
  /// More memory to see when the kernel has been entered.
  var windows: [Probe.Window] = []
  /// Whether the machine starts in the stub, which then enters the first blob; or in the blob.
  var startsInStub = true

  /// One blob that enters the payload's kernel, with the PL011 as its console, and nothing to verify yet.
  init(
    _ level: Level = .el1, cpu: String = "max", blob: UInt64 = 0x4020_0000, probe: Probe = Probe()
  ) async throws {
    try await self.init(level, cpu: cpu, chain: [blob], probe: probe)
  }

  /// Blobs that enter each other in turn.
  init(_ level: Level = .el1, cpu: String = "max", chain: [UInt64], probe: Probe = Probe()) async throws {
    self.level = level
    self.probe = probe
    self.probe.conduit = level == .el1 ? .hvc : .smc
    if level == .el2e2h { self.probe.setup.insert(.e2h) }
    machine = Machine(start: probe.stub)
    machine.type = level.machineType
    machine.cpu = cpu
    blobs = []
    for (index, base) in chain.enumerated() {
      var blob = try await PlacedBlob(at: base)
      blob.info.console = .init(.pl011, base: 0x0900_0000)
      blob.info.psciConduit = level.conduit
      blob.info.onFailure = .boot  // a test that fails is to say so, not to hang
      blob.info.kernelEntry = index + 1 < chain.count ? chain[index + 1] : probe.kernel
      blobs.append(blob)
    }
  }

  /// Most tests have one.
  var blob: PlacedBlob {
    get { blobs[0] }
    set { blobs[0] = newValue }
  }

  var info: PurgatoryInfo {
    get { blob.info }
    set { blob.info = newValue }
  }

  /// Puts `loads` in memory, as regions for the blob to verify.
  mutating func verify(_ loads: [Machine.Load], _ flags: PurgatoryInfo.Flags = .verifyRegions) throws {
    segments += loads
    try blob.info.expect(loads, flags)
  }

  /// Runs it to the payload's report.
  ///
  /// - Parameter target: what the stub enters; nil: the first blob.
  func report(entering target: UInt64? = nil) async throws -> Report {
    var windows = self.windows
    for blob in blobs {
      windows.append(.init(address: blob.infoAddress, size: PurgatoryInfo.size, .bytes))
      for part in parts(of: blob) {
        windows.append(.init(address: part.address, size: part.bytes.count, .hash))
      }
    }
    windows += segments.map { .init(address: $0.address, size: $0.bytes.count, .hash) }
    return try Report(await console(windows, entering: target ?? blob.base), withStub: startsInStub)
  }

  /// Runs it to the end that the machine was given, and returns what was written after the stub's report.
  func console() async throws -> String {
    let console = try await console([], entering: blob.base)
    guard let state = console.firstRange(of: "\r\n"), console.hasPrefix("before.") else {
      throw Report.Missing(what: "state before the purgatory", console: console)
    }
    return String(console[state.upperBound...])
  }

  private func console(_ windows: [Probe.Window], entering target: UInt64) async throws -> String {
    var probe = self.probe
    probe.windows = windows
    var machine = self.machine
    if !startsInStub { machine.start = target }
    machine.loads += segments + blobs.map(\.load)
    machine.loads.append(try await probe.load(entering: target))
    return try await machine.run().console
  }

  /// The blob's bytes that nothing may change: all but the info.
  private func parts(of blob: PlacedBlob) -> [Machine.Load] {
    let bytes = blob.bytes
    let end = PlacedBlob.infoRange.upperBound
    return [
      Machine.Load(at: blob.base, Array(bytes[..<PlacedBlob.infoRange.lowerBound])),
      Machine.Load(at: blob.base + UInt64(end), Array(bytes[end...])),
    ]
  }
}

// MARK: - The contract

extension Scenario {
  /// Everything in which the hand-over to the kernel is not what docs/abi.md and booting.rst promise; x0 is the
  /// caller's to check. Empty: all is well.
  func violations(_ report: Report) throws -> [String] {
    var result: [String] = []
    func require(_ condition: Bool, _ what: @autoclosure () -> String) {
      if !condition { result.append(what()) }
    }
    let (before, after) = (report.before, report.after)
    for index in 1...3 {
      require(after.x[index] == 0, "x\(index) = \(hex(after.x[index])), not 0")
    }
    require(after.level == level.number, "entered at EL\(level.number), left at EL\(after.level)")
    require(after.daif == 0x3c0, "DAIF = \(hex(after.daif)), not masked")
    let sctlr = after.restored["sctlr"] ?? 0
    if !probe.setup.contains(.mmuOn) {
      require(sctlr & 0b101 == 0, "SCTLR = \(hex(sctlr)): MMU or D-cache on")
    }
    if let before {
      require(before.level == level.number, "the test entered the purgatory at EL\(before.level)")
      for name in SystemState.restoredNames where after.restored[name] != before.restored[name] {
        result.append("\(name) = \(hex(after.restored[name] ?? 0)), was \(hex(before.restored[name] ?? 0))")
      }
    }
    for blob in blobs {
      for part in parts(of: blob) {
        require(try report.hash(part.address) == fnv1a(part.bytes), "the blob's \(hex(part.address)) changed")
      }
      var info = try report.dump(blob.infoAddress)
      let results = Int(PURGATORY_INFO_status)..<Int(PURGATORY_INFO_result_addr)
      info.replaceSubrange(results, with: blob.infoBytes[results])
      require(info == blob.infoBytes, "info of \(hex(blob.base)) changed where the purgatory may only read")
    }
    for segment in segments {
      require(
        try report.hash(segment.address) == fnv1a(withResult(segment, report)),
        "segment \(hex(segment.address)) changed")
    }
    return result
  }

  /// A segment's bytes with the only ones that a purgatory writes: its result, where that is to be stored there.
  private func withResult(_ segment: Machine.Load, _ report: Report) throws -> [UInt8] {
    var bytes = segment.bytes
    for blob in blobs {
      guard let place = blob.resultPlace, place >= segment.address,
        place + UInt64(PURGATORY_RESULT_SIZE) <= segment.end
      else { continue }
      let offset = Int(clamping: place - segment.address)
      bytes.replaceSubrange(
        offset..<offset + Int(PURGATORY_RESULT_SIZE), with: try report.expectedResult(of: blob))
    }
    return bytes
  }

  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}

extension PurgatoryInfo {
  /// Makes `loads` the regions, with their digests for `flags`.
  mutating func expect(_ loads: [Machine.Load], _ flags: Flags) throws {
    self.flags.formUnion(flags)
    let segments = try loads.map {
      try Segment(role: .segment, file: "segment", bytes: $0.bytes, base: $0.address)
    }
    for (index, segment) in segments.enumerated() {
      regions[index] = Region(base: segment.base, size: UInt64(segment.bytes.count))
      if flags.contains(.verifyRegions) { regions[index].digest = try Digest(of: [segment]) }
    }
    if flags.contains(.verifyCombined) { combinedDigest = try Digest(of: segments) }
  }
}
