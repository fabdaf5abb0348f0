// KexecTools.swift — the purgatory of Debian's kexec-tools as a workload: cut out, linked, filled in
// SPDX-License-Identifier: MIT

import ELF
import Foundation
import PurgatoryKit
import TestSupport

/// The object that `kexec` carries, linked at a fixed address as kexec links it when it loads it.
struct KexecTools: Sendable {
  /// The program's path below the package folder; scripts/fetch-debian kexec puts it there.
  static let program = ".cache/debian/kexec/kexec"

  private let bytes: [UInt8]
  private let segments: [ELF.Segment]
  private let symbols: [String: UInt64]
  let entry: UInt64
  /// Bytes that are loaded.
  let loadSize: UInt64

  init() throws {
    let host = Array(try Data(contentsOf: URL(filePath: "\(packageFolder)/\(Self.program)")))
    guard let embedded = EmbeddedELF.all(in: host).first else {
      throw BenchError(description: "\(Self.program): no purgatory in it")
    }
    bytes = try Self.link(Array(host[embedded.range]))
    let elf = try ELFFile(bytes)
    segments = elf.segments.filter { $0.type == .load }
    symbols = Dictionary(
      try elf.symbols().map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    entry = elf.header.entry
    loadSize = segments.reduce(0) { $0 + $1.fileSize }
  }

  private static func link(_ object: [UInt8]) throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(object).write(to: folder.appending(path: "purgatory.ro"))
    let linker = Process()
    linker.executableURL = URL(filePath: "/usr/bin/env")
    linker.currentDirectoryURL = folder
    linker.arguments = [
      "aarch64-linux-gnu-ld", "--no-warn-rwx-segments", "-N", "-e", "purgatory_start",
      "-Ttext=\(String(hex: Workload.purgatory))", "purgatory.ro", "-o", "purgatory.elf",
    ]
    try linker.run()
    linker.waitUntilExit()
    guard linker.terminationStatus == 0 else {
      throw BenchError(description: "kexec-tools' purgatory does not link")
    }
    return Array(try Data(contentsOf: folder.appending(path: "purgatory.elf")))
  }

  /// Verifies `size` bytes; 0: nothing, skip_checks is set.
  func workload(size: UInt64) throws -> Workload {
    var memory = bytes
    func store(_ symbol: String, _ value: [UInt8]) throws {
      guard let address = symbols[symbol],
        let segment = segments.first(where: {
          address >= $0.virtualAddress && address + UInt64(value.count) <= $0.virtualAddress + $0.fileSize
        })
      else { throw BenchError(description: "kexec-tools' purgatory has no \(symbol) in its file bytes") }
      let offset = segment.fileRange.lowerBound + Int(clamping: address - segment.virtualAddress)
      memory.replaceSubrange(offset..<offset + value.count, with: value)
    }
    func quad(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    try store("arm64_kernel_entry", quad(Workload.kernel))
    try store("skip_checks", size == 0 ? [1, 0, 0, 0] : [0, 0, 0, 0])
    if size > 0 {
      try store("sha256_regions", quad(Workload.region) + quad(size))
      try store("sha256_digest", try Digest.ofZeros(size).bytes)
    }
    let loads = segments.map { segment in
      Machine.Load(
        at: segment.virtualAddress,
        Array(memory[segment.fileRange])
          + [UInt8](repeating: 0, count: Int(clamping: segment.memorySize - segment.fileSize)))
    }
    return Workload(name: "kexec-tools", loads: loads, entry: entry)
  }
}
