// Program.swift — a program that is run and measured: its time from start to end, and the most memory that it had
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

struct Program {
  let path: String
  let arguments: [String]

  init(_ name: String, _ arguments: [String]) throws {
    guard let path = name.hasPrefix("/") ? name : Tools.find(name) else {
      throw ToolFailure(description: "\(name) is not installed")
    }
    self.path = path
    self.arguments = arguments
  }

  /// Seconds from start to end; what it prints goes nowhere.
  func time() throws -> Double {
    let begin = ContinuousClock.now
    try wait(for: try start())
    let time = ContinuousClock.now - begin
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  }

  /// The most bytes that it had in memory at a time, as the kernel counts them. Asked for until it ends, since it is not known
  /// afterwards: what wait4() tells includes the program that started it.
  func peakMemory() throws -> UInt64 {
    let child = try start()
    var peak: UInt64 = 0
    var status: CInt = 0
    while waitpid(child, &status, WNOHANG) == 0 {
      let text = (try? String(contentsOfFile: "/proc/\(child)/status", encoding: .utf8)) ?? ""
      let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
      peak = max(peak, kibibytes << 10)
      usleep(1000)
    }
    try check(status)
    return peak
  }

  private func start() throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for descriptor: CInt in [1, 2] {
      posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
    }
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let result = posix_spawn(&child, path, &actions, nil, &words, environ)
    guard result == 0 else {
      throw ToolFailure(description: "\(path): \(String(cString: strerror(result)))")
    }
    return child
  }

  private func wait(for child: pid_t) throws {
    var status: CInt = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    try check(status)
  }

  private func check(_ status: CInt) throws {
    guard status == 0 else {
      throw ToolFailure(description: "\(path) \(arguments.joined(separator: " ")): status \(status)")
    }
  }
}

/// The medians of several programs' times, which take turns: what else the machine does meets all of them.
func medians(of works: [() throws -> Double], rounds: Int) throws -> [Double] {
  var times = [[Double]](repeating: [], count: works.count)
  for round in 0...rounds {
    for (index, work) in works.enumerated() {
      let time = try work()
      // The first round fills the caches.
      if round > 0 { times[index].append(time) }
    }
  }
  return times.map { $0.sorted()[rounds / 2] }
}
