// ValueTests.swift — addresses, sizes, file names and consoles as they may be typed
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryCommand

@Suite struct ValueTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try folder.write(try await Built.get().small, to: "purgatory.bin")
  }

  private func patched(_ arguments: String...) async throws -> Info {
    try await folder.done(["patch", "purgatory.bin", "-o", "out.bin"] + arguments)
    return Info(flat: try folder.read("out.bin"))
  }

  @Test(
    .serialized,
    arguments: [
      ("0", 0), ("16", 16), ("0016", 16), ("0x10", 16), ("0X10", 16), ("0x0000000000000000000010", 16),
      ("0xfFfFfFfFfFfFfFfC", 0xffff_ffff_ffff_fffc), ("18446744073709551612", 0xffff_ffff_ffff_fffc),
    ] as [(String, UInt64)])
  func address(_ text: String, _ value: UInt64) async throws {
    #expect(try await patched("--kernel-entry", text).quad(Field.kernelEntry) == value)
  }

  @Test(
    .serialized,
    arguments: [
      ("9", 9), ("0x9", 9), ("8K", 8 << 10), ("8k", 8 << 10), ("0x8K", 8 << 10), ("3M", 3 << 20),
      ("3m", 3 << 20),
      ("1G", 1 << 30), ("1g", 1 << 30), ("17179869183G", 17_179_869_183 << 30),
    ] as [(String, UInt64)])
  func size(_ text: String, _ value: UInt64) async throws {
    #expect(try parseSize(text) == value)
    guard value <= 1 << 30 else { return }  // more zeros behind a file are refused
    try folder.write("12345678", to: "file")
    let info = try await patched("--segment", "file@0x0+\(text)", "--digest", "none")
    #expect(info.region(0) == (0, value))
  }

  @Test func aZeroSizeIsSmallerThanTheFile() async throws {
    try folder.write("12345678", to: "file")
    let outcome = try await folder.purgatory(["patch", "purgatory.bin", "--segment", "file@0+0K"])
    #expect(outcome.status == .exited(1))
    #expect(
      outcome.error.hasPrefix("error: file: memory size: 0x0, expected at least the file's 8 bytes\nhelp: "))
  }

  /// Bytes that are no text are not made another name.
  @Test func namesThatAreNotUTF8() async throws {
    let shell = try #require(Tools.inPath("sh"))
    let outcome = try await Command.run(
      shell,
      [
        "-c",
        #"name=$(printf 'x\377.bin'); cp purgatory.bin "$name"; "$0" show "$name"; echo $?; "$0" check .; echo $?"#,
        Command.purgatory.get(),
      ], in: folder.path)
    #expect(outcome.error.contains("error: argument 2 is not UTF-8, expected names that are\nhelp: "))
    #expect(outcome.text.hasPrefix("64\n") && outcome.text.hasSuffix("\n2\n"), "\(outcome)")
    #expect(outcome.text.contains("a name that is not UTF-8"))
  }

  /// An @ in a folder's name is no address, and an address is none that is spelled `auto`.
  @Test(
    .serialized, arguments: ["me@corp/f", "me@0x10/f", "./@/f", "f@auto", "f@0x10@auto", "me@corp/f@auto"])
  func filesWithoutAnAddress(_ text: String) async throws {
    let name = text.hasSuffix("@auto") ? String(text.dropLast(5)) : text
    for directory in ["me@corp", "me@0x10", "@"] { try folder.makeFolder(directory) }
    try folder.write("12345678", to: name)
    let memory = ["--memory", "0x40000000+1M"]
    try await folder.done(["patch", "purgatory.bin", "-o", "out.bin", "--segment=\(text)"] + memory)
    #expect(Info(flat: try folder.read("out.bin")).region(0) == (0x4000_0000, 8))
    let placed = try await patched("--segment=\(name)@0x1230+16")
    #expect(placed.region(0) == (0x1230, 16))
  }

  /// What is a round number only as hexadecimal was perhaps meant so.
  @Test func decimalsThatLookLikeHexadecimal() async throws {
    for (text, note) in [
      ("40200000", "note: 40200000 is decimal, 0x2656740; hexadecimal is written 0x40200000\n"),
      ("1000", "note: 1000 is decimal, 0x3e8; hexadecimal is written 0x1000\n"),
      ("4096", ""), ("0x40200000", ""), ("1073741824", ""), ("0", ""), ("16", ""), ("4000", "note: 4000 "),
    ] {
      let outcome = try await folder.done(["patch", "purgatory.bin", "-o", "out.bin", "--kernel-entry", text])
      let summary = "out.bin: 1,024 bytes, "
      #expect(outcome.error.hasPrefix(note + (note.hasSuffix(" ") ? "" : summary)), "\(outcome.error)")
      #expect(outcome.error.components(separatedBy: "note: ").count == (note.isEmpty ? 1 : 2))
    }
  }

  /// The last @ counts, and only after it does a + mean anything.
  @Test(arguments: ["at@home", "@", "a@0x10", "a+b", "with space", "ünï", "-dash"])
  func fileName(_ name: String) async throws {
    try folder.write("12345678", to: name)
    #expect(try await patched("--segment=\(name)@0x1230+16").region(0) == (0x1230, 16))
  }

  @Test(
    arguments: [
      ("raw@1", 1, [0, 0, 0, 0, 0]), ("raw@0x3", 3, [0, 0, 0, 0, 0]),
      ("pl011@0x9000000", 0x900_0000, [4, 0, 0x18, 8, 0]), ("8250@0x3f9", 0x3f9, [1, 0, 5, 0x40, 0x40]),
      ("8250-mmio32@0xfe215040", 0xfe21_5040, [4, 0, 20, 0x40, 0x40]),
      ("pl011@0xffffffffffffffe0", 0xffff_ffff_ffff_ffe0, [4, 0, 0x18, 8, 0]),
      (
        "custom:access=4,data=0x40,status=0x98,mask=0x8,ready=0x8@0x30860000", 0x3086_0000,
        [4, 0x40, 0x98, 8, 8]
      ),
      ("custom:ready=0,data=3,access=1@1", 1, [1, 3, 0, 0, 0]),
    ] as [(String, UInt64, [UInt32])])
  func console(_ text: String, _ base: UInt64, _ fields: [UInt32]) async throws {
    let info = try await patched("--console", text)
    #expect(info.quad(Field.consoleBase) == base)
    #expect(info.console == fields)
  }

  @Test func noConsoleReplacesOne() async throws {
    try await folder.done(["patch", "purgatory.bin", "--console", "pl011@0x9000000"])
    let info = try await patched("--console", "none")
    #expect(info.console == [0, 0, 0, 0, 0])
    #expect(info.quad(Field.consoleBase) == 0)
  }
}
