// ManifestTests.swift — the manifest that a loader reads
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct ManifestTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    for name in ["in", "out", "out/deep"] { try folder.makeFolder(name) }
    try folder.write(Input.image(), to: "in/Image")
    try folder.write(Input.dtb(), to: "out/board.dtb")
    try folder.write(Input.initrd(), to: "initrd")
  }

  private func build(_ manifest: String) async throws {
    try await folder.done([
      "build", "--source", "small", "-o", "out/p.bin", "--manifest", manifest, "--load-address", "0x40000000",
      "--kernel", "in/Image@0x40200000", "--dtb", "\(folder.path)/out/board.dtb@0x48000000", "--initrd",
      "initrd@0x4c000000", "--segment", "in/../initrd@0x50000000+1M",
    ])
  }

  @Test func text() async throws {
    try await build("out/manifest.json")
    try Golden.expect(try folder.text(of: "out/manifest.json"), "manifest.json", in: folder)
  }

  struct Manifest: Decodable {
    struct Segment: Decodable {
      let name: String
      let file: String
      let base: UInt64
      let size: Int
      let memorySize: UInt64
      let sha256: String
    }
    let version: Int
    let entry: UInt64
    let segments: [Segment]

    init(json: [UInt8]) throws {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      self = try decoder.decode(Manifest.self, from: Data(json))
    }
  }

  /// Files are found from the manifest, whatever the current folder is; sizes and digests are theirs.
  @Test(arguments: [
    "manifest.json", "out/manifest.json", "out/deep/manifest.json", "out/../in/manifest.json",
  ])
  func describesFiles(_ path: String) async throws {
    try await build(path)
    let manifest = try Manifest(json: try folder.read(path))
    #expect(manifest.entry == manifest.segments.first?.base)
    #expect(manifest.segments.map(\.name) == ["purgatory", "kernel", "dtb", "initrd", "segment"])
    let directory = URL(filePath: "\(folder.path)/\(path)").deletingLastPathComponent().path
    for segment in manifest.segments {
      #expect(!segment.file.hasPrefix("/"))
      let sum = try await Command.tool("sha256sum", [segment.file], in: directory)
      #expect(sum.hasPrefix(segment.sha256 + " "))
      let file = URL(filePath: "\(directory)/\(segment.file)")
      #expect(try Data(contentsOf: file).count == segment.size)
      #expect(segment.memorySize >= UInt64(segment.size))
    }
    #expect(manifest.segments[1].memorySize == 0x10000)  // the kernel's image_size
    #expect(manifest.segments[4].memorySize == 1 << 20)
  }

  /// Whoever writes a manifest must not make others wait for ever.
  @Test(arguments: ["check", "run", "show", "patch"]) func aPipeIsNoFile(_ verb: String) async throws {
    try await build("out/manifest.json")
    try FileManager.default.removeItem(atPath: "\(folder.path)/initrd")
    #expect(mkfifo("\(folder.path)/initrd", 0o600) == 0)
    let outcome = try await folder.purgatory([verb, "out/manifest.json"])
    #expect(outcome.status == .exited(verb == "check" ? 2 : 1))
    #expect((outcome.error + outcome.text).contains("initrd: is a pipe, expected a file"), "\(outcome)")
  }

  @Test func manifestAndDepfileOnStandardOutput() async throws {
    try await build("out/manifest.json")
    let outcome = try await folder.done(
      ["build", "--source", "small", "-o", "p.bin", "--manifest", "-", "--load-address", "0x40000000"])
    let manifest = try Manifest(json: outcome.output)
    #expect(manifest.segments.map(\.file) == ["p.bin"])
  }
}
