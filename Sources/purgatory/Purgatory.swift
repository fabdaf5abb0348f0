// Purgatory.swift — the command: its verbs, and how it fails
// SPDX-License-Identifier: MIT

import ArgumentParser
import PurgatoryKit

@main
struct Purgatory: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purgatory",
    abstract: "Build, fill in and inspect position-independent AArch64 kexec purgatories.",
    subcommands: [Build.self, Patch.self, Show.self, Check.self, BundleCommand.self, Graft.self, Run.self])

  /// Exit status 0: done; 1: an input was rejected; 64: usage.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asyncCommand = command as? any AsyncParsableCommand {
        try await asyncCommand.run()
      } else {
        try command.run()
      }
    } catch let rejection as Rejection {
      talk(rejection.report)
      exit(withError: ExitCode.failure)
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      let message = message(for: error)
      talk(
        "error: \(message.prefix(1).lowercased() + message.dropFirst())\nhelp: \(usageString(for: error))\n")
      exit(withError: ExitCode.validationFailure)
    }
  }

  /// `purgatory help VERB` of the verb that was misused.
  private static func usageString(for error: any Error) -> String {
    let usage = fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
    let verb = usage?.split(separator: " ").dropFirst(2).first.map(String.init) ?? ""
    return configuration.subcommands.contains { $0._commandName == verb }
      ? "purgatory help \(verb)" : "purgatory help"
  }
}

extension Rejection {
  /// Every problem with its remedy, and before them what a failed tool said.
  var report: String {
    var text = transcript ?? ""
    if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
    for problem in problems {
      text += "error: \(problem)\n"
      if let help = problem.help { text += "help: \(help)\n" }
    }
    return text
  }
}
