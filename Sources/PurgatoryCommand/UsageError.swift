// UsageError.swift — what was typed wrongly, what was probably meant, and the command line that says so
// SPDX-License-Identifier: MIT

import CheckedArithmetic

struct UsageError: Error {
  let message: String
  /// A command line to paste.
  var help = "purgatory help"

  init(_ message: String) { self.message = message }

  static func verb(
    _ verb: String, of words: [String], _ arguments: [String], isHelp: Bool = false
  ) -> UsageError {
    guard let meant = verb.nearest(of: words) else {
      return UsageError("no verb '\(verb)', expected \(list(words.filter { $0 != "manual" }))")
    }
    var error = UsageError("no verb '\(verb)', did you mean '\(meant)'?")
    error.help = commandLine((isHelp ? ["help"] : []) + [meant] + arguments.dropFirst())
    return error
  }

  /// What ArgumentParser says of `arguments`, as this command says it.
  init(_ text: String, verb: String?, _ arguments: [String]) {
    // Of the ways in which it can be misread, the first. What it would list on lines of their own stands in one.
    let text = String(text[..<(text.firstRange(of: "\n   or: ")?.lowerBound ?? text.endIndex)])
      .replacing("\n  - ", with: " ")
    var message = text.prefix(1).lowercased() + text.dropFirst()
    help = verb.map { "purgatory help \($0)" } ?? help
    let definitions = verb.flatMap { Definition.root[$0] }?.arguments ?? []

    if let match = message.wholeMatch(of: /unknown option '([^']*)'.*/) {
      let option = String(match.1)
      message = "unknown option '\(option)'"
      if let meant = option.nearest(of: definitions.flatMap(\.spellings).filter { $0.hasPrefix("--") }) {
        message += ", did you mean '\(meant)'?"
        help = Self.commandLine(
          arguments.map {
            $0 == option || $0.hasPrefix(option + "=") ? meant + $0.dropFirst(option.count) : $0
          })
      }
    } else if let match = message.wholeMatch(
      of: /(the value '(.*)' is invalid for '((-[^ ]*) <[^']*>)')\. Please provide one of .*/)
    {
      let (value, option) = (String(match.2), String(match.4))
      let values = definitions.first { $0.spellings.contains(option) }?.allValues ?? []
      if let meant = value.nearest(of: values) {
        message = "\(match.1), did you mean '\(meant)'?"
        var previous = ""
        help = Self.commandLine(
          arguments.map { argument in
            defer { previous = argument }
            if argument == "\(option)=\(value)" { return "\(option)=\(meant)" }
            return previous == option && argument == value ? meant : argument
          })
      } else {
        message = "\(match.1), expected \(Self.list(values))"
      }
    }
    self.message = message
  }

  /// `a, b or c`.
  static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }

  /// As a shell takes it.
  private static func commandLine(_ arguments: [String]) -> String {
    (["purgatory"] + arguments).map(\.quotedForShell).joined(separator: " ")
  }
}
