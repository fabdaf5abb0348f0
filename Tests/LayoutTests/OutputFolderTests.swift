// OutputFolderTests.swift — what `build --output-dir` writes, and what is typed wrongly about layouts
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct OutputFolderTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.makeFolder("in")
    try folder.write(Input.image(), to: "in/Image")
    try folder.write(Input.initrd(), to: "in/initrd.gz")
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb(), to: "in/board.dtb")
  }

  private let files = [
    "--kernel", "in/Image", "--initrd", "in/initrd.gz", "--dtb", "in/board.dtb", "--cmdline", "quiet",
  ]

  private func build(_ arguments: [String]) async throws -> Outcome {
    try await folder.purgatory(["build", "--source", "small"] + arguments)
  }

  private func names(in name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(name)").sorted()
  }

  private func manifest() throws -> Manifest {
    try Manifest(decoding: try folder.read("out/dir/manifest.json"), file: "manifest.json")
  }

  @Test func kernelAndInitrdAreReferenced() async throws {
    let outcome = try await build(["--output-dir", "out/dir"] + files)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(try names(in: "out/dir") == ["devicetree.dtb", "manifest.json", "purgatory.bin"])
    let segments = try manifest().segments
    #expect(segments.map(\.name) == ["purgatory", "kernel", "dtb", "initrd"])
    #expect(
      segments.map(\.file) == ["purgatory.bin", "../../in/Image", "devicetree.dtb", "../../in/initrd.gz"])
    // The device tree is the one that says where the initrd is; the user's is as it was.
    let board = try Board(folder.read("out/dir/devicetree.dtb"), file: "")
    #expect(board.initrd == segments[3].base..<segments[3].base + segments[3].size)
    let chosen = try #require(board.tree.node(at: "/chosen"))
    #expect(board.tree.strings("bootargs", of: chosen) == ["quiet"])
    #expect(try Board(folder.read("in/board.dtb"), file: "").initrd == nil)
    // What is verified, what the manifest says and what was written are the same.
    let info = try Blob(folder.read("out/dir/purgatory.bin"), file: "").info
    #expect(info.kernelEntry == segments[1].base)
    #expect(info.dtbAddress == segments[2].base)
    for (region, segment) in zip(info.usedRegions, segments.dropFirst()) {
      let bytes = try folder.read("out/dir/\(segment.file)")
      #expect(region.region.base == segment.base)
      #expect(region.region.digest == Digest(of: bytes))
      #expect(segment.sha256 == Digest(of: bytes).description)
      #expect(segment.size == UInt64(bytes.count))
    }
  }

  @Test func allIsCopied() async throws {
    let outcome = try await build(["--output-dir", "out/dir", "--copy"] + files)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(
      try names(in: "out/dir") == ["Image", "devicetree.dtb", "initrd.gz", "manifest.json", "purgatory.bin"])
    #expect(try manifest().segments.map(\.file) == ["purgatory.bin", "Image", "devicetree.dtb", "initrd.gz"])
    #expect(try folder.read("out/dir/Image") == folder.read("in/Image"))
    #expect(try folder.read("out/dir/initrd.gz") == folder.read("in/initrd.gz"))
  }

  /// The same bytes again, wherever they were made from.
  @Test func again() async throws {
    for _ in 0..<2 { _ = try await build(["--output-dir", "out/dir"] + files) }
    let first = try folder.snapshot()
    #expect(try await build(["--output-dir", "out/dir"] + files).status == .exited(0))
    #expect(differences(first, try folder.snapshot()) == [])
  }

  @Test func nothingIsLeftOfARefusal() async throws {
    let before = try folder.snapshot()
    let outcome = try await build(["--output-dir", "out/dir", "--memory", "0x40000000+1K"] + files)
    #expect(outcome.status == .exited(1))
    #expect(differences(before, try folder.snapshot()) == [])
  }

  @Test func aFolderThatCannotBeMade() async throws {
    let before = try folder.snapshot()
    let outcome = try await build(["--output-dir", "in/Image"] + files)
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error
        == "error: in/Image: is no folder, expected a folder, or nothing yet\nhelp: name another folder, or move that away\n"
    )
    let below = try await build(["--output-dir", "in/Image/deep"] + files)
    #expect(below.status == .exited(1))
    #expect(
      below.error
        == "error: in/Image: is no folder, expected a folder, or nothing yet\nhelp: name another folder, or move that away\n"
    )
    #expect(differences(before, try folder.snapshot()) == [])
  }

  @Test func usage() async throws {
    for (arguments, because) in [
      (["--kernel", "in/Image", "--kernel", "in/Image"], "2 times --kernel, expected one"),
      (["--dtb", "in/board.dtb", "--dtb", "in/board.dtb"], "2 times --dtb, expected one"),
      (["--copy"], "--copy needs --output-dir"),
      (["--output-dir", "out", "-o", "x"], "--output-dir names all outputs"),
      (["--output-dir", "out", "--manifest", "x"], "--output-dir names all outputs"),
      (["--memory", "0x40000000"], "expected BASE+SIZE"),
      (["--memory", "+1G"], "'' is no number"), (["--memory", "0+"], "'' is no number"),
      (["--memory", "0x40000000+0"], "expected a size above 0"),
      (["--memory", "0xffffffffffffffff+1"], "an end below 2^64"),
      (["--memory", "1G+1G"], "'1G' is no number"),
    ] as [([String], String)] {
      let outcome = try await build(arguments)
      #expect(outcome.status == .exited(64), "\(arguments)")
      #expect(outcome.error.contains(because), "\(arguments): \(outcome.error)")
    }
    #expect(!folder.exists("out"))
  }
}
