// Build.swift — flat AArch64 binaries from assembly, built as the purgatory itself is
// SPDX-License-Identifier: MIT

import ELF
import Foundation
import PurgatoryKit
import SystemPackage

/// The folder of Package.swift.
public let packageFolder = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// Linked at 0, and the bytes of its load segment.
public struct FlatBinary: Sendable {
  public var bytes: [UInt8]
  /// Where each symbol's object or routine is; what is behind `bytes` has no bytes in the file.
  public var symbols: [String: Range<Int>]
}

/// The purgatory as it is built, with nothing filled in: built once in a test process.
public func unfilledBlob() async throws -> [UInt8] {
  try await linkedBlob().bytes
}

/// The same, with its symbols.
public func linkedBlob() async throws -> FlatBinary {
  var blob = try await purgatory.value
  if let mutant = Mutant.current { blob.bytes.setInstruction(at: mutant.offset, to: mutant.instruction) }
  return blob
}

private let purgatory = Task { try await linkedBinary(source: "\(packageFolder)/purgatory") }

/// Assembles and links a folder with `*.S`, `include/*.h` and `purgatory.lds`; the bytes of its load segment.
public func flatBinary(source: String) async throws -> [UInt8] {
  try await linkedBinary(source: source).bytes
}

private func linkedBinary(source: String) async throws -> FlatBinary {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
  let toolchain = try Toolchain.find(nil, crossCompile: nil, path: path)
  let bytes = try await toolchain.build(PurgatorySource(directory: FilePath(source)))
  let elf = try ELFFile(bytes)
  guard let segment = elf.segments.first(where: { $0.type == .load }) else {
    throw BuildFailure(description: "\(source): nothing to load")
  }
  let symbols = try elf.symbols().filter { !$0.name.isEmpty && $0.value < segment.memorySize }
    .map { ($0.name, Int(clamping: $0.value)..<Int(clamping: $0.value + $0.size)) }
  return FlatBinary(
    bytes: Array(bytes[segment.fileRange]),
    symbols: Dictionary(symbols, uniquingKeysWith: { first, _ in first }))
}

struct BuildFailure: Error, CustomStringConvertible {
  let description: String
}
