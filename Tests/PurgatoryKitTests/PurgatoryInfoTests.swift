// PurgatoryInfoTests.swift — the struct's bytes: every field where the C struct has it, and nothing lost
// SPDX-License-Identifier: MIT

import PurgatoryABI
import Testing

@testable import PurgatoryKit

@Suite struct PurgatoryInfoTests {
  @Test func theSizeIsThatOfTheCStruct() throws {
    #expect(PurgatoryInfo.size == MemoryLayout<purgatory_info>.size)
    #expect(try PurgatoryInfo().encoded().count == MemoryLayout<purgatory_info>.size)
    #expect(PurgatoryInfo.maximumRegions == 16)
    #expect(PurgatoryInfo.blobOffset == 0x40)
  }

  /// Each field has a value of its own, so that two that change places are seen.
  @Test func everyFieldIsWhereTheCStructHasIt() throws {
    var info = PurgatoryInfo()
    info.kernelEntry = 0x1111_1111_1111_1110
    info.dtbAddress = 0x2222_2222_2222_2220
    info.flags = [.verifyRegions, .quiet]
    info.onFailure = .poweroff
    info.psciConduit = .hvc
    info.console = .init(.uart8250, base: 0x3333_3333_3333_3330)
    info.skipChecks = true
    info.memorySize = 0x4444_4444_4444_4440
    for index in info.regions.indices {
      let number = UInt64(index + 1)
      info.regions[index] = .init(
        base: number << 32, size: number, digest: Digest(bytes: [UInt8](repeating: UInt8(number), count: 32)))
    }
    info.combinedDigest = Digest(bytes: [UInt8](repeating: 0xdd, count: 32))
    info.status = .mismatch
    info.failedRegion = 0x5555_5555
    info.verifyTicks = 0x6666_6666_6666_6666
    info.verifyPath = 0x7777_7777_7777_7777
    info.resultAddress = 0x8888_8888_8888_8888

    let bytes = try info.encoded()
    let raw = bytes.withUnsafeBytes { $0.loadUnaligned(as: purgatory_info.self) }
    #expect(withUnsafeBytes(of: raw.magic) { Array($0) } == Array("PURGINFO".utf8))
    #expect(raw.version == 2)
    #expect(raw.size == 0x390)
    #expect(raw.kernel_entry == info.kernelEntry)
    #expect(raw.dtb_addr == info.dtbAddress)
    #expect(raw.flags == 0x621)
    #expect(raw.console_base == 0x3333_3333_3333_3330)
    #expect(raw.console_access == 1)
    #expect(
      [raw.console_data, raw.console_status, raw.console_mask, raw.console_ready] == [0, 5, 0x40, 0x40])
    #expect(raw.skip_checks == 1)
    #expect(raw.memory_size == info.memorySize)
    withUnsafeBytes(of: raw.regions) { regions in
      for (index, region) in regions.bindMemory(to: purgatory_region.self).enumerated() {
        #expect(region.base == UInt64(index + 1) << 32)
        #expect(region.size == UInt64(index + 1))
      }
    }
    withUnsafeBytes(of: raw.digests) { digests in
      #expect(digests.count == 16 * 32)
      for (index, byte) in digests.enumerated() { #expect(byte == UInt8(index / 32 + 1)) }
    }
    withUnsafeBytes(of: raw.digest) { #expect(Array($0) == [UInt8](repeating: 0xdd, count: 32)) }
    #expect(raw.status == 4)
    #expect(raw.failed_region == 0x5555_5555)
    #expect(raw.verify_ticks == info.verifyTicks)
    #expect(raw.verify_path == info.verifyPath)
    #expect(raw.result_addr == info.resultAddress)
    #expect(try PurgatoryInfo(decoding: bytes) == info)
  }

  /// The header's own offsets are those of the struct that Swift sees.
  @Test func theOffsetsAreThoseOfTheCStruct() {
    typealias Info = purgatory_info
    let offsets: [(Int?, Int32)] = [
      (MemoryLayout<Info>.offset(of: \.magic), PURGATORY_INFO_magic),
      (MemoryLayout<Info>.offset(of: \.version), PURGATORY_INFO_version),
      (MemoryLayout<Info>.offset(of: \.size), PURGATORY_INFO_size),
      (MemoryLayout<Info>.offset(of: \.kernel_entry), PURGATORY_INFO_kernel_entry),
      (MemoryLayout<Info>.offset(of: \.dtb_addr), PURGATORY_INFO_dtb_addr),
      (MemoryLayout<Info>.offset(of: \.flags), PURGATORY_INFO_flags),
      (MemoryLayout<Info>.offset(of: \.console_base), PURGATORY_INFO_console_base),
      (MemoryLayout<Info>.offset(of: \.console_access), PURGATORY_INFO_console_access),
      (MemoryLayout<Info>.offset(of: \.skip_checks), PURGATORY_INFO_skip_checks),
      (MemoryLayout<Info>.offset(of: \.memory_size), PURGATORY_INFO_memory_size),
      (MemoryLayout<Info>.offset(of: \.regions), PURGATORY_INFO_regions),
      (MemoryLayout<Info>.offset(of: \.digests), PURGATORY_INFO_digests),
      (MemoryLayout<Info>.offset(of: \.digest), PURGATORY_INFO_digest),
      (MemoryLayout<Info>.offset(of: \.status), PURGATORY_INFO_status),
      (MemoryLayout<Info>.offset(of: \.failed_region), PURGATORY_INFO_failed_region),
      (MemoryLayout<Info>.offset(of: \.verify_ticks), PURGATORY_INFO_verify_ticks),
      (MemoryLayout<Info>.offset(of: \.verify_path), PURGATORY_INFO_verify_path),
      (MemoryLayout<Info>.offset(of: \.result_addr), PURGATORY_INFO_result_addr),
      (MemoryLayout<Info>.offset(of: \.console_data), PURGATORY_INFO_console_data),
      (MemoryLayout<Info>.offset(of: \.console_status), PURGATORY_INFO_console_status),
      (MemoryLayout<Info>.offset(of: \.console_mask), PURGATORY_INFO_console_mask),
      (MemoryLayout<Info>.offset(of: \.console_ready), PURGATORY_INFO_console_ready),
    ]
    for (offset, constant) in offsets { #expect(offset == Int(constant)) }
  }

  @Test func randomValuesComeBack() throws {
    var random = SplitMix64(state: 2017)
    func digest() -> Digest { Digest(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }) }
    for _ in 0..<500 {
      var info = PurgatoryInfo()
      info.kernelEntry = random.next()
      info.dtbAddress = random.next()
      info.flags = .init(rawValue: random.next() & 0x3f)
      info.onFailure = .allCases.randomElement(using: &random) ?? .halt
      info.psciConduit = .allCases.randomElement(using: &random) ?? .smc
      if Bool.random(using: &random) {
        func number() -> UInt32 { UInt32(truncatingIfNeeded: random.next()) }
        let access: UInt32 = [0, 1, 4].randomElement(using: &random) ?? 0
        let uart = UART(access: access, data: number(), status: number(), mask: number(), ready: number())
        info.console = .init(uart, base: random.next() | 1)
      }
      info.skipChecks = Bool.random(using: &random)
      info.memorySize = random.next()
      for index in info.regions.indices {
        info.regions[index] = .init(base: random.next(), size: random.next(), digest: digest())
      }
      info.combinedDigest = digest()
      info.status = .init(rawValue: UInt32.random(in: 0...6, using: &random)) ?? .notRun
      info.failedRegion = UInt32(truncatingIfNeeded: random.next())
      info.verifyTicks = random.next()
      info.verifyPath = random.next()
      let bytes = try info.encoded()
      let decoded = try PurgatoryInfo(decoding: bytes)
      #expect(decoded == info)
      #expect(try decoded.encoded() == bytes)
    }
  }

  /// Any bytes are decoded or refused, never a crash; what is decoded is encoded to what decodes alike.
  @Test func randomBytes() throws {
    var random = SplitMix64(state: 4326)
    let good = try PurgatoryInfo().encoded()
    var decoded = 0
    for _ in 0..<5000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      guard let info = try? PurgatoryInfo(decoding: bytes) else { continue }
      decoded += 1
      #expect((try? PurgatoryInfo(decoding: info.encoded())) == info)
    }
    #expect(decoded > 0)
    #expect(decoded < 5000)
  }

  @Test func everyTruncation() throws {
    let good = try PurgatoryInfo().encoded()
    for count in good.indices {
      #expect(throws: PurgatoryInfo.DecodingError.self) { try PurgatoryInfo(decoding: Array(good[..<count])) }
    }
    #expect(throws: Never.self) { try PurgatoryInfo(decoding: good + [1, 2, 3]) }
  }

  /// Each value that this version does not know, and the field that is blamed.
  @Test(
    arguments: [
      (PURGATORY_INFO_magic, 0x30, "magic"), (PURGATORY_INFO_version, 1, "version"),
      (PURGATORY_INFO_version, 3, "version"),
      (PURGATORY_INFO_version, 0, "version"), (PURGATORY_INFO_size, 0x88, "size"),
      (PURGATORY_INFO_flags, 0x40, "flags"), (PURGATORY_INFO_flags + 1, 8, "flags"),
      (PURGATORY_INFO_flags + 7, 0x80, "flags"), (PURGATORY_INFO_status, 7, "status"),
    ] as [(Int32, UInt8, String)])
  func unknownValues(_ offset: Int32, _ value: UInt8, _ field: String) throws {
    var bytes = try PurgatoryInfo().encoded()
    bytes[Int(offset)] = value
    let error = #expect(throws: PurgatoryInfo.DecodingError.self) { try PurgatoryInfo(decoding: bytes) }
    #expect(error?.field == field)
  }

  /// Too many are an error, not bytes of another field; too few leave the rest unused; a flag is no other field.
  @Test func whatTheStructHasNoRoomFor() throws {
    for count in [0, 1, 15, 16, 17, 60] {
      var info = PurgatoryInfo()
      info.regions = .init(repeating: .init(base: 0x1000, size: 0x10), count: count)
      if count > 16 {
        #expect(throws: PurgatoryInfo.EncodingError(regions: count)) { try info.encoded() }
      } else {
        #expect(try PurgatoryInfo(decoding: info.encoded()).usedRegions.count == count)
      }
    }
    var info = PurgatoryInfo()
    info.flags = .init(rawValue: 0x301)
    let decoded = try PurgatoryInfo(decoding: info.encoded())
    #expect(decoded.onFailure == .halt)
    #expect(decoded.flags == .verifyRegions)
  }

  @Test func aConsoleIsADescriptionAndAnAddress() throws {
    func console(_ fields: [(Int32, UInt8)]) throws -> PurgatoryInfo.Console? {
      var bytes = try PurgatoryInfo().encoded()
      for (offset, value) in fields { bytes[Int(offset)] = value }
      return try PurgatoryInfo(decoding: bytes).console
    }
    let base = (PURGATORY_INFO_console_base, 16 as UInt8)
    #expect(try console([]) == nil)
    #expect(
      try console([base]) == .init(.raw, base: 16), "all zero: what kexec-tools fills the address of in")
    #expect(try console([base, (PURGATORY_INFO_console_access, 1)])?.uart.name == "raw")
    #expect(
      try console([
        base, (PURGATORY_INFO_console_access, 4), (PURGATORY_INFO_console_status, 0x18),
        (PURGATORY_INFO_console_mask, 8),
      ]) == .init(.pl011, base: 16))
    let unplaced = PurgatoryInfo.Console(UART(access: 4), base: 0)
    #expect(try console([(PURGATORY_INFO_console_access, 4)]) == unplaced, "a loader fills the address in")
    #expect(unplaced.uart.name == "described")
  }

  /// What no byte would ever leave by, and what is not known.
  @Test(arguments: [
    (UART(access: 2), "access 2"), (UART(access: 4, data: 2), "data at 0x2"),
    (UART(access: 4, status: 0x19, mask: 8), "status at 0x19"),
    (UART(access: 1, status: 5, mask: 0x140, ready: 0x40), "mask 0x140"),
    (UART(access: 0, mask: 0x100), "mask 0x100"), (UART(access: 4, mask: 8, ready: 0x18), "ready 0x18"),
    (UART(access: 4, ready: 1), "ready 0x1"), (UART(access: 0xffff_ffff), "access 4294967295"),
  ])
  func aFaultOfADescription(_ uart: UART, _ found: String) {
    #expect(uart.fault?.found == found)
    var info = PurgatoryInfo()
    info.console = .init(uart, base: 0x900_0000)
    #expect(info.findings().map(\.found) == [found])
    info.console?.base = 0
    #expect(info.findings() == [], "nothing is said, whatever is described")
  }

  @Test func noNamedUARTHasAFault() {
    for (name, uart) in UART.named {
      #expect(uart.fault == nil, "\(name)")
      #expect(uart.name == name)
    }
  }
}
