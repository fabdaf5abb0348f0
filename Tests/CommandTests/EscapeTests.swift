// EscapeTests.swift — names and files of anybody's: nothing of them moves the cursor, begins a line or fills the screen
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct EscapeTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.write(Input.image(), to: "Image")
  }

  private static let hostile = "x\u{1b}[31m\nerror: forged\u{202e}\u{7f}"
  private static let escaped = "x\\u{1B}[31m\\nerror: forged\\u{202E}\\u{7F}"

  /// Scalars that a terminal would act upon.
  private func unprintable(_ text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
      scalar != "\n" && [.control, .format, .lineSeparator].contains(scalar.properties.generalCategory)
    }
  }

  /// A file that is not there, in every verb; and one that is, and is no such file.
  @Test func namesInErrors() async throws {
    let name = Self.hostile
    let commands = [
      ["show", name], ["patch", name], ["patch", "p.bin", "--kernel", "\(name)@0x40200000"],
      ["patch", "p.bin", "-o", "none/\(name)"], ["build", "--source", name],
      ["build", "--source", "small", "--dtb", "\(name)@0x40000000"],
      ["bundle", "--kernel", name, "-o", "out"],
      ["graft", name, "-o", "out"], ["run", name],
    ]
    for exists in [false, true] {
      if exists { try folder.write("nothing that anybody asked for", to: name) }
      for command in commands {
        let outcome = try await folder.purgatory(command)
        #expect(outcome.status == .exited(1), "\(command)")
        #expect(unprintable(outcome.error) == [], "\(outcome.error)")
        #expect(outcome.error.contains(Self.escaped), "\(outcome.error)")
        #expect(outcome.error.components(separatedBy: "\nerror: forged").count == 1)
      }
    }
    let usage = try await folder.purgatory(["patch", "p.bin", "--\(name)"])
    #expect(usage.status == .exited(64))
    #expect(unprintable(usage.error) == [] && usage.error.contains("forged"))
    #expect(usage.error.split(separator: "\n").count == 2)
  }

  @Test func namesInWhatIsShown() async throws {
    try folder.write(try await Built.get().small, to: Self.hostile)
    let shown = try await folder.done(["show", Self.hostile]).text
    #expect(unprintable(shown) == [] && shown.hasPrefix("\(Self.escaped):\n"), "\(shown)")
    let dry = try await folder.done([
      "build", "--source", "small", "--dry-run", "--load-address", "0x40000000", "--segment",
      "\(Self.hostile)@0x50000000",
    ]).text
    #expect(unprintable(dry) == [] && dry.contains(Self.escaped), "\(dry)")
    let patched = try await folder.done(["patch", Self.hostile]).error
    #expect(unprintable(patched) == [] && patched.hasPrefix("\(Self.escaped): 1,024 bytes"), "\(patched)")
  }

  /// A device tree's words, and a manifest's.
  @Test func contents() async throws {
    let tree = TreeNode(
      "", [:], [TreeNode("chosen", ["stdout-path": .strings("/\(Self.hostile)")])])
    try folder.write(tree.dtb(), to: "board.dtb")
    let console = try await folder.purgatory(
      ["patch", "p.bin", "-o", "out", "--dtb", "board.dtb@0x44000000", "--console", "auto"])
    #expect(console.status == .exited(1))
    #expect(unprintable(console.error) == [] && console.error.contains("x\\u{1B}[31m"), "\(console.error)")
    let json = String(decoding: try JSONEncoder().encode(Self.hostile), as: UTF8.self)
    try folder.write(
      #"{"version":1,"entry":0,"segments":[{"name":"dtb","file":\#(json),"base":0,"size":1,"#
        + #""memory_size":1,"sha256":""}]}"#, to: "m.json")
    for verb in ["run", "patch"] {
      let outcome = try await folder.purgatory([verb, "m.json"])
      #expect(outcome.status == .exited(1))
      #expect(unprintable(outcome.error) == [] && outcome.error.contains(Self.escaped), "\(outcome.error)")
    }
  }

  @Test func longTextsAreShortened() async throws {
    let long = String(repeating: "long", count: 20_000)
    let tree = TreeNode("", [:], [TreeNode("chosen", ["stdout-path": .strings("/\(long)")])])
    try folder.write(tree.dtb(), to: "board.dtb")
    for command in [
      ["show", long], ["patch", "p.bin", "-o", "out", "--dtb", "board.dtb@0x44000000", "--console", "auto"],
    ] {
      let outcome = try await folder.purgatory(command)
      #expect(outcome.status == .exited(1))
      #expect(outcome.error.utf8.count < 2000 && outcome.error.contains("…"), "\(outcome.error.utf8.count)")
    }
  }
}
