// ManualPage.swift — a manual page in the macros of man(7)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

struct ManualPage {
  private let name: String
  private var lines: [String] = []

  var text: String { lines.map { "\($0)\n" }.joined() }

  /// The page of all verbs.
  static var ofCommand: ManualPage {
    let root = Definition.root
    var page = ManualPage("purgatory", root.abstract ?? "")
    page.heading("SYNOPSIS")
    page.lines += [".B purgatory", ".I verb", "[\\fIoptions\\fR] \\&..."]
    page.heading("DESCRIPTION")
    page.paragraph(
      """
      A kexec purgatory runs between two Linux kernels: it checks that the loaded segments are still what was loaded, then \
      enters the next kernel. This one has no relocations; everything a loader has to tell it is in one struct, which this \
      command fills in.
      """)
    page.heading("VERBS")
    for verb in Purgatory.verbs {
      let definition = root[verb._commandName]
      page.item("\\fBpurgatory\\-\(verb._commandName)\\fR(1)", definition?.abstract ?? "")
    }
    page.heading("OPTIONS")
    page.item(
      "\\fB\\-\\-version\\fR", "Print the release, the ABI version, and the commit where it is known.")
    page.item(
      "\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Print help; of a verb: `purgatory help VERB`.")
    page.heading("ENVIRONMENT")
    page.item("\\fBCROSS_COMPILE\\fR", "The prefix of GNU tools' names, where sources are assembled.")
    page.item(
      "\\fBTMPDIR\\fR", "Where what is unpacked, or read from a pipe, is kept meanwhile. (default: /var/tmp)")
    page.item("\\fBNO_COLOR\\fR", "If it is set, reports have no colours.")
    page.heading("FILES")
    page.item("\\fIPREFIX\\fR/share/purgatory/", "The sources, and purgatory.elf, which was built from them.")
    page.item(
      "\\fIPREFIX\\fR/include/purgatory_info.h", "The ABI, for loaders; pkg-config knows it as purgatory.")
    page.exitStatus(Build.exitStatuses)
    page.example(Purgatory.verbs[0].example)
    page.seeAlso(Purgatory.verbs.map { "purgatory-\($0._commandName)" } + ["kexec"])
    return page
  }

  init(_ verb: any Verb.Type) {
    let definition = Definition.root[verb._commandName]
    let arguments = (definition?.arguments ?? []).filter(\.shouldDisplay)
    self.init("purgatory-\(verb._commandName)", definition?.abstract ?? "")
    heading("SYNOPSIS")
    lines.append("\\fBpurgatory \(verb._commandName)\\fR [\\fIoptions\\fR]")
    lines += arguments.filter { $0.kind == .positional || !$0.isOptional }.map(Self.usage)
    if let discussion = definition?.discussion {
      heading("DESCRIPTION")
      paragraph(discussion)
    }
    var sections: [(title: String?, arguments: [Definition.Argument])] = []
    for argument in arguments {
      if let index = sections.firstIndex(where: { $0.title == argument.sectionTitle }) {
        sections[index].arguments.append(argument)
      } else {
        sections.append((argument.sectionTitle, [argument]))
      }
    }
    heading("OPTIONS")
    for section in sections {
      if let title = section.title { lines.append(".SS \(title)") }
      var rest = section.arguments[...]
      while let argument = rest.popFirst() {
        // A flag and its inversion are one option.
        var spelling = Self.spelling(argument)
        if argument.kind == .flag, let next = rest.first, next.kind == .flag,
          next.abstract == argument.abstract
        {
          spelling += ", \(Self.spelling(rest.removeFirst()))"
        }
        item(spelling, Self.help(argument))
      }
    }
    exitStatus(verb.exitStatuses)
    example(verb.example)
    seeAlso(["purgatory"] + Purgatory.verbs.filter { $0 != verb }.map { "purgatory-\($0._commandName)" })
  }

  private init(_ name: String, _ abstract: String) {
    self.name = name
    lines = [
      ".\\\" made by `purgatory manual`",
      ".TH \(name.uppercased().roff) 1 \"\" \"purgatory \(purgatoryVersion)\" \"Kexec purgatories\"",
      ".SH NAME",
      "\(name.roff) \\- \(abstract.prefix(1).lowercased().roff)\(String(abstract.dropFirst()).roff)"
        .trimmingFullStop,
    ]
  }

  private mutating func heading(_ title: String) { lines.append(".SH \(title)") }

  private mutating func paragraph(_ text: String) {
    for (index, part) in text.split(separator: "\n").enumerated() {
      if index > 0 { lines.append(".PP") }
      lines.append(String(part).roff)
    }
  }

  /// - Parameter term: as roff.
  private mutating func item(_ term: String, _ text: String) {
    lines += [".TP", term, text.roff]
  }

  private mutating func exitStatus(_ statuses: [(status: Int, meaning: String)]) {
    heading("EXIT STATUS")
    for (status, meaning) in statuses { item("\\fB\(status)\\fR", meaning) }
  }

  private mutating func example(_ line: String) {
    heading("EXAMPLES")
    lines += [".nf", "\\fBpurgatory \(line.roff)\\fR", ".fi"]
  }

  private mutating func seeAlso(_ names: [String]) {
    heading("SEE ALSO")
    lines += [".nh", ".ad l"]
    for (index, name) in names.enumerated() {
      let section = name == "kexec" ? 8 : 1
      lines.append(".BR \(name.roff) (\(section))\(index == names.count &- 1 ? "" : ",")")
    }
  }

  /// In the synopsis.
  private static func usage(_ argument: Definition.Argument) -> String {
    let value = "\\fI\((argument.valueName ?? "value").roff)\\fR"
    let dots = argument.isRepeating ? " \\&..." : ""
    if let option = argument.spellings.first { return "\\fB\(option.roff)\\fR \(value)" }
    return argument.isOptional ? "[\(value)\(dots)]" : "\(value)\(dots)"
  }

  /// In the list of options.
  private static func spelling(_ argument: Definition.Argument) -> String {
    let value = argument.kind == .flag ? "" : "\\fI\((argument.valueName ?? "value").roff)\\fR"
    let names = argument.spellings.map { "\\fB\($0.roff)\\fR" }.joined(separator: ", ")
    return names.isEmpty || value.isEmpty ? names + value : "\(names) \(value)"
  }

  private static func help(_ argument: Definition.Argument) -> String {
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.isEmpty {
      text += " One of \(values.joined(separator: ", "))."
    }
    if let value = argument.defaultValue, !value.isEmpty { text += " (default: \(value))" }
    return text
  }
}

extension String {
  /// As text of roff: what is between backticks is bold, and nothing is a request.
  fileprivate var roff: String {
    var text = replacing("\\", with: "\\e").replacing("…", with: "...").replacing("-", with: "\\-").replacing(
      "'", with: "\\(aq"
    )
    .replacing("^", with: "\\(ha").replacing("~", with: "\\(ti")
    text.replace(/`([^`]*)`/) { "\\fB\($0.1)\\fR" }
    return text.hasPrefix(".") ? "\\&\(text)" : text
  }

  fileprivate var trimmingFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
