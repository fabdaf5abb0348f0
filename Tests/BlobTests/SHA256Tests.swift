// SHA256Tests.swift — the purgatory's SHA-256 against published vectors and against the host's
// SPDX-License-Identifier: MIT

import PurgatoryABI
import TestSupport
import Testing

@testable import PurgatoryKit

/// Messages and what their digests are.
private struct TestVectors {
  private(set) var bytes: [[UInt8]] = []
  private(set) var digests: [Digest] = []

  mutating func add(_ message: [UInt8], _ digest: Digest) {
    bytes.append(message)
    digests.append(digest)
  }

  /// The digest is the host's.
  mutating func add(_ message: [UInt8]) {
    add(message, Digest(hashing: message))
  }

  /// NIST, "SHA-256 Example" (FIPS 180-4's examples: one and two blocks) and "SHA-2 Additional" (the others).
  static let published: TestVectors = {
    var messages = TestVectors()
    for (message, digest) in [
      ([UInt8]("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        [UInt8]("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        [UInt8](
          "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
            .utf8),
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
      (
        .init(repeating: 0x61, count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
      ([0xbd], "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"),
      ([0xc9, 0x8c, 0x8e, 0x55], "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"),
      (.init(repeating: 0, count: 55), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"),
      (.init(repeating: 0, count: 56), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"),
      (.init(repeating: 0, count: 57), "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"),
      (.init(repeating: 0, count: 64), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"),
      (.init(repeating: 0, count: 1000), "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"),
      (
        .init(repeating: 0x41, count: 1000),
        "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4"
      ),
      (
        .init(repeating: 0x55, count: 1005),
        "f4d62ddec0f3dd90ea1380fa16a5ff8dc4c54b21740650f24afc4120903552b0"
      ),
      (
        .init(repeating: 0, count: 1_000_000),
        "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025"
      ),
    ] {
      messages.add(message, Digest(hexadecimal: digest))
    }
    return messages
  }()
}

@Suite(.requiresQEMU) struct SHA256 {
  /// With SHA-2 instructions, and without.
  private static let paths: [PurgatoryInfo.Flags] = [[], .noCrypto]
  /// With the caches on, and as the purgatory was entered.
  private static let caches: [PurgatoryInfo.Flags] = [[], .noCache]

  @Test("the published vectors", arguments: cpus, paths)
  func published(_ cpu: String, _ path: PurgatoryInfo.Flags) async throws {
    try await check(.published, path, cpu: cpu)
  }

  @Test("every length around the edges of the first blocks", arguments: paths, caches)
  func shortLengths(_ path: PurgatoryInfo.Flags, _ cache: PurgatoryInfo.Flags) async throws {
    var messages = TestVectors()
    for length in Array(1...130) + [183, 184, 191, 192, 193, 247, 248, 255, 256, 257, 1000] {
      messages.add(.random(length, seed: UInt64(length)))
    }
    try await check(messages, path.union(cache))
  }

  @Test("random lengths up to some MiB", arguments: Level.allCases, paths)
  func randomLengths(_ level: Level, _ path: PurgatoryInfo.Flags) async throws {
    var generator = SplitMix64(seed: 20)
    var messages = TestVectors()
    for limit in [1000, 1000, 1000, 10_000, 10_000, 10_000, 100_000, 100_000, 100_000, 1_000_000, 4_000_000] {
      messages.add(.random(.random(in: limit / 2...limit, using: &generator), seed: generator.next()))
    }
    try await check(messages, path, level: level)
  }

  @Test("over several regions, whatever their sizes make of the blocks", arguments: paths, caches)
  func stream(_ path: PurgatoryInfo.Flags, _ cache: PurgatoryInfo.Flags) async throws {
    var generator = SplitMix64(seed: 21)
    var sizes: [[Int]] = [
      [1], [63, 1], [63, 2], [64, 64], [64, 1, 64], [55, 9, 64, 1], [1, 64, 64, 64], [128, 63, 128, 65],
      [4096, 8, 4096],
      .init(repeating: 1, count: 16), .init(repeating: 64, count: 16), Array(49...64), [7, 100_000, 50_001],
    ]
    for _ in 0..<10 {
      sizes.append(
        (0..<Int.random(in: 2...16, using: &generator)).map { _ in .random(in: 1...300, using: &generator) })
    }
    var scenario = try await Scenario(chain: chainBases(sizes.count))
    var next: UInt64 = 0x4100_0000
    for (index, sizes) in sizes.enumerated() {
      let loads = sizes.map { place(.random($0, seed: generator.next()), &next) }
      scenario.segments += loads
      try scenario.blobs[index].info.expect(loads, [.verifyCombined, path, cache])
      scenario.blobs[index].info.onFailure = .boot
    }
    try await expectVerified(scenario)
  }

  @Test("a published vector in pieces")
  func publishedInPieces() async throws {
    var scenario = try await Scenario()
    var next: UInt64 = 0x4100_0000
    try scenario.verify("abc".utf8.map { place([$0], &next) }, .verifyCombined)
    scenario.info.combinedDigest = TestVectors.published.digests[0]
    scenario.info.onFailure = .boot
    try await expectVerified(scenario)
  }

  /// As many blobs as it takes at 16 regions each, in one run.
  private func check(
    _ messages: TestVectors, _ flags: PurgatoryInfo.Flags, level: Level = .el1, cpu: String = "max"
  ) async throws {
    let perBlob = PurgatoryInfo.maximumRegions
    let count = (messages.bytes.count + perBlob - 1) / perBlob
    var scenario = try await Scenario(level, cpu: cpu, chain: chainBases(count))
    var next: UInt64 = 0x4100_0000
    for index in messages.bytes.indices {
      let load = place(messages.bytes[index], &next)
      scenario.segments.append(load)
      scenario.blobs[index / perBlob].info.regions[index % perBlob] = .init(
        base: load.address, size: UInt64(load.bytes.count), digest: messages.digests[index])
    }
    for index in scenario.blobs.indices {
      scenario.blobs[index].info.flags = flags.union(.verifyRegions)
      scenario.blobs[index].info.onFailure = .boot
    }
    try await expectVerified(scenario)
  }

  private func expectVerified(_ scenario: Scenario) async throws {
    let report = try await scenario.report()
    #expect(try scenario.violations(report) == [])
    for blob in scenario.blobs {
      let info = try report.info(of: blob)
      #expect(
        info.status == .verified,
        "region \(info.failedRegion) of sizes \(blob.info.usedRegions.map(\.region.size)):\n\(report.purgatory)"
      )
      let isSHA2 = info.verifyPath & UInt64(PURGATORY_PATH_SHA2) != 0
      #expect(isSHA2 != blob.info.flags.contains(.noCrypto))
    }
  }

  /// At the next address that a region may have.
  private func place(_ bytes: [UInt8], _ next: inout UInt64) -> Machine.Load {
    let load = Machine.Load(at: next, bytes)
    next = (load.end + 15) & ~15
    return load
  }
}

extension Digest {
  /// 64 digits.
  fileprivate init(hexadecimal: String) {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    precondition(digits.count == 64)
    self.init(bytes: stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }
}
