// SARIF.swift — findings for code-scanning services (OASIS SARIF 2.1.0)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// One run, its results written as the files are judged.
struct SARIF: CheckWriter {
  /// What is judged.
  let paths: [String]
  /// The rules that were applied to none of the files.
  let omissions: [Rule: Omission]
  private var resultCount = 0
  private var leftOut = 0
  private var notes: [Notification] = []
  private var isComplete = true

  /// Services reject a run with more results.
  private static let maximumResults = 25_000

  init(paths: [String], omissions: [Rule: Omission]) {
    self.paths = paths
    self.omissions = omissions
  }

  func begin() throws -> String {
    var seen: Set<String> = []
    let artifacts = paths.filter { seen.insert($0).inserted }.map {
      Artifact(location: ArtifactLocation(uri: uri(of: $0)))
    }
    return """
      {
        "$schema" : "https://json.schemastore.org/sarif-2.1.0.json",
        "version" : "2.1.0",
        "runs" : [
          {
            "artifacts" : \(try jsonText(artifacts).indented(by: 6).trimmingSpace),
            "results" : [
      """ + "\n"
  }

  mutating func text(of file: CheckedFile) throws -> String {
    let results = results(of: file)
    let taken = results.prefix(Self.maximumResults - 1 - resultCount)
    leftOut += results.count - taken.count
    var text = ""
    if !taken.isEmpty {
      // An array without its brackets, each of which has a line of its own.
      let array = try jsonText(Array(taken)).utf8.dropFirst(2).dropLast(2)
      text = (resultCount == 0 ? "" : ",\n") + String(decoding: array, as: UTF8.self).indented(by: 6)
    }
    resultCount += taken.count
    if file.verdict == .unreadable { isComplete = false }
    for note in ["judged \(file.judged): \(file.verdict.rawValue)"] + file.notes {
      notes.append(Notification(level: "note", message: Message(text: "\(file.path.printable): \(note)")))
    }
    return text
  }

  func end(_ summary: CheckSummary) throws -> String {
    var notes = notes
    if leftOut > 0 {
      notes.append(
        Notification(
          level: "warning",
          message: Message(text: "\(leftOut) results are left out: services take \(Self.maximumResults)")))
    }
    let overrides = Rule.allCases.enumerated().filter { omissions[$0.element] != nil }.map {
      ConfigurationOverride(
        descriptor: ReportingDescriptorReference(id: $0.element.rawValue, index: $0.offset))
    }
    let invocation = Invocation(
      executionSuccessful: isComplete, ruleConfigurationOverrides: overrides,
      toolExecutionNotifications: notes)
    return """

            ],
            "invocations" : \(try jsonText([invocation]).indented(by: 6).trimmingSpace),
            "tool" : \(try jsonText(Tool()).indented(by: 6).trimmingSpace)
          }
        ]
      }

      """
  }

  private func results(of file: CheckedFile) -> [Result] {
    let place = PhysicalLocation(artifactLocation: ArtifactLocation(uri: uri(of: file.path)))
    var results = file.findings.map { finding in
      Result(
        finding.rule, kind: "fail", level: "error",
        "\(finding.location): \(finding.message); \(finding.help)", place, finding.location, finding.count)
    }
    if let doubt = file.doubt, file.passes {
      results.append(
        Result(
          .proof, kind: "open", level: "none", "unproven: \(doubt.reason); \(doubt.help)", place, "file", 1))
    }
    return results
  }

  private struct Message: Encodable {
    let text: String
  }

  private struct MarkdownMessage: Encodable {
    let text: String
    let markdown: String
  }

  private struct Tool: Encodable {
    let driver = Driver()
  }

  private struct Driver: Encodable {
    let name = "purgatory check"
    let semanticVersion = purgatoryVersion
    let rules = Rule.allCases.map(ReportingDescriptor.init)
  }

  private struct ReportingDescriptor: Encodable {
    let id: String
    let shortDescription: Message
    let fullDescription: Message
    let help: MarkdownMessage

    init(_ rule: Rule) {
      id = rule.rawValue
      shortDescription = Message(text: rule.summary)
      // The page breaks its lines.
      fullDescription = Message(text: rule.what.replacing("\n", with: " "))
      help = MarkdownMessage(
        text: rule.summary.prefix(1).uppercased() + rule.summary.dropFirst() + ". " + rule.help,
        markdown: rule.page)
    }
  }

  private struct Invocation: Encodable {
    let executionSuccessful: Bool
    let ruleConfigurationOverrides: [ConfigurationOverride]
    let toolExecutionNotifications: [Notification]
  }

  private struct Notification: Encodable {
    let level: String
    let message: Message
  }

  /// A rule as the command line has it, which is not as the tool has it.
  private struct ConfigurationOverride: Encodable {
    let descriptor: ReportingDescriptorReference
    let configuration = ReportingConfiguration()
  }

  private struct ReportingDescriptorReference: Encodable {
    let id: String
    let index: Int
  }

  private struct ReportingConfiguration: Encodable {
    let enabled = false
  }

  private struct Artifact: Encodable {
    let location: ArtifactLocation
  }

  private struct ArtifactLocation: Encodable {
    let uri: String
  }

  private struct Result: Encodable {
    let ruleId: String
    let ruleIndex: Int
    let kind: String
    let level: String
    let message: Message
    let locations: [Location]
    let occurrenceCount: Int

    init(
      _ rule: Rule, kind: String, level: String, _ text: String, _ place: PhysicalLocation, _ name: String,
      _ count: Int
    ) {
      ruleId = rule.rawValue
      ruleIndex = Rule.allCases.firstIndex(of: rule) ?? 0
      self.kind = kind
      self.level = level
      message = Message(text: text)
      locations = [
        Location(physicalLocation: place, logicalLocations: [LogicalLocation(fullyQualifiedName: name)])
      ]
      occurrenceCount = count
    }
  }

  private struct Location: Encodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]
  }

  private struct PhysicalLocation: Encodable {
    let artifactLocation: ArtifactLocation
    let region = Region()
  }

  /// Code-scanning services demand a line, of a binary file, too.
  private struct Region: Encodable {
    let startLine = 1
  }

  private struct LogicalLocation: Encodable {
    let fullyQualifiedName: String
  }
}

extension String {
  fileprivate var trimmingSpace: String { String(drop { $0 == " " }) }
}

/// A path as a URI reference (RFC 3986): what may not stand in one is percent-encoded.
private func uri(of path: String) -> String {
  let text = path.utf8.reduce(into: "") { text, byte in
    let scalar = Unicode.Scalar(byte)
    if scalar.isASCII, scalar.properties.isAlphabetic || "0123456789-._~/".unicodeScalars.contains(scalar) {
      text.unicodeScalars.append(scalar)
    } else {
      text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
  }
  return path.hasPrefix("/") ? "file://" + text : text
}
