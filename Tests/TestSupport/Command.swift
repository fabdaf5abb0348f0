// Command.swift — runs programs, the built `purgatory` first of all, and captures all they say
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import SystemPackage

/// How a program ended, and what it wrote.
public struct Outcome: Sendable {
  public let status: TerminationStatus
  public let output: [UInt8]
  public let error: String

  public init(status: TerminationStatus, output: [UInt8], error: String) {
    self.status = status
    self.output = output
    self.error = error
  }

  /// `output` as text.
  public var text: String { String(decoding: output, as: UTF8.self) }
}

/// A program that was needed did not do its work.
public struct ToolFailure: Error, CustomStringConvertible {
  public let description: String

  public init(description: String) {
    self.description = description
  }
}

public enum Command {
  /// The `purgatory` that was built together with these tests: it lies beside the file they were loaded from,
  /// wherever the scratch path is.
  public static let purgatory = Result {
    let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
    let mapped = maps.split(separator: "\n").compactMap { $0.firstIndex(of: "/").map($0.suffix(from:)) }
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    for loaded in [executable] + mapped.map(String.init) {
      let path = URL(filePath: loaded).deletingLastPathComponent().appending(path: "purgatory").path
      if FileManager.default.isExecutableFile(atPath: path), !isDirectory(path) { return path }
    }
    throw ToolFailure(description: "no purgatory beside \(executable), nor beside anything it loaded")
  }

  /// What a program gets of the environment of the tests; the rest, CROSS_COMPILE say, would change what they see.
  static let environment = ProcessInfo.processInfo.environment.filter {
    ["PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"].contains($0.key)
  }

  /// Runs the program at `path` to its end.
  public static func run(
    _ path: String, _ arguments: [String], in directory: String, environment: [String: String] = [:],
    input: [UInt8] = []
  ) async throws -> Outcome {
    var variables: [Environment.Key: String] = [:]
    for (name, value) in Command.environment.merging(environment, uniquingKeysWith: { $1 }) {
      if let key = Environment.Key(rawValue: name) { variables[key] = value }
    }
    let configuration = Configuration(
      executable: .path(FilePath(path)), arguments: Arguments(arguments), environment: .custom(variables),
      workingDirectory: FilePath(directory))
    return try await slots.run {
      let result = try await Subprocess.run(
        configuration, input: .array(input), output: .bytes(limit: 1 << 24), error: .bytes(limit: 1 << 24))
      return Outcome(
        status: result.terminationStatus, output: result.standardOutput,
        error: String(decoding: result.standardError, as: UTF8.self))
    }
  }

  /// Runs a tool of the system, which has to succeed.
  @discardableResult
  public static func tool(_ name: String, _ arguments: [String], in directory: String) async throws -> String
  {
    guard let path = Tools.find(name) else { throw ToolFailure(description: "\(name) is not installed") }
    let outcome = try await run(path, arguments, in: directory)
    guard outcome.status == .exited(0) else {
      throw ToolFailure(
        description: "\(name) \(arguments): \(outcome.status): \(outcome.error)\(outcome.text)")
    }
    return outcome.text
  }

  public static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Each test may run at any time; not each of their programs.
  private static let slots = Slots(count: 8)
}
