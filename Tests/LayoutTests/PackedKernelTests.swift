// PackedKernelTests.swift — a packed kernel at the command line: what is in it is verified, written and loaded
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct PackedKernelTests {
  let folder: Folder
  private let image = Input.image(4096)

  init() throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(image, to: "Image")
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb(), to: "board.dtb")
  }

  private func build(_ arguments: [String]) async throws -> Outcome {
    try await folder.purgatory(["build", "--source", "small"] + arguments)
  }

  @Test func anOutputFolderHasTheImage() async throws {
    try folder.write(try await Packed.by(["gzip", "-n"], image), to: "vmlinuz")
    let packed = try await build([
      "--kernel", "vmlinuz", "--dtb", "board.dtb", "--depfile", "d", "--output-dir", "out",
    ])
    #expect(packed.status == .exited(0), "\(packed.error)")
    #expect(packed.error.contains("note: vmlinuz: gzip: the Image in it, 4,096 bytes, is written, too\n"))
    #expect(try folder.read("out/Image") == image)
    let manifest = try Manifest(decoding: folder.read("out/manifest.json"), file: "")
    #expect(manifest.segments.map(\.file) == ["purgatory.bin", "Image", "devicetree.dtb"])
    // What make has to look at is what was named.
    #expect(try folder.text(of: "d").contains(" vmlinuz"))
    #expect(!(try folder.text(of: "d").contains("Image")))
    try await folder.done(["check", "out"])
    // It is what the Image itself gives.
    #expect(
      try await build(["--kernel", "Image", "--dtb", "board.dtb", "--output-dir", "other"]).status
        == .exited(0))
    #expect(try folder.read("out/purgatory.bin") == folder.read("other/purgatory.bin"))
    #expect(
      try await build(["--kernel", "vmlinuz@0x40200000", "-o", "one.bin"]).error.contains("has to be loaded"))
    #expect(try folder.read("vmlinuz") == (try await Packed.by(["gzip", "-n"], image)))
  }

  @Test func aUKI() async throws {
    let tree = try folder.read("board.dtb")
    try folder.write(
      Packed.pe([
        (".linux", image), (".initrd", [1, 2, 3]), (".dtb", tree), (".cmdline", Array("quiet".utf8)),
      ]), to: "uki.efi")
    let built = try await build(["--kernel", "uki.efi", "--output-dir", "out"])
    #expect(built.status == .exited(0), "\(built.error)")
    #expect(try folder.read("out/Image") == image)
    #expect(try folder.read("out/initrd") == [1, 2, 3])
    let board = try Board(folder.read("out/devicetree.dtb"), file: "")
    #expect(board.commandLine == "quiet")
    #expect(board.initrd?.size == 3)
    try await folder.done(["check", "out"])
    // What is named counts.
    try folder.write([4, 5], to: "other")
    let named = try await build([
      "--kernel", "uki.efi", "--initrd", "other", "--cmdline", "loud", "--output-dir", "named",
    ])
    #expect(named.status == .exited(0), "\(named.error)")
    #expect(!folder.exists("named/initrd"))
    #expect(try Board(folder.read("named/devicetree.dtb"), file: "").commandLine == "loud")
    // A bundle takes kernel and tree.
    let bundle = try await folder.purgatory([
      "bundle", "--source", "small", "--kernel", "uki.efi", "-o", "b.img",
    ])
    #expect(bundle.status == .exited(0), "\(bundle.error)")
    #expect(bundle.error.contains("note: uki.efi: its .initrd is not in the bundle"))
    #expect(!bundle.error.contains(".cmdline"))
    let bytes = try folder.read("b.img")
    let info = try Blob(bytes, file: "").info
    #expect(info.usedRegions.count == 2)
    let region = try #require(info.usedRegions.map(\.region).first { $0.base == info.dtbAddress })
    let inBundle = Array(bytes[Int(clamping: region.base)..<Int(clamping: region.base + region.size)])
    #expect(try Board(inBundle, file: "").commandLine == "quiet")
    // Its own tree may be told of memory.
    let told = [
      "bundle", "--source", "small", "--kernel", "uki.efi", "--memory", "0x40000000+256M", "-o", "c.img",
    ]
    #expect(try await folder.purgatory(told).status == .exited(0))
    // Without a tree a command line has no place.
    try folder.write(Packed.pe([(".linux", image), (".cmdline", Array("quiet".utf8))]), to: "bare.efi")
    let lost = try await build(["--kernel", "bare.efi", "--memory", "0x40000000+1G", "--output-dir", "bare"])
    #expect(
      lost.error.contains("note: bare.efi: its .cmdline is lost: there is no device tree to put it in\n"))
    let none = try await folder.purgatory([
      "bundle", "--source", "small", "--kernel", "bare.efi", "-o", "d.img",
    ])
    #expect(none.error.contains("note: bare.efi: its .cmdline is not in the bundle"))
  }

  @Test func refusals() async throws {
    try folder.write(try await Packed.by(["gzip", "-n"], image), to: "vmlinuz")
    let manifest = try await build([
      "--kernel", "vmlinuz@0x40200000", "--load-address", "0x48000000", "-o", "x", "--manifest", "m.json",
    ])
    #expect(manifest.status == .exited(1))
    #expect(
      manifest.error == """
        error: vmlinuz: packed, and a manifest names files that are loaded as they are, expected a place to write what is in it
        help: use --output-dir DIR instead of --manifest

        """)
    #expect(!folder.exists("x") && !folder.exists("m.json"))
    // The Image that would be written is one that is read.
    try folder.makeFolder("out")
    try folder.write([1], to: "out/Image")
    let collision = try await build([
      "--kernel", "vmlinuz", "--dtb", "board.dtb", "--segment", "out/Image", "--output-dir", "out",
    ])
    #expect(collision.status == .exited(1))
    #expect(collision.error.contains("would replace the input out/Image"), "\(collision.error)")
  }

  /// A UKI as a distribution makes it: sections added to systemd's stub, by objcopy.
  @Test(.enabled(if: PackedKernelTests.hasStub || Tools.isCI, "systemd-stub is missing: make inputs"))
  func aRealUKI() async throws {
    try folder.write([1, 2, 3], to: "initrd")
    try folder.write("console=ttyAMA0", to: "cmdline")
    let sections = [
      ("linux", "Image", 0x200_0000), ("initrd", "initrd", 0x300_0000), ("cmdline", "cmdline", 0x400_0000),
    ]
    let arguments = sections.flatMap { name, file, address in
      ["--add-section", ".\(name)=\(file)", "--change-section-vma", ".\(name)=\(address)"]
    }
    let made = try await Command.run(
      "/usr/bin/aarch64-linux-gnu-objcopy", arguments + [Self.stub, "uki.efi"], in: folder.path,
      environment: [:], input: [])
    try #require(made.status == .exited(0), "\(made.error)")
    let kernel = try KernelFile(Contents(folder.read("uki.efi"), name: "uki.efi"))
    #expect(kernel.image.all == image)
    #expect(kernel.initrd?.all == [1, 2, 3])
    #expect(kernel.commandLine == "console=ttyAMA0")
  }

  private static let stub = "\(packageFolder)/.cache/debian/systemd-stub/linuxaa64.efi.stub"
  static let hasStub = FileManager.default.fileExists(atPath: stub)
}
