// Build.swift — flat AArch64 binaries from assembly, built as the purgatory itself is
// SPDX-License-Identifier: MIT

import ELF
import Foundation
import PurgatoryKit
import SystemPackage

/// The folder of Package.swift.
public let packageFolder = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

/// The purgatory as it is built, with nothing filled in: built once in a test process.
public func unfilledBlob() async throws -> [UInt8] {
  try await purgatory.value
}

private let purgatory = Task { try await flatBinary(source: "\(packageFolder)/purgatory") }

/// Assembles and links a folder with `*.S`, `include/*.h` and `purgatory.lds`; the bytes of its load segment.
public func flatBinary(source: String) async throws -> [UInt8] {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
  let toolchain = try Toolchain.find(nil, crossCompile: nil, path: path)
  let bytes = try await toolchain.build(PurgatorySource(directory: FilePath(source)))
  let elf = try ELFFile(bytes)
  guard let segment = elf.segments.first(where: { $0.type == .load }) else {
    throw BuildFailure(description: "\(source): nothing to load")
  }
  return Array(bytes[segment.fileRange])
}

struct BuildFailure: Error, CustomStringConvertible {
  let description: String
}
