// Depfile.swift — the dependencies of an output, for make and ninja
// SPDX-License-Identifier: MIT

/// A rule in Make syntax: the target, and every file a change of which changes it.
public struct Depfile: Equatable, Sendable {
  public let text: String

  public init(target: String, dependencies: [String]) {
    let escape = { (path: String) in
      path.reduce(into: "") { text, character in
        if character == " " || character == "#" { text.append("\\") }
        text.append(character == "$" ? "$$" : String(character))
      }
    }
    // An empty rule for each dependency: a file that was removed is no error, as with gcc -MP.
    let empty = dependencies.map { "\(escape($0)):\n" }.joined()
    text = ([escape(target) + ":"] + dependencies.map(escape)).joined(separator: " \\\n  ") + "\n" + empty
  }
}
