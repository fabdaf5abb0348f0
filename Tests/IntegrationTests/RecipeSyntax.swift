// RecipeSyntax.swift — the lines of a BitBake recipe or configuration, those that the layer has; Debian has no bitbake
// SPDX-License-Identifier: MIT

/// BitBake's user manual, "Syntax and Operators".
struct RecipeSyntax {
  /// What is assigned, with its quotes taken off and nothing expanded.
  private(set) var variables: [String: String] = [:]
  private(set) var flags: [String: String] = [:]
  private(set) var functions: [String: String] = [:]
  private(set) var tasks: [String] = []
  private(set) var inherited: [String] = []

  struct Fault: Error, Equatable { let line: Int }

  /// - Throws: the first line that is none of what it has to be.
  init(_ text: String) throws(Fault) {
    // Immutable, but not Sendable: not worth a static.
    let assignment =
      /^([A-Za-z][A-Za-z0-9_\-:.]*)(?:\[([a-z\-]+)\])? *(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=) *(?:"([^"]*)"|'([^']*)')$/
    let header = /^(?:fakeroot )?([a-z_][a-z0-9_:]*) ?\(\) ?\{$/
    let inherit = /^inherit((?: [a-z][a-z0-9\-_.]*)+)$/
    let task = /^addtask ([a-z_]+)((?: (?:after|before)(?: do_[a-z_]+)+)*)$/
    var function: (name: String, body: [Substring])?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if let open = function {
        if line == "}" {
          functions[open.name] = open.body.joined(separator: "\n") + "\n"
          function = nil
        } else {
          // A body that goes on at the margin is one whose brace lacks.
          guard line.isEmpty || line.hasPrefix(" ") || line.hasPrefix("\t") else {
            throw Fault(line: index + 1)
          }
          function?.body.append(line)
        }
      } else if let match = line.wholeMatch(of: assignment) {
        let value = String(match.4 ?? match.5 ?? "")
        guard Self.isBalanced(value) else { throw Fault(line: index + 1) }
        if let flag = match.2 {
          flags["\(match.1)[\(flag)]", default: ""] += " \(value)"
        } else {
          variables[String(match.1)] = value
        }
      } else if let match = line.wholeMatch(of: header) {
        function = (String(match.1), [])
      } else if let match = line.wholeMatch(of: inherit) {
        inherited += match.1.split(separator: " ").map(String.init)
      } else if let match = line.wholeMatch(of: task) {
        tasks.append(String(match.1))
      } else if !line.isEmpty, !line.hasPrefix("#") {
        throw Fault(line: index + 1)
      }
    }
    if function != nil {
      throw Fault(line: text.split(separator: "\n", omittingEmptySubsequences: false).count)
    }
  }

  /// Whether each `${` has its brace.
  private static func isBalanced(_ value: String) -> Bool {
    var rest = value[...]
    while let start = rest.firstRange(of: "${") {
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else { return false }
      let inner = rest[start.upperBound..<end]
      // Of Python, what is nested is looked at again.
      guard inner.hasPrefix("@") || inner.wholeMatch(of: /[A-Za-z0-9_\-]+/) != nil else { return false }
      rest = inner.contains("${") ? rest[start.upperBound...] : rest[end...].dropFirst()
    }
    return true
  }
}
