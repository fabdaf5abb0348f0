// Strace.swift — the system calls of the command's main thread: which there are, and what happens if one of them fails
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
  /// Without strace the test is skipped, except in CI.
  static var requiresStrace: Self {
    .enabled(if: Tools.inPath("strace") != nil || Tools.isCI, "strace is not in PATH")
  }
}

/// A system call: its name, the how manieth of that name it is, and the whole line.
struct Call: Sendable {
  let name: String
  let number: Int
  let line: String
}

/// What befalls a system call.
enum Fault: Hashable, Sendable, CustomStringConvertible {
  /// It is not made, and this is its error.
  case error(String)
  /// It is not made, and neither is any of its name that follows.
  case errorsFromHere(String)
  /// This comes when it is made; SIGKILL: before.
  case signal(String)

  static let all: [Fault] =
    ["ENOSPC", "EIO", "EACCES", "EPERM", "EINTR"].map(error) + [.errorsFromHere("EIO")]
    + ["SIGKILL", "SIGINT", "SIGTERM"].map(signal)

  var description: String {
    switch self {
    case .error(let name), .signal(let name): name
    case .errorsFromHere(let name): "\(name)…"
    }
  }

  fileprivate func expression(_ call: Call) -> String {
    switch self {
    case .error(let name): "inject=\(call.name):error=\(name):when=\(call.number)"
    case .errorsFromHere(let name): "inject=\(call.name):error=\(name):when=\(call.number)+"
    case .signal(let name): "inject=\(call.name):signal=\(name):when=\(call.number)"
    }
  }
}

enum Strace {
  /// All that touch files. Machines lack some: newer ones those without "at".
  private static let names = [
    "openat", "write", "fsync", "fchown", "fchmod", "close", "rename", "renameat", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "rmdir", "utimensat", "flock", "fstat", "newfstatat", "readlink",
    "readlinkat", "getcwd",
  ]

  /// The calls of a run, from the first on that has to do with an output.
  static func calls(_ command: [String], in folder: Folder, trace: String) async throws -> [Call] {
    let trace = "\(trace).calls"
    let expression = "trace=\(names.map { "?\($0)" }.joined(separator: ","))"
    let outcome = try await run(["-o", trace, "-e", expression], command, in: folder)
    guard outcome.status == .exited(0) else {
      throw ToolFailure(description: "strace \(command): \(outcome.status): \(outcome.error)")
    }
    var counts: [Substring: Int] = [:]
    var calls: [Call] = []
    for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
      guard let name = line.firstMatch(of: /^(\w+)\(/)?.1 else { continue }
      counts[name, default: 0] += 1
      if !calls.isEmpty || line.contains(/\.purgatory-|^mkdir|^flock/) {
        calls.append(Call(name: String(name), number: counts[name] ?? 0, line: String(line)))
      }
    }
    return calls
  }

  /// Runs the command with a fault.
  static func run(
    _ command: [String], in folder: Folder, _ fault: Fault, at call: Call, trace: String
  ) async throws -> Outcome {
    let outcome = try await run(
      ["-o", trace, "-e", "trace=\(call.name)", "-e", fault.expression(call)], command, in: folder)
    let told = try String(contentsOfFile: trace, encoding: .utf8)
    // A fault that never came would prove nothing.
    guard told.contains("(INJECTED)") || told.contains("--- SIG") || told.contains("+++ killed") else {
      throw ToolFailure(description: "\(fault) at \(call.line) did not happen")
    }
    return outcome
  }

  private static func run(
    _ options: [String], _ command: [String], in folder: Folder
  ) async throws -> Outcome {
    try await Command.run(
      Tools.inPath("strace") ?? "strace", options + command, in: folder.path,
      environment: ["TMPDIR": "\(folder.path)/tmp"])
  }
}
