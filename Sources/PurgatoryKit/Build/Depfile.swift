// Depfile.swift — the dependencies of an output, for make and ninja
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// A rule in Make syntax: the target, and every file a change of which changes it.
package struct Depfile: Equatable, Sendable {
  package let text: String

  /// - Throws: every name that make would not read back, whatever stands before its characters.
  package init(target: String, dependencies: [String]) throws(Rejection) {
    let problems = ([target] + dependencies).compactMap { name in
      Self.fault(of: name).map { fault in
        Problem(
          name, "--depfile", found: "a name with \(fault)",
          expected: "one that make can read", help: "rename the file, or leave --depfile out")
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }
    // An empty rule for each dependency: a file that was removed is no error, as with gcc -MP.
    let empty = dependencies.map { "\(Self.escape($0)):\n" }.joined()
    text =
      ([Self.escape(target) + ":"] + dependencies.map(Self.escape)).joined(separator: " \\\n  ") + "\n"
      + empty
  }

  private static func fault(of name: String) -> String? {
    if name.hasPrefix("~") { return "~ at its start" }
    // .PHONY and the like, and rules for suffixes.
    if name.hasPrefix("."), !name.contains("/") { return ". at its start" }
    if name.hasSuffix(" ") { return "a space at its end" }
    return name.unicodeScalars.first { !isReadable($0) }.map { String($0).printable }
  }

  /// Make has no escape for these, or not in every place: they assign, order, match names, name members, end the line.
  private static func isReadable(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && scalar.value != 0x7f && !";=|%\\*?[(&".unicodeScalars.contains(scalar)
  }

  private static func escape(_ path: String) -> String {
    path.reduce(into: "") { text, character in
      if " #:".contains(character) { text.append("\\") }
      text.append(character == "$" ? "$$" : String(character))
    }
  }
}
