// ConsumerTests.swift — a program that has only the library makes what the command makes
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import CommandTests

@Suite struct ConsumerTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    let serial = TreeNode(
      "serial@9000000", ["compatible": .strings("arm,pl011"), "reg": .wide(0x900_0000, 0x1000)])
    let board = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 30)]),
        TreeNode("psci", ["compatible": "arm,psci-1.0", "method": "hvc"]),
        TreeNode("chosen", ["stdout-path": "/serial@9000000"]), serial,
      ])
    try folder.write(Input.image(), to: "Image")
    try folder.write(board.dtb(), to: "board.dtb")
    try folder.makeFolder("library")
  }

  private static let package = "\(packageFolder)/Tests/Consumer"

  /// Expects `program` to make what the command makes of the same files.
  private func expectSameBytes(by program: String) async throws {
    let outcome = try await Command.run(
      program, ["\(packageFolder)/purgatory", "Image", "board.dtb", "library"], in: folder.path,
      environment: ["TMPDIR": "\(folder.path)/tmp"])
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.text == "proven\n")
    try await folder.done(["build", "--kernel", "Image", "--dtb", "board.dtb", "--output-dir", "command"])
    for name in ["purgatory.bin", "devicetree.dtb"] {
      #expect(try folder.read("library/\(name)") == folder.read("command/\(name)"), "\(name)")
    }
    #expect(try await folder.done(["show", "library/purgatory.bin"]).text.contains("pl011 at 0x9000000"))
  }

  @Test func itIsShort() throws {
    let text = try String(contentsOfFile: "\(Self.package)/Sources/consumer/main.swift", encoding: .utf8)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().count < 30)
  }

  /// As it was compiled with these tests, without access to what is of this package.
  @Test func itMakesWhatTheCommandMakes() async throws {
    let built = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent()
    try await expectSameBytes(by: built.appending(path: "consumer").path)
  }

  /// As another package: resolved, and built with all dependencies. What the library does not offer does not compile.
  @Test(.enabled(if: Tools.isCI, "compiles every dependency again: CI=true does it"))
  func itIsAPackage() async throws {
    func build(_ package: String) async throws -> Outcome {
      // The versions that are built already, so that no others are fetched.
      let versions = try Data(contentsOf: URL(filePath: "\(packageFolder)/Package.resolved"))
      try versions.write(to: URL(filePath: "\(package)/Package.resolved"))
      return try await Command.run(
        try #require(Tools.inPath("swift")),
        [
          "build", "--package-path", package, "--scratch-path", "\(packageFolder)/.build/consumer",
          "--disable-build-manifest-caching",  // or the package before may be built again
          "-debug-info-format", "none", "--disable-index-store",
        ], in: folder.path, environment: ProcessInfo.processInfo.environment)
    }
    let good = try await build(Self.package)
    try #require(good.status == .exited(0), "\(good.text)\(good.error)")
    try await expectSameBytes(by: "\(packageFolder)/.build/consumer/debug/consumer")

    let misuses = [
      "_ = blob.loadRange", "_ = \"\".printable", "_ = Emulator.program", "_ = try Layout(files)",
    ]
    let text = try String(contentsOfFile: "\(Self.package)/Sources/consumer/main.swift", encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
    try folder.makeFolder("misuse/Sources/consumer")
    try folder.write(text + misuses.joined(separator: "\n"), to: "misuse/Sources/consumer/main.swift")
    let manifest = try String(contentsOfFile: "\(Self.package)/Package.swift", encoding: .utf8)
    try folder.write(
      manifest.replacing("path: \"../..\"", with: "path: \"\(packageFolder)\""), to: "misuse/Package.swift")
    let refused = try await build("\(folder.path)/misuse")
    #expect(refused.status == .exited(1), "\(refused.text)\(refused.error)")
    for (index, misuse) in misuses.enumerated() {
      #expect(refused.text.contains(try Regex("main.swift:\(lines + index):[0-9]+: error: ")), "\(misuse)")
    }
  }
}
