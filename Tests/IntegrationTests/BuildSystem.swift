// BuildSystem.swift — a project of integrations/build-systems in a folder of its own, with inputs, and built as the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import CommandTests

/// A shell's PATH in which `purgatory` is the built one.
func pathWithPurgatory() throws -> String {
  let program = URL(filePath: try Command.purgatory.get()).deletingLastPathComponent().path
  return "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
}

struct BuildSystem: Sendable, CustomTestStringConvertible {
  /// That of its folder, and of its commands' block of the page.
  let name: String
  let file: String
  /// Where `build --output-dir` writes.
  var output = "out"
  var programs: [String]
  var environment: [String: String] = [:]

  var testDescription: String { name }

  static let make = BuildSystem(name: "make", file: "Makefile", programs: ["make"])
  private static let kernel = "\(packageFolder)/.cache/kernel/6.12"
  /// The kernel of the tests has no modules. Kbuild asks for nothing but the configuration.
  static let kbuild = BuildSystem(
    name: "kbuild", file: "Kbuild", programs: ["make", "aarch64-linux-gnu-gcc"],
    environment: ["LINUX": "\(kernel)/tree", "KBUILD_OUTPUT": "\(kernel)/build", "CONFIG_MODULES": "y"])
  static let cmake = BuildSystem(
    name: "cmake", file: "CMakeLists.txt", output: "build/out", programs: ["cmake", "ctest", "make"])
  static let meson = BuildSystem(
    name: "meson", file: "meson.build", output: "build", programs: ["meson", "ninja"])
  static let all = [make, kbuild, cmake, meson]

  var isThere: Bool {
    programs.allSatisfy { Tools.inPath($0) != nil }
      && environment["KBUILD_OUTPUT"].map {
        FileManager.default.fileExists(atPath: "\($0)/arch/arm64/boot/Image")
      }
        != false
  }
}

extension Trait where Self == ConditionTrait {
  /// Without its programs, and for Kbuild a kernel, the test is skipped, except in CI.
  static func requires(_ system: BuildSystem) -> Self {
    .enabled(
      if: system.isThere || Tools.isCI,
      "\(system.programs.joined(separator: ", ")) or .cache/kernel/6.12 is missing: make kernel")
  }

  static func requires(program: String) -> Self {
    .enabled(if: Tools.inPath(program) != nil || Tools.isCI, "\(program) is not in PATH")
  }
}

/// A folder with a build system's file and what it reads.
struct Project {
  let system: BuildSystem
  let folder: Folder

  /// - Parameter names: other names of the inputs, and what their file is changed to.
  init(_ system: BuildSystem, _ change: (String) -> String = { $0 }) throws {
    self.system = system
    folder = try Folder()
    try folder.write(change(try integration("\(system.name)/\(system.file)")), to: system.file)
    try folder.writeInputs()
  }

  /// Types the page's commands.
  func build(_ more: [String: String] = [:]) async throws -> Outcome {
    try await folder.shell(try Page.block(system.name), system.environment.merging(more) { $1 })
  }

  /// The purgatory that is installed with a command.
  static let installed = "prefix/share/purgatory/purgatory.elf"

  /// Installs the command into the folder, as `make install` does.
  ///
  /// - Returns: the environment to build in.
  func install() async throws -> [String: String] {
    for name in ["prefix/bin", "prefix/share/purgatory"] { try folder.makeFolder(name) }
    try FileManager.default.copyItem(
      atPath: Command.purgatory.get(), toPath: "\(folder.path)/prefix/bin/purgatory")
    for name in try FileManager.default.contentsOfDirectory(atPath: "\(packageFolder)/purgatory") {
      try FileManager.default.copyItem(
        atPath: "\(packageFolder)/purgatory/\(name)", toPath: "\(folder.path)/prefix/share/purgatory/\(name)")
    }
    try await folder.done(["build", "--format", "elf", "-o", Self.installed])
    return ["PATH": "\(folder.path)/prefix/bin:\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
  }

  var blob: String { "\(system.output)/purgatory.bin" }

  /// A file that is replaced is another.
  func blobNumber() throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(blob)")
    return try #require(attributes[.systemFileNumber] as? Int)
  }
}

extension Folder {
  /// A kernel, an initrd, and a board's tree with memory and PSCI.
  func writeInputs() throws {
    try write(Input.image(), to: "Image")
    try write(Input.initrd(), to: "initrd.img")
    let board = TreeNode(
      "", ["#address-cells": [2], "#size-cells": [2]],
      [
        TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 0x1000_0000)]),
        TreeNode("psci", ["compatible": "arm,psci-1.0", "method": "smc"]),
      ])
    try write(board.dtb(), to: "board.dtb")
  }

  /// Runs commands, the first that fails being the last, with the built `purgatory` in PATH.
  func shell(_ commands: String, _ environment: [String: String] = [:]) async throws -> Outcome {
    let shell = try #require(Tools.inPath("sh"))
    return try await Command.run(
      shell, ["-ec", commands], in: path,
      environment: ["PATH": try pathWithPurgatory(), "PWD": path].merging(environment) { $1 })
  }

  /// Whether `show` finds a purgatory ready, and how many regions it verifies.
  func regions(of blob: String) async throws -> Int {
    let json = try await done(["show", "--json", blob]).output
    let shown = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    try #require(shown["ready"] as? Bool == true, "\(shown)")
    let info = try #require(shown["info"] as? [String: Any])
    return try #require(info["regions"] as? [Any]).count
  }

  /// Flips a bit, as a bad disk does: nobody is told by the file's time.
  func damage(_ name: String, at offset: Int) async throws {
    var bytes = try read(name)
    bytes[offset] ^= 1
    try write(bytes, to: "damaged")
    try await Command.tool(
      "sh", ["-c", "touch -r \"$1\" damaged && mv damaged \"$1\"", "sh", name], in: path)
  }
}
