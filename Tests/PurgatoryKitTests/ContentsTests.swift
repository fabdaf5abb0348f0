// ContentsTests.swift — bytes that are left in their files: the same as if they were held, and never of two states
// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import PurgatoryKit

@Suite final class ContentsTests {
  private let folder = FileManager.default.temporaryDirectory.appending(
    path: "purgatory-contents-\(UUID().uuidString)"
  ).path
  private var path: String { "\(folder)/f" }

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private static func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  private func write(_ bytes: [UInt8], to name: String = "f") throws {
    try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
  }

  /// Around what is read at once.
  @Test(arguments: [1, 63, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 1_000_000])
  func aFile(_ count: Int) throws {
    let bytes = Self.pattern(count)
    try write(bytes)
    let contents = try Contents(path: path)
    #expect(contents.count == UInt64(count))
    #expect(try contents.bytes(.segment) == bytes)
    #expect(try contents.prefix(64) == Array(bytes.prefix(64)))
    #expect(try contents.digest() == Digest(of: bytes))
    var copied: [UInt8] = []
    // A report of nothing would begin a line that is never done.
    let next = contents.reader(Progress { _, _, bytes, _ in #expect(bytes > 0) })
    while case let chunk = try next(), !chunk.isEmpty { copied += chunk }
    #expect(copied == bytes)
  }

  /// Held, left, zeros, one in another: any part of it is what the same part of the whole is.
  @Test func piecesAndParts() throws {
    let bytes = Self.pattern(300_000)
    try write(bytes)
    let file = try Contents(path: path)
    let inner = Contents([.bytes([1, 2, 3]), .contents(file), .zeros(200_000)], name: "inner")
    let all = Contents([.contents(inner), .bytes([9]), .contents(file)], name: "all")
    let whole = [1, 2, 3] + bytes + [UInt8](repeating: 0, count: 200_000) + [9] + bytes
    #expect(all.count == UInt64(whole.count))
    #expect(try all.bytes(.segment) == whole)
    #expect(try all.digest() == Digest(of: whole))
    let ends = [0, 1, 3, 4, 150_000, 300_002, 300_003, 300_004, 500_003, 500_004, 500_005, whole.count]
    for low in ends {
      for high in ends where high > low {
        let part = all.slice(UInt64(low)..<UInt64(high))
        #expect(part.count == UInt64(high - low), "\(low) \(high)")
        #expect(try part.bytes(.segment) == Array(whole[low..<high]), "\(low) \(high)")
        #expect(try part.digest() == Digest(of: whole[low..<high]), "\(low) \(high)")
      }
    }
    // Written, and read back.
    var files = OutputFiles()
    files.add(all, to: "\(folder)/copy")
    try files.write()
    #expect(try Files.read("\(folder)/copy", .segment) == whole)
  }

  /// What changes it, and what is then said.
  enum Change: CaseIterable {
    case shorter, longer, touched, rewritten, restored

    func make(_ path: String) throws {
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      switch self {
      case .shorter: try file.truncate(atOffset: 100_000)
      case .longer:
        try file.seekToEnd()
        try file.write(contentsOf: [1])
      case .touched:
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
      case .restored:
        // Only the time that nobody sets tells.
        usleep(20_000)
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = [
          "-c",
          "touch -r \"$0\" \"$0.time\"; printf x | dd of=\"$0\" conv=notrunc; touch -r \"$0.time\" \"$0\"; rm \"$0.time\"",
          path,
        ]
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
      case .rewritten:
        // Of the same size: only its time tells. Times are as fine as the kernel's ticks.
        usleep(20_000)
        try file.write(contentsOf: [7, 7, 7])
      }
    }
  }

  @Test(arguments: Change.allCases)
  func aFileThatIsChanged(_ change: Change) throws {
    try write(Self.pattern(300_000))
    let contents = try Contents(path: path)
    try change.make(path)
    let error = #expect(throws: Rejection.self) { try contents.digest() }
    #expect(error?.problems.first?.found.hasSuffix("it was changed while it was read") == true, "\(change)")
    #expect(error?.problems.first?.file == path)
    #expect(throws: Rejection.self) { try contents.checkUnchanged() }
    // Nothing is written of it, and what was there stays.
    try write([5], to: "out")
    var files = OutputFiles()
    files.add(contents, to: "\(folder)/out")
    #expect(throws: Rejection.self) { try files.write() }
    #expect(try Files.read("\(folder)/out", .text) == [5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["f", "out"])
  }

  /// Between being hashed and the end, or by another file in its place: what relies on it is not written.
  @Test func aFileThatIsChangedLater() throws {
    try write(Self.pattern(1000))
    for (removed, replaced) in [(false, false), (true, true), (true, false)] {
      try write(Self.pattern(1000))
      let contents = try Contents(path: path)
      _ = try contents.digest()
      if replaced { try write(Self.pattern(1000), to: "new") }
      if removed { try FileManager.default.removeItem(atPath: path) } else { try Change.touched.make(path) }
      if replaced { try FileManager.default.moveItem(atPath: "\(folder)/new", toPath: path) }
      var files = OutputFiles()
      files.add([1], to: "\(folder)/out")
      files.rely(on: [contents])
      let error = #expect(throws: Rejection.self) { try files.write() }
      #expect(error?.problems.count == 1)
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/out"))
    }
    try write(Self.pattern(1000))
    var files = OutputFiles()
    files.add([1], to: "\(folder)/out")
    files.rely(on: [try Contents(path: path)])
    try files.write()
  }

  /// What was made of it, a kernel unpacked or a device tree that was told something, is relied on as it is.
  @Test func whatItWasMadeOf() throws {
    try write(Self.pattern(1000))
    let made = Contents([1, 2], name: "made", origin: try Contents(path: path))
    try made.slice(0..<1).checkUnchanged()
    try Change.touched.make(path)
    #expect(throws: Rejection.self) { try made.checkUnchanged() }
    #expect(throws: Rejection.self) { try made.slice(0..<1).checkUnchanged() }
  }

  /// A pipe that others read is told nothing before all is well.
  @Test func aPipeIsLast() throws {
    try write(Self.pattern(1000))
    #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
    // Somebody reads, and does not wait.
    let reader = open("\(folder)/pipe", O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let contents = try Contents(path: path)
    try Change.touched.make(path)
    var files = OutputFiles()
    files.add([1], to: "\(folder)/pipe")
    files.rely(on: [contents])
    #expect(throws: Rejection.self) { try files.write() }
    var byte: UInt8 = 0
    #expect(read(reader, &byte, 1) <= 0)
  }

  /// In the middle of hashing, after some of it was read.
  @Test(arguments: Change.allCases) func aFileThatIsChangedWhileItIsHashed(_ change: Change) throws {
    try write(Self.pattern(1_000_000))
    let contents = try Contents(path: path)
    let (read, path) = (Counter(), path)
    let progress = Progress { _, _, count, _ in
      if read.count == 0 { try? change.make(path) }
      read.add(count)
    }
    let error = #expect(throws: Rejection.self) { try contents.digest(progress) }
    #expect(read.count > 0)
    #expect(error?.problems.first?.found.hasSuffix("it was changed while it was read") == true, "\(change)")
    // What was computed of it is not kept.
    #expect(throws: Rejection.self) { try contents.digest() }
  }

  /// What is read whole, by somebody else who writes to it all the time.
  @Test func aFileThatIsChangedWhileItIsReadWhole() throws {
    try write([UInt8](repeating: 1, count: 24 << 20))
    let writer = try FileHandle(forWritingTo: URL(filePath: path))
    let (isDone, ended) = (Counter(), DispatchSemaphore(value: 0))
    Thread.detachNewThread {
      while isDone.count == 0 {
        try? writer.seek(toOffset: 0)
        try? writer.write(contentsOf: [0x78])
      }
      ended.signal()
    }
    defer {
      isDone.add(1)
      ended.wait()
    }
    var refusal: Rejection?
    for _ in 0..<1000 where refusal == nil {
      do throws(Rejection) {
        _ = try Files.read(path, .elf)
      } catch {
        refusal = error
      }
    }
    let found = try #require(refusal).problems.first?.found
    #expect(found?.hasSuffix("it was changed while it was read") == true)
  }

  /// A digest that was computed is not computed again, neither of the file nor of what begins with it, nor of a part that is it.
  @Test func oneDigestOneReading() throws {
    let bytes = Self.pattern(300_000)
    try write(bytes)
    let read = Counter()
    let progress = Progress { _, _, count, _ in read.add(count) }
    let contents = try Contents(path: path)
    let segment = try Segment(
      role: .segment, file: path, contents: contents, base: 0x1000, memorySize: 300_100)
    var changes = InfoChanges()
    changes.segments = [segment]
    changes.kernelEntry = 0x1000
    let info = try changes.applied(to: PurgatoryInfo(), file: "f", progress)
    #expect(info.regions[0].digest == Digest(of: bytes + [UInt8](repeating: 0, count: 100)))
    try Change.touched.make(path)
    // It would be refused if it were read.
    let manifest = try Manifest(entry: 0, segments: [segment], path: "m.json")
    #expect(manifest.segments[0].sha256 == Digest(of: bytes).description)
    let rope = Contents([.zeros(64), .contents(contents)], name: "rope")
    #expect(try rope.slice(64..<300_064).digest() == Digest(of: bytes))
    #expect(throws: Rejection.self) { try rope.digest() }
    // 300,000 read, 300,000 known of the segment, and its zeros.
    #expect(read.count == 600_100)
  }

  /// Several at once: each has its own digest, and the first that fails is the one that is told of.
  @Test func severalAtOnce() throws {
    var all: [Contents] = []
    for index in 0..<20 {
      try write(Self.pattern(50_000 * (index + 1)), to: "\(index)")
      all.append(try Contents(path: "\(folder)/\(index)"))
    }
    try Contents.hash(all)
    for (index, contents) in all.enumerated() {
      #expect(try contents.digest() == Digest(of: Self.pattern(50_000 * (index + 1))))
    }
    let again = try (0..<20).map { try Contents(path: "\(folder)/\($0)") }
    for index in [7, 19, 11] { try Change.touched.make("\(folder)/\(index)") }
    let error = #expect(throws: Rejection.self) { try Contents.hash(again) }
    #expect(error?.problems.map(\.file) == ["\(folder)/7"])
  }

  /// What a pipe brings can be read as often as a file; a little is held, more is in a file without a name.
  @Test(arguments: [1, 4 << 20, (4 << 20) + 1, 9_000_000])
  func aPipe(_ count: Int) throws {
    #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
    let bytes = Self.pattern(count)
    try write(bytes)
    let writer = Process()
    writer.executableURL = URL(filePath: "/bin/sh")
    writer.arguments = ["-c", "exec cat '\(path)' >'\(folder)/pipe'"]
    try writer.run()
    let contents = try Contents(path: "\(folder)/pipe")
    writer.waitUntilExit()
    #expect(contents.count == UInt64(count))
    #expect(!contents.isFile)
    for _ in 0..<2 { #expect(try contents.bytes(.segment) == bytes) }
    #expect(try contents.digest() == Digest(of: bytes))
    try contents.checkUnchanged()
  }

  @Test func whatCannotBeOne() throws {
    try write([])
    for (name, found) in [
      (path, "is empty"), ("\(folder)/none", "no such file or directory"), (folder, "is a directory"),
      ("/dev/zero", "is a device"),
    ] {
      let error = #expect(throws: Rejection.self) { try Contents(path: name) }
      #expect(error?.problems.map(\.found) == [found])
      #expect(error?.problems.map(\.file) == [name])
    }
    #expect(try !Contents(path: "/proc/self/status").prefix(5).isEmpty)
  }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var value: UInt64 = 0
  func add(_ more: UInt64) { lock.withLock { value += more } }
  var count: UInt64 { lock.withLock { value } }
}
