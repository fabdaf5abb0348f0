// HeaderTests.swift — the Image header in every form that a purgatory has: ELF, flat, object, bundle
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct HeaderTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  enum Form: String, CaseIterable, Sendable {
    case elf, bin, ro, bundle
  }

  /// The file, and where in it the header is.
  private func make(_ form: Form) async throws -> (image: Image, header: Int) {
    switch form {
    case .bundle:
      try folder.write(try await Built.get().flat, to: "Image")
      try await folder.done(["bundle", "--kernel", "Image", "-o", "p", "-q"])
    default: try await folder.done(["build", "--format", form.rawValue, "-o", "p", "-q"])
    }
    let image = Image(bytes: try folder.read("p"))
    return switch form {
    case .elf: (image, image.content(".head"))
    case .ro: (image, image.content(".purgatory"))
    case .bin, .bundle: (image, 0)
    }
  }

  @Test(arguments: Form.allCases)
  func eachFieldIsChecked(_ form: Form) async throws {
    let (good, header) = try await make(form)
    func findings(_ offset: Int, _ value: UInt64) throws -> [String] {
      var image = good
      image[header + offset, UInt64.self] = value
      try folder.write(image.bytes, to: "x")
      return folder.findings(in: "x")
    }
    let size = good[header + 0x10, UInt64.self]
    for offset in stride(from: 0, to: 0x40, by: 8) {
      #expect(try findings(offset, good[header + offset, UInt64.self]) == [])
    }
    #expect(
      try findings(0, 0xd503_201f_1400_00ef) == [
        "malformed-elf: header.code0: 0x140000ef, expected a branch to the code behind the struct"
      ])
    #expect(try findings(0x08, 0x1000) == ["malformed-elf: header.text_offset: 0x1000, expected 0x0"])
    #expect(try findings(0x18, 0x0b) == ["malformed-elf: header.flags: 0xb, expected 0x8 and a page size"])
    #expect(try findings(0x18, 0x0e) == [])
    for (index, offset) in [0x20, 0x28, 0x30].enumerated() {
      #expect(try findings(offset, 2) == ["malformed-elf: header.res\(index + 2): 0x2, expected 0x0"])
    }
    let small = try findings(0x10, size - 1)
    let hex = (String(size, radix: 16), String(size - 1, radix: 16))
    if form == .bundle {
      #expect(
        small == ["malformed-elf: header.image_size: 0x\(hex.1), expected at least 0x\(hex.0)"])
      #expect(try findings(0x10, size + 1) == [])
    } else {
      #expect(
        small == [
          "malformed-elf: header.image_size: 0x\(hex.1), expected 0x\(hex.0), as memory_size has it"
        ])
      #expect(try findings(0x10, size + 1).count == 1)
    }
  }
}
