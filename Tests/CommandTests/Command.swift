// Command.swift — runs programs, the built `purgatory` first of all, and captures all they say
// SPDX-License-Identifier: MIT

import Foundation
import Subprocess
import SystemPackage

/// How a program ended, and what it wrote.
struct Outcome {
  let status: TerminationStatus
  let output: [UInt8]
  let error: String

  /// `output` as text.
  var text: String { String(decoding: output, as: UTF8.self) }
}

/// A program that was needed did not do its work.
struct ToolFailure: Error, CustomStringConvertible {
  let description: String
}

enum Command {
  /// The `purgatory` that was built together with these tests: it lies beside the file they were loaded from,
  /// wherever the scratch path is.
  static let purgatory = Result {
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
  static func run(
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
  static func tool(_ name: String, _ arguments: [String], in directory: String) async throws -> String {
    guard let path = Tools.find(name) else { throw ToolFailure(description: "\(name) is not installed") }
    let outcome = try await run(path, arguments, in: directory)
    guard outcome.status == .exited(0) else {
      throw ToolFailure(
        description: "\(name) \(arguments): \(outcome.status): \(outcome.error)\(outcome.text)")
    }
    return outcome.text
  }

  private static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Each test may run at any time; not each of their programs.
  private static let slots = Slots(count: 8)
}

/// A counting semaphore that suspends instead of blocking a thread.
private actor Slots {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) { free = count }

  private func acquire() async {
    if free == 0 { return await withCheckedContinuation { waiting.append($0) } }
    free -= 1
  }

  private func release() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }

  nonisolated func run(_ operation: @Sendable () async throws -> Outcome) async throws -> Outcome {
    await acquire()
    let result: Result<Outcome, any Error>
    do { result = .success(try await operation()) } catch { result = .failure(error) }
    await release()
    return try result.get()
  }
}
