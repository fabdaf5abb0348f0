// Problem.swift — what is wrong with an input: where, what was found, what was expected, how to mend it
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// One thing that is wrong with an input. Places and remedies are named as the command `purgatory` has them: its options,
/// and the fields of `struct purgatory_info`.
public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, or the option, at fault.
  public let file: String
  /// Where in it: a field, a symbol, a table; nil: the file as a whole.
  public let place: String?
  /// What is there, in words.
  public let found: String
  /// nil where `found` says it all.
  public let expected: String?
  /// How to mend it, if there is one way: a command or an option.
  public let help: String?

  package init(
    _ file: String, _ place: String? = nil, found: String, expected: String? = nil, help: String? = nil
  ) {
    self.file = file
    self.place = place
    self.found = found
    self.expected = expected
    self.help = help
  }

  /// The same, of its long texts only the ends: what a file holds must not become megabytes of error.
  package var shortened: Problem {
    Problem(
      file.shortened, place?.shortened, found: found.shortened, expected: expected?.shortened,
      help: help?.shortened)
  }

  /// The same, with a remedy.
  func helped(_ help: String) -> Problem {
    Problem(file, place, found: found, expected: expected, help: help)
  }

  /// `FILE: WHERE: what was found, expected what`.
  public var description: String {
    [file.isEmpty ? "''" : file, place, found].compactMap { $0 }.joined(separator: ": ")
      + (expected.map { ", expected \($0)" } ?? "")
  }
}

/// An input is rejected: all that is wrong with it, at least one thing. Whatever this library throws because of an input is
/// one, except for the errors that `PurgatoryInfo` has of its own.
public struct Rejection: Error, Equatable, Sendable {
  /// At least one; the first is no worse than the others.
  public let problems: [Problem]
  /// What a failed tool said itself, verbatim.
  public let transcript: String?
  /// Nobody reads standard output any more.
  package let isBrokenPipe: Bool
  /// Where everything would be, of problems that a picture makes plain.
  package let diagram: MemoryDiagram?

  package init(_ problems: [Problem], transcript: String? = nil, isBrokenPipe: Bool = false) {
    self.init(problems, transcript: transcript, isBrokenPipe: isBrokenPipe, diagram: nil)
  }

  private init(_ problems: [Problem], transcript: String?, isBrokenPipe: Bool, diagram: MemoryDiagram?) {
    self.problems = problems
    self.transcript = transcript
    self.isBrokenPipe = isBrokenPipe
    self.diagram = diagram
  }

  package init(_ problem: Problem) {
    self.init([problem])
  }

  /// The same, with a picture of memory.
  package func with(_ diagram: MemoryDiagram) -> Rejection {
    Rejection(problems, transcript: transcript, isBrokenPipe: isBrokenPipe, diagram: diagram)
  }
}
