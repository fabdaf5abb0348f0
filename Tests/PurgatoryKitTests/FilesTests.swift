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

  /// Around the sizes at which one read is not enough.
  @Test(arguments: [1, 65535, 65536, 65537, 200_000]) func roundTrip(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try Files.write(bytes, to: "\(folder)/f")
    #expect(try Files.read("\(folder)/f") == bytes)
    #expect(try names == ["f"])
  }

  /// The kernel says of these that they are empty; they are not.
  @Test func filesWithoutASize() throws {
    #expect(String(decoding: try Files.read("/proc/self/status"), as: UTF8.self).hasPrefix("Name:"))
  }

  @Test func aFileThatIsReadWhileItIsReplaced() throws {
    try Files.write([1, 1, 1], to: "\(folder)/f")
    let old = try #require(FileHandle(forReadingAtPath: "\(folder)/f"))
    try Files.write([2, 2], to: "\(folder)/f")
    #expect(try old.readToEnd() == Data([1, 1, 1]))
    #expect(try Files.read("\(folder)/f") == [2, 2])
  }

  @Test func whatFailsLeavesNothing() throws {
    #expect(throws: Rejection.self) { try Files.write([1], to: "\(folder)/none/f") }
    try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: false)
    #expect(throws: Rejection.self) { try Files.write([1], to: "\(folder)/d") }
    #expect(throws: Rejection.self) { try Files.read("\(folder)/d") }
    #expect(throws: Rejection.self) { try Files.read("\(folder)/f") }
    #expect(try names == ["d"])
  }
}
