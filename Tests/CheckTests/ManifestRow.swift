// ManifestRow.swift — output folders of `build`, right in everything, and one thing of each spoilt
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport

/// What `build --output-dir --copy` writes, to be spoilt.
struct OutputFolder: Sendable {
  var manifest: ManifestFile
  /// By name.
  var files: [String: [UInt8]]

  struct ManifestFile: Codable, Sendable {
    struct Segment: Codable, Sendable {
      var name: String
      var file: String
      var base: UInt64
      var size: UInt64
      var memorySize: UInt64
      var sha256: String
    }
    var version: Int
    var entry: UInt64
    /// Purgatory, kernel, device tree, another file.
    var segments: [Segment]
  }

  static let names = ["purgatory.bin", "Image", "devicetree.dtb", "data"]

  /// A flat purgatory is an arm64 Image, too. The zeros behind `data` are verified.
  static func build(_ options: [String] = [], in folder: Folder) async throws {
    try folder.write(try await Built.get().flat, to: "Image")
    try folder.write(TreeNode("").dtb(), to: "board.dtb")
    try folder.write([UInt8](repeating: 7, count: 4096), to: "data")
    try await folder.done(
      [
        "build", "--load-address", "0x40000000", "--kernel", "Image@0x40200000", "--dtb",
        "board.dtb@0x48000000", "--segment", "data@0x49000000+0x2000", "--output-dir", "out", "--copy",
      ] + options)
  }

  static func get() async throws -> OutputFolder { try await task.value }

  private static let task = Task {
    let folder = try Folder()
    try await build(in: folder)
    return try OutputFolder(in: folder)
  }

  init(in folder: Folder) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    manifest = try decoder.decode(ManifestFile.self, from: Data(folder.read("out/manifest.json")))
    files = Dictionary(uniqueKeysWithValues: try Self.names.map { ($0, try folder.read("out/\($0)")) })
  }

  func write(to folder: Folder) throws {
    try folder.makeFolder("out")
    for (name, bytes) in files { try folder.write(bytes, to: "out/\(name)") }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try folder.write([UInt8](try encoder.encode(manifest)), to: "out/manifest.json")
  }

  /// Changes a file; the manifest does not know.
  mutating func spoil(_ name: String, _ change: (inout Image) -> Void) {
    var image = Image(bytes: files[name] ?? [])
    change(&image)
    files[name] = image.bytes
  }

  /// Changes the purgatory, and tells the manifest.
  mutating func replacePurgatory(_ change: (inout Image) -> Void) {
    spoil("purgatory.bin", change)
    let bytes = files["purgatory.bin"] ?? []
    manifest.segments[0].size = UInt64(bytes.count)
    manifest.segments[0].sha256 = Digest(of: bytes).description
  }
}

struct ManifestRow: Sendable {
  var rule: Rule { .manifest }
  let name: String
  /// All that is found, with `SHA256` for each digest.
  let findings: [String]
  let spoil: @Sendable (inout OutputFolder) -> Void

  init(_ name: String, _ findings: [String], _ spoil: @escaping @Sendable (inout OutputFolder) -> Void) {
    self.name = name
    self.findings = findings
    self.spoil = spoil
  }

  private static func region(_ index: Int, _ file: String) -> String {
    "manifest: purgatory.bin: region \(index): sha256 SHA256, expected SHA256, that of \(file)"
  }

  private static func nowhere(_ index: Int, _ place: String) -> String {
    "manifest: purgatory.bin: region \(index): \(place), expected a segment that is loaded there"
  }

  static let all = [
    ManifestRow("a byte more", ["manifest: data: size: 4097 bytes, expected 4096", region(2, "data")]) {
      $0.spoil("data") { $0.bytes.append(7) }
    },
    ManifestRow("a bit of a file", ["manifest: data: sha256: SHA256, expected SHA256", region(2, "data")]) {
      $0.spoil("data") { $0.bytes[4095] ^= 1 }
    },
    ManifestRow("a bit of the purgatory", ["manifest: purgatory.bin: sha256: SHA256, expected SHA256"]) {
      $0.spoil("purgatory.bin") { $0.bytes[0x3c8] ^= 1 }
    },
    ManifestRow("another digest", ["manifest: Image: sha256: SHA256, expected none"]) {
      $0.manifest.segments[1].sha256 = "none"
    },
    ManifestRow(
      "no kernel",
      [
        "manifest: Image: sha256: SHA256, expected SHA256",
        "malformed-elf: Image: header: no arm64 Image header, expected an arm64 Image (\"ARM\\x64\" at 0x38)",
        nowhere(0, "SIZE bytes at 0x40200000"),
      ]
    ) { $0.spoil("Image") { $0.bytes[0x38] ^= 1 } },
    ManifestRow(
      "a place off its alignment",
      [
        "manifest: data: address: 0x49000008, expected a multiple of 16",
        nowhere(2, "8192 bytes at 0x49000000"),
      ]
    ) { $0.manifest.segments[3].base += 8 },
    ManifestRow(
      "less memory than bytes",
      [
        "manifest: data: memory size: 0xfff, expected at least the file's 4096 bytes",
        nowhere(2, "8192 bytes at 0x49000000"),
      ]
    ) { $0.manifest.segments[3].memorySize = 0xfff },
    ManifestRow(
      "less memory than the purgatory writes to",
      [
        "manifest: purgatory.bin: memory_size: 147455 bytes, expected the 147456 that it writes to"
      ]
    ) { $0.manifest.segments[0].memorySize -= 1 },
    ManifestRow(
      "a shared byte",
      ["manifest: Image: base: 0x40200000-0x48000010 overlaps devicetree.dtb, expected memory of its own"]
    ) { $0.manifest.segments[1].memorySize = 0x7e0_0010 },
    ManifestRow("no purgatory", ["manifest: segments: 0 purgatories, expected exactly one"]) {
      $0.manifest.segments[0].name = "segment"
    },
    ManifestRow("two purgatories", ["manifest: segments: 2 purgatories, expected exactly one"]) {
      $0.manifest.segments[1].name = "purgatory"
    },
    ManifestRow(
      "another entry", ["manifest: entry: 0x40000004, expected 0x40000000, the purgatory's first byte"]
    ) { $0.manifest.entry += 4 },
    ManifestRow("a purgatory that is not flat", ["manifest: purgatory.bin: format: FORMAT"]) { _ in },
    ManifestRow(
      "a purgatory that is none",
      [
        "malformed-elf: purgatory.bin: header: neither an ELF file nor a flat purgatory, "
          + "expected \"PURGINFO\" at 0x40"
      ]
    ) { $0.replacePurgatory { $0.bytes[0x40] ^= 1 } },
    ManifestRow(
      "what a purgatory would refuse",
      ["entry-outside-regions: purgatory.bin: kernel_entry: 0x50000000, expected an address in a region"]
    ) { $0.replacePurgatory { $0[0x50, UInt64.self] = 0x5000_0000 } },
    ManifestRow(
      "a region on the purgatory",
      [
        "overlap: purgatory.bin: region 3: 0x40001000-0x40001010 overlaps the purgatory at MEMORY, "
          + "expected memory of its own",
        nowhere(3, "16 bytes at 0x40001000"),
      ]
    ) {
      $0.replacePurgatory {
        $0[0x40 + 0x40 + 3 * 16, UInt64.self] = 0x4000_1000
        $0[0x40 + 0x48 + 3 * 16, UInt64.self] = 16
      }
    },
    ManifestRow("a region that nobody loads", [nowhere(2, "8192 bytes at 0x49000000")]) {
      $0.manifest.segments.removeLast()
    },
    ManifestRow("a region of another size", [nowhere(2, "4096 bytes at 0x49000000")]) {
      $0.replacePurgatory { $0[0x40 + 0x48 + 2 * 16, UInt64.self] = 4096 }
    },
    ManifestRow("another digest in the purgatory", [region(1, "devicetree.dtb")]) {
      $0.replacePurgatory { $0.bytes[0x40 + 0x140 + 32] ^= 1 }
    },
    ManifestRow(
      "another digest over all", ["manifest: purgatory.bin: all regions: sha256 SHA256, expected SHA256"]
    ) { $0.replacePurgatory { $0[0x40 + 0x20, UInt64.self] = 2 } },
  ]
}
