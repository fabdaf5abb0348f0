// Purgatory.swift — the command: its verbs, and how it fails
// SPDX-License-Identifier: MIT

import ArgumentParser
import CArguments
import CheckedArithmetic
import PurgatoryKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

package struct Purgatory: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "purgatory",
    abstract: "Build, fill in and inspect position-independent AArch64 kexec purgatories.",
    subcommands: [Build.self, Patch.self, Show.self, Check.self, BundleCommand.self, Graft.self, Run.self])

  package init() {}

  package static func main() {
    Signals.occupyStandardDescriptors()
    Signals.watch()
    let arguments = (1..<max(carguments_count(), 1)).compactMap {
      carguments_at($0).map { String(cString: $0) }
    }
    end(status(of: arguments))
  }

  /// Runs the command line without its first word. 0: done; 1: an input was rejected; 64: usage.
  package static func status(of arguments: [String]) -> CInt {
    do {
      if let verb = arguments.first, !verb.hasPrefix("-"), !verbs.contains(verb) {
        throw ValidationError("no verb '\(verb)', expected \(verbs.joined(separator: ", "))")
      }
      var command = try parseAsRoot(arguments)
      try command.run()
      return 0
    } catch let rejection as Rejection {
      if rejection.isBrokenPipe { Signals.end(by: SIGPIPE) }
      Terminal.report(rejection)
      return 1
    } catch {
      return say(error)
    }
  }

  private static var verbs: [String] { configuration.subcommands.map { $0._commandName } + ["help"] }

  package func run() throws {
    throw ValidationError("no verb, expected \(Self.verbs.joined(separator: ", "))")
  }

  /// What ArgumentParser has to say: help that was asked for, or how the command is used.
  private static func say(_ error: any Error) -> CInt {
    let code = exitCode(for: error)
    guard code != .success else {
      do {
        try Terminal.print("\(fullMessage(for: error))\n".utf8)
        return 0
      } catch {
        if error.isBrokenPipe { Signals.end(by: SIGPIPE) }
        Terminal.report(error)
        return 1
      }
    }
    guard code == .validationFailure else { return code.rawValue }
    // Of the ways in which it can be misread, the first.
    // What it would list on lines of their own stands in one.
    let message = message(for: error).firstReading.replacing("\n  - ", with: " ")
    Terminal.say("error: \(message.prefix(1).lowercased() + message.dropFirst())")
    Terminal.say("help: \(usageString(for: error))")
    return code.rawValue
  }

  /// `purgatory help VERB` of the verb that was misused.
  private static func usageString(for error: any Error) -> String {
    let usage = fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
    let verb = usage?.split(separator: " ").dropFirst(2).first.map(String.init) ?? ""
    return configuration.subcommands.contains { $0._commandName == verb }
      ? "purgatory help \(verb)" : "purgatory help"
  }
}

/// In the type, the name means something of ArgumentParser's.
private func end(_ status: CInt) -> Never {
  ProgressLines.shared.clear()
  // Other threads may be about to let go of something, and would not come to it.
  Leftovers.clear { exit(status) }
}

extension String {
  /// ArgumentParser tells each way to read a line, in lines that begin so; the first is the likeliest.
  fileprivate var firstReading: String {
    String(self[..<(firstRange(of: "\n   or: ")?.lowerBound ?? endIndex)])
  }
}
