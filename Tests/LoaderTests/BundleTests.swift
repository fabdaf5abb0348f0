// BundleTests.swift — a bundle as a file: what is refused, what show and check say of it
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct BundleTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(Self.kernel, to: "Image")
  }

  /// 3 MiB behind the header of an arm64 Image.
  static let kernel: [UInt8] = {
    var image = [UInt8].random(3 << 20, seed: 6)
    image.replaceSubrange(0x08..<0x10, with: [UInt8](repeating: 0, count: 8))  // text_offset
    image.replaceSubrange(0x10..<0x18, with: [0, 0, 0x40, 0, 0, 0, 0, 0])  // image_size: 4 MiB
    image.replaceSubrange(0x18..<0x20, with: [0x0a, 0, 0, 0, 0, 0, 0, 0])  // flags
    image.replaceSubrange(0x38..<0x3c, with: Array("ARM\u{64}".utf8))
    return image
  }()

  private func bundle(_ more: String...) async throws -> [UInt8] {
    try await folder.done(["bundle", "--kernel", "Image", "-o", "verified.img"] + more)
    return try folder.read("verified.img")
  }

  @Test func theHeaderCoversEverything() async throws {
    let bytes = try await bundle()
    func quad(_ offset: Int) -> UInt64 {
      bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    #expect(bytes.count == 5 << 20)
    #expect(quad(0x08) == 0)
    #expect(quad(0x10) == 6 << 20)  // image_size: the kernel's 4 MiB of memory from 2 MiB on
    #expect(quad(0x18) == 0x0a)
    #expect(Array(bytes[(2 << 20)...]) == Self.kernel)
  }

  @Test(arguments: ["regions", "combined"])
  func showAndCheckKnowIt(_ digest: String) async throws {
    var bytes = try await bundle("--digest", digest)
    let shown = try await folder.done(["show", "verified.img"]).text
    #expect(shown.contains("bundle: an arm64 Image with its kernel"))
    #expect(shown.contains("base +0x200000 to base +0x500000, 3,145,728 bytes"))
    #expect(shown.contains("ready         yes\n"))
    try await folder.done(["check", "verified.img"])

    bytes[bytes.count - 1] ^= 1
    try folder.write(bytes, to: "flipped.img")
    for verb in ["show", "check"] {
      let outcome = try await folder.purgatory([verb, "flipped.img"])
      #expect(outcome.status == .exited(verb == "show" ? 1 : 2))
      let said = outcome.error + outcome.text
      #expect(said.contains("sha256 ") && said.contains("make the bundle again"), "\(said)")
    }
  }

  @Test func oneThatIsCutShortIsRefusedWithOneError() async throws {
    let bytes = try await bundle()
    for end in stride(from: 1 << 16, to: bytes.count, by: 1 << 16) {
      let rejection = try #require(throws: Rejection.self) { try Blob(Array(bytes[..<end]), file: "cut") }
      #expect(rejection.problems.count == 1)
      #expect(
        rejection.problems.first?.description.contains(
          "the end of the file, expected region 0 up to 0x500000")
          == true, "\(end): \(rejection)")
    }
  }

  @Test func twoAreTheSame() async throws {
    let first = try await bundle()
    #expect(try await bundle() == first)
  }

  @Test func wrongInputsLeaveTheOutputAlone() async throws {
    try folder.write([0x1f, 0x8b, 8, 0] + [UInt8](repeating: 0x55, count: 500), to: "Image.gz")
    try folder.write([0x7f, 0x45, 0x4c, 0x46] + [UInt8](repeating: 0, count: 500), to: "vmlinux")
    try folder.write(Array(Self.kernel.prefix(40)), to: "short")
    try folder.write(Array("#!/bin/sh\n".utf8), to: "script")
    try folder.write("before", to: "out.img")
    let rows = [
      (["--kernel", "Image.gz"], "corrupt gzip data"),
      (["--kernel", "vmlinux"], "an ELF file, expected an arm64 Image"),
      (["--kernel", "short"], "no arm64 Image header"),
      (["--kernel", "nothing"], "nothing: no such file"),
      (["--kernel", "Image", "--dtb", "script"], "script"),
      (["--kernel", "Image", "--console", "auto"], "no device tree, expected --dtb"),
      (["--kernel", "Image", "--source", "tmp"], "tmp"),
    ]
    let before = try folder.snapshot()
    for (arguments, reason) in rows {
      let outcome = try await folder.purgatory(["bundle", "-o", "out.img"] + arguments)
      #expect(outcome.status == .exited(1), "\(arguments)")
      #expect(outcome.error.contains(reason), "\(arguments): \(outcome.error)")
      #expect(outcome.error.components(separatedBy: "error: ").count == 2, "\(outcome.error)")
      #expect(differences(before, try folder.snapshot()) == [])
    }
  }

  @Test func itDoesNotReplaceItsKernel() async throws {
    let outcome = try await folder.purgatory(["bundle", "--kernel", "Image", "-o", "./Image"])
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error.contains("./Image: would replace the input Image"), "\(outcome.error)")
    #expect(try folder.read("Image") == Self.kernel)
  }
}
