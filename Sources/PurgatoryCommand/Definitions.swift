// Definitions.swift — the verbs and their options, as ArgumentParser describes them to programs
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import FoundationEssentials

/// A verb of the command.
protocol Verb: ParsableCommand {
  /// One command line that does something real; its words have no spaces.
  static var example: String { get }
  static var exitStatuses: [(status: Int, meaning: String)] { get }
}

extension Verb {
  static var exitStatuses: [(status: Int, meaning: String)] {
    [(0, "Done."), (1, "An input was rejected."), (64, "The command was used wrongly.")]
  }
}

/// What is defined of a command, for its manual page and for what is nearest to a typing error.
struct Definition: Decodable {
  let commandName: String
  let abstract: String?
  let discussion: String?
  let arguments: [Argument]?
  let subcommands: [Definition]?

  struct Argument: Decodable {
    let kind: Kind
    let shouldDisplay: Bool
    let sectionTitle: String?
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    let allValues: [String]?
    let abstract: String?

    enum Kind: String, Decodable { case positional, option, flag }

    /// As they are typed: `-o`, `--output`.
    var spellings: [String] {
      (names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }.sorted { $0.count < $1.count }
    }
  }

  struct Name: Decodable {
    let kind: String
    let name: String
  }

  /// Those of the whole command.
  static let root: Definition = {
    struct Dump: Decodable { let command: Definition }
    guard let dump = try? JSONDecoder().decode(Dump.self, from: Data(Purgatory._dumpHelp().utf8)) else {
      fatalError("ArgumentParser describes commands in another way")
    }
    return dump.command
  }()

  /// That of a verb.
  subscript(verb: String) -> Definition? { subcommands?.first { $0.commandName == verb } }
}
