// MapTests.swift — the memory map, in characters and as a picture that is rendered and looked at
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct MapTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(Input.image(3 << 20, imageSize: 4 << 20), to: "Image")
    try folder.write([UInt8](repeating: 7, count: 1 << 20), to: "initrd.img")
    try folder.write(Self.board.dtb(reserving: [0x4400_0000..<0x4410_0000]), to: "board.dtb")
    try folder.write(try await Built.get().smallELF, to: "p.elf")
  }

  /// 128 MiB of RAM, a hole, 64 MiB more.
  private static let board = TreeNode(
    "", ["#address-cells": [2], "#size-cells": [2]],
    [
      TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 128 << 20)]),
      TreeNode("memory@80000000", ["device_type": "memory", "reg": .wide(0x8000_0000, 64 << 20)]),
      TreeNode("chosen"),
    ])

  private func build(_ options: String...) async throws {
    try Source.makeSmall(in: folder)
    try await folder.done(
      [
        "build", "--source", "small", "--kernel", "Image", "--initrd", "initrd.img", "--dtb", "board.dtb",
        "--output-dir", "out", "-q",
      ] + options)
  }

  @Test func ofAnOutputFolder() async throws {
    try await build()
    let map = try await folder.done(["show", "--map", "out"])
    #expect(map.error == "")
    try Golden.expect(map.text, "map-folder.txt")
    #expect(try await folder.done(["show", "--map", "out/manifest.json"]).text == map.text)
    // Everything that the manifest has is drawn, where the manifest says that it is.
    let manifest = try Manifest(decoding: folder.read("out/manifest.json"), file: "manifest.json")
    #expect(manifest.segments.count == 4)
    for segment in manifest.segments {
      #expect(map.text.contains("0x\(String(segment.base, radix: 16)) +"), "\(segment)")
    }
  }

  @Test func ofAFlatPurgatory() async throws {
    try await build()
    try Golden.expect(try await folder.done(["show", "--map", "out/purgatory.bin"]).text, "map-flat.txt")
  }

  @Test func ofABundle() async throws {
    try Source.makeSmall(in: folder)
    try await folder.done(
      [
        "bundle", "--source", "small", "--kernel", "Image", "-o", "b.img", "--console", "pl011@0x9000000",
        "-q",
      ])
    try Golden.expect(try await folder.done(["show", "--map", "b.img"]).text, "map-bundle.txt")
  }

  /// Nothing is known of memory.
  @Test func ofNothing() async throws {
    #expect(
      try await folder.done(["show", "--map", "p.elf"]).text
        == "nothing is filled in that has a place in memory\n")
    let picture = try await folder.purgatory(["show", "--svg", "p.svg", "p.elf"])
    #expect(picture.status == .exited(1) && !folder.exists("p.svg"))
    #expect(picture.error.contains("expected something to draw\nhelp: "))
  }

  @Test func ofWhatOverlaps() async throws {
    try Source.makeSmall(in: folder)
    func map(_ options: String...) async throws -> String {
      let outcome = try await folder.purgatory(
        ["build", "--source", "small", "--dtb", "board.dtb", "--output-dir", "out"] + options)
      #expect(outcome.status == .exited(1) && !folder.exists("out/purgatory.bin"))
      return outcome.error
    }
    try Golden.expect(
      """
      \(try await map("--kernel", "Image@0x40200000", "--initrd", "initrd.img@0x40500000"))
      \(try await map("--kernel", "Image", "--initrd", "initrd.img@0x47f80000"))
      \(try await map("--kernel", "Image@0x44000000", "--initrd", "initrd.img"))
      """, "map-faults.txt")
  }

  @Test func aPictureIsReproducible() async throws {
    try await build()
    try await folder.done(["show", "--svg", "a.svg", "out"])
    #expect(try folder.text(of: "a.svg") == (try await folder.done(["show", "--svg", "-", "out"]).text))
    try Golden.expect(try folder.text(of: "a.svg"), "map-folder.svg")
    let overwritten = try await folder.purgatory(["show", "--svg", "out/purgatory.bin", "out/purgatory.bin"])
    #expect(overwritten.status == .exited(1) && overwritten.error.contains("would replace the input"))
  }

  /// What an output folder names is not written over, and what is not verified is not called so.
  @Test func theFilesOfAFolderStay() async throws {
    try await build("--digest", "none")
    let before = try folder.snapshot()
    for output in ["Image", "initrd.img", "out/purgatory.bin", "out/devicetree.dtb", "out/manifest.json"] {
      for command in [
        ["show", "--svg", output, "out"], ["check", "-o", output, "out"],
        ["check", "--write-baseline", output, "out/manifest.json"],
      ] {
        let outcome = try await folder.purgatory(command)
        #expect(
          outcome.status == .exited(1) && outcome.error.contains("would replace the input"), "\(command)")
      }
    }
    #expect(differences(before, try folder.snapshot()) == [])
    #expect(try await !folder.done(["show", "--svg", "-", "out"]).text.contains("verified"))
  }

  /// The README has the picture of a kernel, an initrd and a device tree as large as Debian's.
  @Test func thePictureOfTheReadme() async throws {
    try folder.write(Input.image(imageSize: 28 << 20) + [UInt8](repeating: 0, count: 27 << 20), to: "Image")
    try folder.write([UInt8](repeating: 0, count: 9 << 20), to: "initrd.img")
    let chosen = TreeNode("chosen", ["padding": .init(bytes: [UInt8](repeating: 0, count: 7000))])
    let memory = TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 30)])
    try folder.write(
      TreeNode("", ["#address-cells": [2], "#size-cells": [2]], [memory, chosen]).dtb(), to: "board.dtb")
    try await folder.done([
      "build", "--source", Source.real, "--kernel", "Image", "--initrd", "initrd.img", "--dtb", "board.dtb",
      "--output-dir", "out", "-q",
    ])
    let picture = try await folder.done(["show", "--svg", "-", "out"]).output
    let path = "\(packageFolder)/docs/memory-map.svg"
    if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
      try Data(picture).write(to: URL(filePath: path))
    }
    #expect(try read(path) == picture, "docs/memory-map.svg: run with RECORD_GOLDEN=1")
    let readme = String(decoding: try read("\(packageFolder)/README.md"), as: UTF8.self)
    #expect(readme.contains("](docs/memory-map.svg)"))
  }

  /// The name of a file is text, not markup.
  @Test func namesAreEscaped() async throws {
    try folder.write("x", to: "a<script>&\".bin")
    try await build("--segment", "a<script>&\".bin")
    try await folder.done(["show", "--svg", "a.svg", "out"])
    let text = try folder.text(of: "a.svg")
    #expect(text.contains("a&lt;script&gt;&amp;&quot;.bin") && !text.contains("<script"))
    #expect(XMLParser(data: Data(text.utf8)).parse())
  }

  /// A renderer draws each part in its colour, as high as it is large.
  @Test(
    .enabled(
      if: (Tools.inPath("rsvg-convert") != nil && Tools.inPath("pngtopnm") != nil) || Tools.isCI,
      "rsvg-convert or pngtopnm is not in PATH"))
  func aPictureIsDrawn() async throws {
    try await build()
    try await folder.done(["show", "--svg", "a.svg", "out"])
    let picture = try await render("a.svg")
    let column = picture.column(335)
    func height(_ colour: [UInt8]) -> Int { column.count { $0 == colour } }
    let (kernel, bss, initrd) = (
      height([0x09, 0x69, 0xda]), height([0x80, 0xcc, 0xff]), height([0x1a, 0x7f, 0x37])
    )
    // 3 MiB, 1 MiB, 1 MiB; of each, the edges have another colour.
    #expect(
      kernel > 100 && abs(kernel - 3 * bss) <= 6 && abs(bss - initrd) <= 3, "\(kernel) \(bss) \(initrd)")
    #expect(height([0x82, 0x50, 0xdf]) > 0 && height([0xd1, 0x24, 0x2f]) > 0, "device tree, purgatory")
    // In the order of their addresses.
    let order = [[0x09, 0x69, 0xda], [0x80, 0xcc, 0xff], [0x1a, 0x7f, 0x37]].map { colour in
      column.firstIndex { $0 == colour } ?? 0
    }
    #expect(order == order.sorted() && order[0] > 0)
    // There is text on both sides, and none runs out of the picture.
    for x in [100..<230, 456..<700] { #expect(picture.hasInk(in: x)) }
    #expect(!picture.hasInk(in: 0..<20) && !picture.hasInk(in: (picture.width - 10)..<picture.width))

    // What overlaps is drawn as such.
    let yellow: [UInt8] = [0xff, 0xd3, 0x3d]
    #expect(height(yellow) == 0)
    try folder.write(
      folder.text(of: "a.svg").replacing("class=\"bss\"", with: "class=\"fault\""), to: "fault.svg")
    #expect(try await render("fault.svg").column(335).contains(yellow))
  }

  private func render(_ name: String) async throws -> Picture {
    let shell = try #require(Tools.inPath("sh"))
    let outcome = try await Command.run(
      shell, ["-c", "rsvg-convert --background-color white \(name) | pngtopnm"], in: folder.path)
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    return try #require(Picture(outcome.output))
  }

  /// A portable pixmap.
  private struct Picture {
    let width: Int
    let height: Int
    let pixels: ArraySlice<UInt8>

    init?(_ bytes: [UInt8]) {
      // "P6", the size, the largest value, each on a line.
      var parts: [Int] = []
      var start = 0
      for _ in 0..<3 {
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        parts += String(decoding: bytes[start..<end], as: UTF8.self).split(separator: " ").compactMap {
          Int($0)
        }
        start = end + 1
      }
      guard bytes.starts(with: Array("P6".utf8)), parts.count == 3, parts[2] == 255,
        bytes.count - start == parts[0] * parts[1] * 3
      else { return nil }
      (width, height, pixels) = (parts[0], parts[1], bytes[start...])
    }

    private func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      Array(pixels.dropFirst((y * width + x) * 3).prefix(3))
    }

    func column(_ x: Int) -> [[UInt8]] { (0..<height).map { pixel(x, $0) } }

    /// Something dark is between two columns.
    func hasInk(in columns: Range<Int>) -> Bool {
      columns.contains { x in column(x).contains { $0.allSatisfy { $0 < 0x80 } } }
    }
  }
}
