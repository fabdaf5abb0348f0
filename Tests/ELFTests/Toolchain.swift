// Toolchain.swift — assembles and links test inputs with the clang and ld.lld beside `swift`
// SPDX-License-Identifier: MIT

import Foundation

enum Toolchain {
  struct Failure: Error {
    var message: String
  }

  /// The object file of an assembly source.
  static func assemble(
    _ source: String, target: String = "aarch64-none-elf", _ arguments: [String] = []
  ) throws -> [UInt8] {
    try inTemporaryDirectory { directory in
      try Data(source.utf8).write(to: directory.appending(path: "x.S"))
      _ = try run(
        sibling("clang"), ["--target=\(target)", "-c", "x.S", "-o", "x.o"] + arguments, in: directory)
      return [UInt8](try Data(contentsOf: directory.appending(path: "x.o")))
    }
  }

  /// What ld.lld makes of one object file.
  static func link(_ object: [UInt8], _ arguments: [String]) throws -> [UInt8] {
    try inTemporaryDirectory { directory in
      try Data(object).write(to: directory.appending(path: "x.o"))
      _ = try run(sibling("ld.lld"), arguments + ["x.o", "-o", "x.elf"], in: directory)
      return [UInt8](try Data(contentsOf: directory.appending(path: "x.elf")))
    }
  }

  /// The file without section headers.
  static func stripSections(_ file: [UInt8]) throws -> [UInt8] {
    try inTemporaryDirectory { directory in
      try Data(file).write(to: directory.appending(path: "x.elf"))
      _ = try run(sibling("llvm-objcopy"), ["--strip-sections", "x.elf"], in: directory)
      return [UInt8](try Data(contentsOf: directory.appending(path: "x.elf")))
    }
  }

  /// Any GNU readelf reads the files of every machine.
  static let readelf = find("readelf") ?? find("aarch64-linux-gnu-readelf")

  /// What readelf prints.
  static func readelf(_ arguments: String..., file: [UInt8]) throws -> String {
    guard let readelf else { throw Failure(message: "no readelf in PATH") }
    return try inTemporaryDirectory { directory in
      try Data(file).write(to: directory.appending(path: "x.elf"))
      return try run(readelf, arguments + ["x.elf"], in: directory)
    }
  }

  static func find(_ name: String) -> URL? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { URL(filePath: String($0)).appending(path: name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  private static func sibling(_ name: String) throws -> URL {
    guard let swift = find("swift") else { throw Failure(message: "no swift in PATH") }
    return swift.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name)
  }

  private static func inTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appending(path: "elf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try body(directory)
  }

  private static func run(_ tool: URL, _ arguments: [String], in directory: URL) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = tool
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(message: "\(tool.path) \(arguments.joined(separator: " ")): \(text)")
    }
    return text
  }
}
