// FilesTests.swift — whole files in and out
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import PurgatoryKit

@Suite final class FilesTests {
  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "purgatory-files-\(UUID().uuidString)"
  ).path

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: folder)
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }
  }

  private func write(_ bytes: [UInt8], to path: String, from inputs: [String] = []) throws {
    var files = OutputFiles(from: inputs)
    files.add(bytes, to: path)
    try files.write()
  }

  /// Around the sizes at which one read is not enough.
  @Test(arguments: [1, 65535, 65536, 65537, 200_000]) func roundTrip(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try write(bytes, to: "\(folder)/f")
    #expect(try Files.read("\(folder)/f", .text) == bytes)
    #expect(try names == ["f"])
  }

  /// The kernel says of these that they are empty; they are not.
  @Test func filesWithoutASize() throws {
    #expect(String(decoding: try Files.read("/proc/self/status", .text), as: UTF8.self).hasPrefix("Name:"))
  }

  /// Sparse, endless, growing: nothing is read, or made room for, beyond what such a file may have.
  @Test func readingHasABound() throws {
    for size in [Files.Limit.text.rawValue + 1, 100 << 40, Int.max] {
      #expect(FileManager.default.createFile(atPath: "\(folder)/sparse", contents: nil))
      guard truncate("\(folder)/sparse", size) == 0 else { continue }  // not every file system has such files
      let error = #expect(throws: Rejection.self) { try Files.read("\(folder)/sparse", .text) }
      #expect(error?.problems.map(\.expected) == ["at most 1 MiB"])
      #expect(error?.problems.map(\.found) == ["\(size) bytes"])
    }
    let device = #expect(throws: Rejection.self) { try Files.read("/dev/zero", .text) }
    #expect(device?.problems.map(\.found) == ["is a device"])
    // A pipe does not say how much is to come.
    #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
    let writer = Process()
    writer.executableURL = URL(filePath: "/bin/sh")
    writer.arguments = ["-c", "exec cat /dev/zero >'\(folder)/pipe'"]
    writer.standardError = FileHandle.nullDevice
    try writer.run()
    let endless = #expect(throws: Rejection.self) { try Files.read("\(folder)/pipe", .text) }
    #expect(endless?.problems.map(\.expected) == ["at most 1 MiB"])
    writer.waitUntilExit()
  }

  @Test func aFileThatIsReadWhileItIsReplaced() throws {
    try write([1, 1, 1], to: "\(folder)/f")
    let old = try #require(FileHandle(forReadingAtPath: "\(folder)/f"))
    try write([2, 2], to: "\(folder)/f")
    #expect(try old.readToEnd() == Data([1, 1, 1]))
    #expect(try Files.read("\(folder)/f", .text) == [2, 2])
  }

  @Test func whatFailsLeavesNothing() throws {
    #expect(throws: Rejection.self) { try write([1], to: "\(folder)/none/f") }
    try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: false)
    #expect(throws: Rejection.self) { try write([1], to: "\(folder)/d") }
    #expect(throws: Rejection.self) { try Files.read("\(folder)/d", .text) }
    #expect(throws: Rejection.self) { try Files.read("\(folder)/f", .text) }
    #expect(try names == ["d"])
  }

  /// One of several cannot be written: none of them is.
  @Test func allOrNothing() throws {
    try write([1], to: "\(folder)/old")
    var files = OutputFiles()
    files.add([2], to: "\(folder)/old")
    files.add([3], to: "\(folder)/new")
    files.add([4], to: "\(folder)/none/f")
    #expect(throws: Rejection.self) { try files.write() }
    #expect(try Files.read("\(folder)/old", .text) == [1])
    #expect(try names == ["old"])
  }

  /// Links and spellings of one file, of a file that is not there yet, and of none.
  @Test func anInputIsNotReplaced() throws {
    let manager = FileManager.default
    try write([7], to: "\(folder)/input")
    try manager.createDirectory(atPath: "\(folder)/sub", withIntermediateDirectories: false)
    try manager.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "input")
    try manager.createSymbolicLink(atPath: "\(folder)/far", withDestinationPath: "sub/../link")
    try manager.createSymbolicLink(atPath: "\(folder)/folder", withDestinationPath: ".")
    try manager.linkItem(atPath: "\(folder)/input", toPath: "\(folder)/hard")
    for path in ["input", "link", "far", "folder/input", "sub/../input", "./input", "hard"] {
      let error = #expect(throws: Rejection.self, "\(path)") {
        try write([1], to: "\(folder)/\(path)", from: ["\(folder)/input"])
      }
      #expect(
        error?.problems.map(\.found) == [
          "would replace the input \(folder)/input"
        ])
    }
    #expect(try Files.read("\(folder)/input", .text) == [7])
    // Two outputs, neither of which is there yet.
    for (first, second) in [("a", "a"), ("a", "folder/a"), ("a", "sub/../a"), ("gone/a", "gone/./a")] {
      var files = OutputFiles()
      files.add([1], to: "\(folder)/\(first)")
      files.add([2], to: "\(folder)/\(second)")
      #expect(throws: Rejection.self, "\(first) \(second)") { try files.refuseCollisions() }
    }
    var files = OutputFiles(from: ["\(folder)/input"])
    files.add([1], to: "\(folder)/sub/input")
    files.add([1], to: "/dev/null")
    files.add([2], to: "/dev/null")
    try files.write()
  }

  /// What a link leads to is written, also if that is not there yet.
  @Test func aDanglingLinkStays() throws {
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/out", withDestinationPath: "later")
    try write([1], to: "\(folder)/out")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/out") == "later")
    #expect(try Files.read("\(folder)/later", .text) == [1])
    try FileManager.default.createSymbolicLink(atPath: "\(folder)/loop", withDestinationPath: "loop")
    #expect(throws: Rejection.self) { try write([1], to: "\(folder)/loop") }
  }

  /// Temporaries of earlier runs, and names as long as they may be, are in nobody's way.
  @Test func temporariesAreUnique() throws {
    let name = String(repeating: "n", count: 255)
    try write([0], to: "\(folder)/\(name).\(getpid()).tmp".replacing(name, with: "f"))
    try write([1], to: "\(folder)/f")
    try write([1], to: "\(folder)/\(name)")
    #expect(try names == ["f", "f.\(getpid()).tmp", name])
  }

  /// rwx stays, the set-id and sticky bits do not; so do owner and group, where the caller is root.
  @Test(arguments: [0o4755, 0o2755, 0o1777, 0o6711, 0o640, 0o600, 0o444])
  func modesOfWhatIsReplaced(_ mode: Int) throws {
    let path = "\(folder)/f"
    try write([1], to: path)
    let attributes: [FileAttributeKey: Any] =
      getuid() == 0 ? [.ownerAccountID: 65534, .groupOwnerAccountID: 65533] : [:]
    try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
    #expect(chmod(path, mode_t(clamping: mode)) == 0)
    try write([2], to: path)
    let now = try FileManager.default.attributesOfItem(atPath: path)
    #expect(now[.posixPermissions] as? Int == mode & 0o777)
    if getuid() == 0 {
      #expect(now[.ownerAccountID] as? Int == 65534)
      #expect(now[.groupOwnerAccountID] as? Int == 65533)
    }
  }

  /// The folder between assembler and linker is nobody else's.
  @Test func theWorkDirectoryIsPrivate() throws {
    let path: String
    do {
      let work = try WorkDirectory()
      path = work.path.string
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
