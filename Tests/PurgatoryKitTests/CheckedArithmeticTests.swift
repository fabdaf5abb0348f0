// CheckedArithmeticTests.swift — no operator that traps is left in the sources, and the compiler says so
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import Foundation
import Testing

@Suite struct CheckedArithmeticTests {
  private static let package = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The compiler refuses such an operator in each file that imports the module: so each does, and warnings are errors.
  @Test func everySourceIsHeldToIt() throws {
    let targets = ["ELF", "DeviceTree", "Decompression", "PurgatoryKit", "PurgatoryCommand"]
    for target in targets {
      let folder = Self.package.appending(path: "Sources/\(target)")
      let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.contains { $0.hasSuffix("import CheckedArithmetic") }, "\(file.lastPathComponent)")
      }
    }
    let manifest = try String(contentsOf: Self.package.appending(path: "Package.swift"), encoding: .utf8)
    #expect(manifest.ranges(of: "swiftSettings: strict").count == targets.count + 1, "the program, too")
    #expect(manifest.contains("let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]"))
  }

  private static let types = ["UInt64", "UInt32", "Int64"]

  /// A line each; what is not refused is missing from the list of refused ones.
  @Test func whatTrapsIsRefused() async throws {
    var lines: [String] = []
    for type in Self.types {
      let (a, b) = ("(\(type).zero)", "(\(type).max)")
      lines += ["+", "-", "*", "/", "%"].map { "_ = \(a) \($0) \(b)" }
      lines += ["+", "-", "*", "/", "%"].map { "do { var x = \(a); x \($0)= \(b); _ = x }" }
      lines += ["_ = \(a)..<\(b)", "_ = \(a)...\(b)", "_ = [\(a)].reduce(0, +)", "_ = [\(a)].map { $0 - 1 }"]
    }
    lines += ["UInt64", "Int64"].map { "_ = Int(\($0).max)" }
    lines += ["UInt64", "Int"].map { "_ = UInt32(\($0).max)" }
    lines += ["UInt64", "UInt32", "Int"].map { "_ = Int32(\($0).max)" }
    lines += ["_ = Range<UInt64>(uncheckedBounds: (0, .max)).count"]
    #expect(try refused(lines) == lines)
  }

  @Test func whatDoesNotIsNot() async throws {
    let lines = Self.types.flatMap { type in
      let (a, b) = ("(\(type).zero)", "(\(type).max)")
      return ["&+", "&-", "&*", "<<", ">>", "&", "|", "^", "<", "=="].map { "_ = \(a) \($0) \(b)" }
        + ["_ = \(a).plus(\(b))", "_ = Int(exactly: \(a))", "_ = Int(clamping: \(a))"]
    }
    let others = [
      "_ = 1 + 2", "for _ in 0..<2 {}", "_ = [0, 1, 2][0...1]", "_ = UInt64(1 as Int)", "_ = 1.5 * 2",
    ]
    #expect(try refused(lines + others) == [])
  }

  /// The lines that a file of the package could not have.
  private func refused(_ lines: [String]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "arithmetic-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "main.swift")
    try lines.joined(separator: "\n").write(to: file, atomically: false, encoding: .utf8)
    let sources = ["Checked.swift", "Trapping.swift"].map {
      Self.package.appending(path: "Sources/CheckedArithmetic/\($0)").path
    }
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments =
      ["swiftc", "-typecheck", "-warnings-as-errors", "-swift-version", "6", "-package-name", "p", file.path]
      + sources
    let messages = Pipe()
    compiler.standardError = messages
    try compiler.run()
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    compiler.waitUntilExit()
    let numbers = Set(
      text.split(separator: "\n").filter { $0.hasPrefix(file.path) && $0.contains(" error: ") }
        .compactMap { Int($0.dropFirst(file.path.count + 1).prefix { $0.isNumber }) })
    #expect(numbers.isEmpty == (compiler.terminationStatus == 0), "\(text)")
    return lines.indices.filter { numbers.contains($0 + 1) }.map { lines[$0] }
  }

  /// The results, and nil at every edge.
  @Test func results() {
    let max = UInt64.max
    #expect(max.plus(0) == max && max.plus(1) == nil)
    #expect(UInt64(0).minus(0) == 0 && UInt64(0).minus(1) == nil)
    #expect(max.times(1) == max && max.times(2) == nil)
    #expect(max.over(0) == nil && max.over(2) == max >> 1 && Int64.min.over(-1) == nil)
    #expect(max.modulo(0) == nil && max.modulo(16) == 15)
    #expect(max.roundedDown(to: 0x1000) == max &- 0xfff && max.roundedDown(to: 0) == max)
    #expect(max.roundedUp(to: 0x1000) == nil && UInt64(0x1001).roundedUp(to: 0x1000) == 0x2000)
    #expect(UInt64(0x1000).roundedUp(to: 0x1000) == 0x1000 && UInt64(5).roundedUp(to: 0) == 5)
    #expect(Range(base: max, size: 1) == nil && Range(base: 1, size: 0) == nil)
    #expect(Range(base: max &- 1, size: 1)?.size == 1)
    #expect(
      Range(from: 2, to: 2) == nil && Range(from: 2, to: 1) == nil && Range(from: 0, to: max)?.size == max)
  }
}
