// KernelBuildTests.swift — compiling integrations/linux in a kernel: another ABI is an error of the build, not of the boot
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryABI
import TestSupport
import Testing

@Suite(.requires(.flatKernel, .kernelTree, .kernelBuild)) struct KernelBuildTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// Compiles the file that holds the blob against the header, for a blob of the test's.
  private func compile(_ blob: [UInt8]) async throws -> Outcome {
    try folder.write(blob, to: "purgatory.bin")
    // Objects of the test's own, of the kernel's configuration and generated headers.
    let copied = try await Command.run(
      try #require(Tools.inPath("cp")),
      ["-r", "--reflink=auto", LoaderInput.kernelBuild.path, "\(folder.path)/build"], in: folder.path)
    try #require(copied.status == .exited(0), "\(copied.error)")
    return try await Command.run(
      try #require(Tools.inPath("make")),
      [
        "-s", "-C", LoaderInput.kernelTree.path, "O=\(folder.path)/build", "ARCH=arm64",
        "CROSS_COMPILE=aarch64-linux-gnu-", "purgatory=\(folder.path)/purgatory.bin",
        "arch/arm64/purgatory/fill.o",
      ], in: folder.path, environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
  }

  @Test func aBlobOfAnotherVersionIsNotCompiledIn() async throws {
    let blob = try await folder.done(["build", "-o", "-"]).output
    let good = try await compile(blob)
    #expect(good.status == .exited(0), "\(good.error)")
    let changes: [(Int32, UInt8)] = [(PURGATORY_INFO_version, 3), (PURGATORY_INFO_size, 0x80)]
    for (field, value) in changes {
      var other = blob
      other[Int(PURGATORY_INFO_OFFSET + field)] = value
      let bad = try await compile(other)
      #expect(bad.status != .exited(0))
      #expect(bad.error.contains("are of different ABI versions"), "\(bad.error)")
    }
    let none = try await compile(Array("no purgatory".utf8))
    #expect(none.status != .exited(0))
  }
}
