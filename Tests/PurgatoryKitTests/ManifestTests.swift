// ManifestTests.swift — how files are named from the manifest's folder
// SPDX-License-Identifier: MIT

import SystemPackage
import Testing

@testable import PurgatoryKit

@Suite struct ManifestTests {
  @Test(
    arguments: [
      ("/a/f", "/a/m.json", "f"), ("/a/b/f", "/a/m.json", "b/f"), ("/f", "/a/m.json", "../f"),
      ("/a/f", "/b/c/m.json", "../../a/f"), ("/a/../b/./f", "/b/m.json", "f"), ("/f", "/m.json", "f"),
      ("/ab/f", "/a/m.json", "../ab/f"), ("/a/f", "/a/f/m.json", "../f"),
      ("/a/b", "/a/b/c/m.json", "../../b"),
      ("/a//f", "/a/m.json", "f"), ("/a/sp ace", "/a/m.json", "sp ace"),
    ])
  func relativePaths(_ file: String, _ path: String, _ relative: String) throws {
    let segment = try Segment(role: .segment, file: file, bytes: [1], base: 0x1000)
    let manifest = try Manifest(entry: 0, segments: [segment], path: path)
    #expect(manifest.segments.map(\.file) == [relative])
  }

  @Test func relativeToTheCurrentFolder() throws {
    let segment = try Segment(role: .segment, file: "in/f", bytes: [1], base: 0x1000)
    #expect(
      try Manifest(entry: 0, segments: [segment], path: "out/m.json").segments.map(\.file) == ["../in/f"])
    #expect(try Manifest(entry: 0, segments: [segment], path: "m.json").segments.map(\.file) == ["in/f"])
    #expect(FilePath(absolute: "in/../f").lastComponent?.string == "f")
    #expect(FilePath(absolute: "/in/./f/.").string == "/in/f")
  }

  @Test func numbersAndDigests() throws {
    let image = ImageHeader(imageSize: 0x5000).bytes
    let kernel = try Segment(role: .kernel, file: "/Image", bytes: image, base: 0xffff_ffff_ffe0_0000)
    let entry = try Manifest(entry: .max, segments: [kernel], path: "/m.json")
    #expect(entry.version == 1)
    #expect(entry.segments[0].name == "kernel")
    #expect(entry.segments[0].size == 64)
    #expect(entry.segments[0].memorySize == 0x5000)
    #expect(entry.segments[0].sha256 == Digest(of: image).description)
    let text = String(decoding: try entry.encoded(), as: UTF8.self)
    #expect(text.contains("\"entry\" : 18446744073709551615"))
    #expect(text.contains("\"base\" : 18446744073707454464"))
    #expect(text.hasSuffix("}\n"))
  }

  /// Each segment is a file to read, and each pair of them is compared.
  @Test(arguments: [17, 18, 5000]) func manySegments(_ count: Int) {
    let segment =
      #"{"name":"segment","file":"f","base":0,"size":1,"memory_size":1,"sha256":""}"#
    let all = [String](repeating: segment, count: count).joined(separator: ",")
    let bytes = Array("{\"version\":1,\"entry\":0,\"segments\":[\(all)]}".utf8)
    if count <= 17 {
      #expect(throws: Never.self) { try Manifest(decoding: bytes, file: "m") }
    } else {
      let error = #expect(throws: Rejection.self) { try Manifest(decoding: bytes, file: "m") }
      #expect(error?.problems.map(\.place) == ["segments"])
    }
    let padded = bytes + [UInt8](repeating: 0x20, count: 1 << 20)
    #expect(throws: Rejection.self) { try Manifest(decoding: padded, file: "m") }
  }
}
