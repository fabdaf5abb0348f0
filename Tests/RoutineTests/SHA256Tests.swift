// SHA256Tests.swift — SHA-256 of very many streams, on both paths, against swift-crypto
// SPDX-License-Identifier: MIT

import Crypto
import Emulation
import TestSupport
import Testing

/// A message in pieces, each somewhere in memory.
struct HashCase: CustomStringConvertible {
  var pieces: [(address: UInt64, bytes: [UInt8])]
  var mode: UInt64

  static let memory: Range<UInt64> = 0x5000_0000..<0x5004_0000

  var description: String {
    pieces.map { "\($0.bytes.count) at \(hex($0.address))" }.joined(separator: ", ") + ", mode \(hex(mode))"
  }

  /// Up to some KiB; most near the edges of blocks.
  static func random(_ generator: inout some RandomNumberGenerator) -> HashCase {
    var address = memory.lowerBound
    let pieces = (0..<1 + generator.below(generator.pick([1, 1, 4, 16]))).map { _ in
      let around = 64 * generator.below(5) + generator.pick([0, 1, 8, 54, 55, 56, 57, 63])
      let size = generator.pick([around, generator.below(200), generator.below(1 << generator.below(12))])
      address += generator.below(96)
      defer { address += size }
      return (address, [UInt8].random(Int(clamping: size), seed: generator.next()))
    }
    return HashCase(
      pieces: pieces,
      mode: generator.pick([0, Routines.Mode.sha2]))
  }
}

extension Routines {
  func hash(_ message: HashCase) throws {
    var host = SHA256()
    for piece in message.pieces {
      core.place(piece.bytes, at: piece.address)
      piece.bytes.withUnsafeBytes { host.update(bufferPointer: $0) }
    }
    try call("sha256_init", [], mode: message.mode)
    for piece in message.pieces {
      try call("sha256_update", [piece.address, UInt64(piece.bytes.count)], mode: message.mode)
      guard core[x: 0] == 0 else { throw Difference(description: "\(message): sha256_update is not 0") }
    }
    try call("sha256_final", [], mode: message.mode)
    let place = try blob.address(of: "computed_digest")
    guard core.read(at: place, count: 32) == Array(host.finalize()) else {
      throw Difference(description: "\(message): another digest")
    }
    try compare(at: place)
  }

  /// The digest against itself, and against one that differs in a bit.
  private func compare(at computed: UInt64) throws {
    let place = HashCase.memory.upperBound - 32
    var digest = core.read(at: computed, count: 32)
    let bit = Int(clamping: digest[0])
    for difference in [0, 1] as [UInt8] {
      digest[bit / 8] ^= difference << UInt8(bit % 8)
      core.place(digest, at: place)
      try call("compare_digest", [place])
      guard core[x: 0] == (difference == 0 ? 0 : place) else {
        throw Difference(description: "compare_digest overlooks bit \(bit)")
      }
    }
  }
}

extension Routines {
  /// The digest is the same either way: only what is executed tells one path from the other.
  static func checkPaths() async throws {
    let routines = try await Routines(at: 0x4020_0000, memory: [HashCase.memory], isBounded: true)
    let sha2 = try routines.blob.range(of: "sha256_blocks_sha2")
    try routines.core.watchBlocks()
    for mode in [0, Mode.sha2] {
      try routines.hash(
        HashCase(pieces: [(HashCase.memory.lowerBound, .random(200, seed: 1))], mode: mode))
      let usesSHA2 = routines.core.takeBlocks().contains { block in
        sha2.contains(Int(clamping: block.lowerBound &- routines.blob.base))
      }
      guard usesSHA2 == (mode & Mode.sha2 != 0) else {
        throw Difference(description: "mode \(mode): SHA-2 instructions \(usesSHA2)")
      }
    }
  }
}

@Suite struct SHA256Routines {
  @Test("uses SHA-2 instructions exactly where there are some")
  func paths() async throws { try await Routines.checkPaths() }

  @Test(
    "of lengths, alignments and splits is swift-crypto's, with SHA-2 instructions and without",
    arguments: parts)
  func streams(_ part: Int) async throws {
    let routines = try await Routines(at: 0x4020_0000, memory: [HashCase.memory])
    var generator = SplitMix64(seed: UInt64(2000 + part))
    for _ in 0..<max(10_000, cases / 10) / parts.count { try routines.hash(.random(&generator)) }
  }
}
