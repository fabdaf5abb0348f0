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
    version: version,
    subcommands: verbs + [Manual.self])

  static let verbs: [any Verb.Type] = [
    Build.self, Patch.self, Show.self, Check.self, Verify.self, BundleCommand.self, Graft.self, Run.self,
  ]

  private static let version =
    "purgatory \(purgatoryVersion), ABI version \(PurgatoryInfo.supportedVersion)"
    + (purgatoryCommit.map { ", commit \($0)" } ?? "")

  package init() {}

  package static func main() {
    Signals.occupyStandardDescriptors()
    Signals.watch()
    var arguments: [String] = []
    for index in 1..<max(carguments_count(), 1) {
      guard let bytes = carguments_at(index) else { continue }
      // Bytes that are no text become other ones, and may name another file; what check cannot read, its report has to say.
      let argument = String(cString: bytes)
      let isReported = arguments.first == "check" && access(argument, F_OK) != 0
      guard String(validatingCString: bytes) != nil || isReported else {
        Terminal.say("error: argument \(index) is not UTF-8, expected names that are")
        Terminal.say("help: give it another name: mv FILE NAME")
        end(ExitCode.validationFailure.rawValue)
      }
      arguments.append(argument)
    }
    end(status(of: arguments))
  }

  /// Runs the command line without its first word. 0: done; 1: an input was rejected; 64: usage.
  package static func status(of arguments: [String]) -> CInt {
    do {
      if let verb = arguments.first, !verb.hasPrefix("-"), !words.contains(verb) {
        throw UsageError.verb(verb, of: words, arguments)
      }
      if arguments.first == "help", let verb = arguments.dropFirst().first, !words.contains(verb) {
        throw UsageError.verb(verb, of: words, [verb], isHelp: true)
      }
      if let option = arguments.first(where: { $0.wholeMatch(of: /--[-a-z]+=/) != nil }) {
        throw UsageError("\(option) has no value; an empty one is \(option.dropLast()) ''")
      }
      try OpenFiles.require()
      let line = try LongCommandLine(arguments)
      var command = try parseAsRoot(line.words)
      if var check = command as? Check {
        check.file += line.files
        check.objects += line.objects
        command = check
      }
      try command.run()
      return 0
    } catch let rejection as Rejection {
      if rejection.isBrokenPipe { Signals.end(by: SIGPIPE) }
      Terminal.report(rejection)
      return 1
    } catch {
      return say(error, of: arguments)
    }
  }

  /// What the first word may be.
  private static var words: [String] { configuration.subcommands.map { $0._commandName } + ["help"] }

  package func run() throws {
    throw UsageError("no verb, expected \(UsageError.list(Self.verbs.map { $0._commandName }))")
  }

  /// What ArgumentParser has to say: help that was asked for, or how the command is used.
  private static func say(_ error: any Error, of arguments: [String]) -> CInt {
    let code = exitCode(for: error)
    guard code != .success else {
      do {
        var help = fullMessage(for: error)
        while help.last == "\n" { help.removeLast() }
        help = CompletionScript.mended(help, arguments)
        try Terminal.print("\(help)\(example(for: help))\n".utf8)
        return 0
      } catch {
        if error.isBrokenPipe { Signals.end(by: SIGPIPE) }
        Terminal.report(error)
        return 1
      }
    }
    guard code == .validationFailure || error is UsageError else { return code.rawValue }
    let usage =
      error as? UsageError
      ?? UsageError(message(for: error), verb: verb(of: fullMessage(for: error)), arguments)
    Terminal.say("error: \(usage.message)")
    Terminal.say("help: \(usage.help)")
    return ExitCode.validationFailure.rawValue
  }

  /// How the verb is used whose help was asked for; the command, as its first verb is.
  private static func example(for help: String) -> String {
    guard help.hasPrefix("OVERVIEW: "), let usage = help.firstRange(of: "\nUSAGE: ") else { return "" }
    let line = help[usage.upperBound...].prefix { $0 != "\n" }
    let name = verb(of: "Usage: \(line)")
    guard
      let verb = verbs.first(where: { $0._commandName == name })
        ?? (line.contains("<subcommand>") ? verbs[0] : nil)
    else { return "" }
    return "\n\nEXAMPLE:\n  purgatory \(verb.example)"
  }

  /// The verb in ArgumentParser's line about how it is used.
  private static func verb(of usage: String) -> String? {
    let line = usage.split(separator: "\n").first { $0.hasPrefix("Usage: ") } ?? ""
    return line.split(separator: " ").prefix(3).last.map(String.init).flatMap { name in
      verbs.contains { $0._commandName == name } ? name : nil
    }
  }
}

/// In the type, the name means something of ArgumentParser's.
private func end(_ status: CInt) -> Never {
  ProgressLines.shared.clear()
  // Other threads may be about to let go of something, and would not come to it.
  Leftovers.clear { exit(status) }
}
