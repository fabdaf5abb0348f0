// Target.swift — the table of what is fuzzed: a harness for each parser
// SPDX-License-Identifier: MIT

/// A parser, and what has to hold of it for any input.
struct Target: Sendable {
  let name: String
  /// Bytes of an input.
  let maximumLength: Int
  /// Bytes of heap that one input may take.
  var heap = 64 << 20
  let run: @Sendable ([UInt8]) -> Void

  static let all = [
    Target(name: "elf", maximumLength: 1 << 14, run: fuzzELF),
    Target(name: "tables", maximumLength: 1 << 10, run: fuzzTables),
    Target(name: "flat", maximumLength: 1 << 14, run: fuzzFlat),
    Target(name: "bundle", maximumLength: 1 << 14, run: fuzzBundle),
    Target(name: "dtb", maximumLength: 1 << 13, run: fuzzDeviceTree),
    // A frame of zstd asks for a window of up to 128 MiB, and one of xz for 160: docs/abi.md, "The command".
    Target(name: "compression", maximumLength: 1 << 12, heap: (64 + 160) << 20, run: fuzzCompression),
    // Of more bytes, some unpack to so many that there is no time for others.
    Target(name: "kernel", maximumLength: 1 << 10, heap: (64 + 160) << 20, run: fuzzKernel),
    Target(name: "manifest", maximumLength: 1 << 12, run: fuzzManifest),
    Target(name: "embedded", maximumLength: 1 << 12, run: fuzzEmbedded),
    Target(name: "archive", maximumLength: 1 << 13, run: fuzzArchive),
    Target(name: "values", maximumLength: 64, run: fuzzValues),
    Target(name: "script", maximumLength: 1 << 10, run: fuzzScript),
    Target(name: "check", maximumLength: 1 << 14, run: fuzzCheck),
  ]
}
