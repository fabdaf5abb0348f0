// Terminal.swift — the one place that prints: data to standard output, talk to standard error, escaped
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// File names, device trees and manifests come from anybody: nothing of them may move the cursor or begin a line.
enum Terminal {
  /// Says one line to the person at the terminal.
  static func say(_ line: String) {
    ProgressLines.shared.clear()
    _ = try? FileDescriptor.standardError.writeAll("\(line.shortened(to: 4096).printable)\n".utf8)
  }

  /// All that is wrong, each with its remedy, and before that what a failed tool said.
  static func report(_ rejection: Rejection) {
    for line in (rejection.transcript ?? "").split(separator: "\n") { say(String(line)) }
    for line in rejection.diagram?.text ?? [] { say(line) }
    let problems = rejection.problems.map(\.shortened)
    for (index, problem) in problems.enumerated() {
      say("error: \(problem)")
      // The same remedy once for a run of problems.
      let next = problems.dropFirst(index + 1).first
      if let help = problem.help, next?.help != help { say("help: \(help)") }
    }
  }

  /// Writes data, as it is.
  static func print(_ data: some Sequence<UInt8>) throws(Rejection) {
    ProgressLines.shared.clear()
    var output = OutputFiles()
    output.add(data, to: "-")
    try output.write()
  }

  /// Writes a value as JSON.
  static func print(json value: some Encodable) throws {
    try print("\(jsonText(value))\n".utf8)
  }

  /// Writes lines of text, each escaped.
  static func print(lines: [String]) throws(Rejection) {
    try print(lines.map { "\($0.printable)\n" }.joined().utf8)
  }

  static var isTerminal: Bool { isatty(FileDescriptor.standardOutput.rawValue) != 0 }
  static var isTyped: Bool { isatty(FileDescriptor.standardInput.rawValue) != 0 }
}

/// How much a verb says of its work.
struct TalkOptions: ParsableArguments {
  @Flag(name: .customShort("q"), help: "Say nothing when all is well.")
  var isSilent = false

  @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Say what is done.")
  var isVerbose = false

  @OptionGroup private var progressOptions: ProgressOptions

  /// nil: nobody looks.
  var progress: Progress? { isSilent ? nil : progressOptions.progress }

  /// What was done, at its end.
  func summary(_ line: String) {
    if !isSilent { Terminal.say(line) }
  }

  /// What was done, and may not be what was wanted.
  func warning(_ line: String, help: String) {
    summary("warning: \(line)")
    summary("help: \(help)")
  }

  /// What was decided that the user may not expect.
  func notes(_ notes: [String]) {
    for note in notes { summary("note: \(note)") }
  }

  /// What `OutputFiles` waits for: another of these commands, or whoever else locks a folder.
  var waiting: @Sendable (_ folder: String) -> Void {
    { [isSilent] folder in
      if !isSilent { Terminal.say("note: \(folder): waiting for another command that writes there") }
    }
  }

  /// Where the files went.
  func details(of outputs: OutputFiles) {
    for output in outputs.sizes { detail("wrote \(output.path), \(output.size.grouped) bytes") }
  }

  /// What is being done.
  func detail(_ line: @autoclosure () -> String) {
    if isVerbose { Terminal.say(line()) }
  }
}

extension BinaryInteger {
  /// Decimal digits in groups of three.
  var grouped: String {
    var text = ""
    for (index, digit) in "\(self)".reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
