// SARIF.swift — findings for code-scanning services (OASIS SARIF 2.1.0)
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

struct SARIF: Encodable {
  let schema = "https://json.schemastore.org/sarif-2.1.0.json"
  let version = "2.1.0"
  let runs: [Run]

  enum CodingKeys: String, CodingKey {
    case version, runs
    case schema = "$schema"
  }

  struct Run: Encodable {
    let tool: Tool
    let invocations: [Invocation]
    let artifacts: [Artifact]
    let results: [Result]
  }

  struct Tool: Encodable {
    let driver: Driver
  }

  struct Driver: Encodable {
    let name = "purgatory check"
    let rules: [ReportingDescriptor]
  }

  struct ReportingDescriptor: Encodable {
    let id: String
    let shortDescription: Message
    let help: Message
  }

  struct Message: Encodable {
    let text: String
  }

  struct Invocation: Encodable {
    let executionSuccessful = true
    let ruleConfigurationOverrides: [ConfigurationOverride]
  }

  /// A rule as the command line has it, which is not as the tool has it.
  struct ConfigurationOverride: Encodable {
    let descriptor: ReportingDescriptorReference
    let configuration = ReportingConfiguration()
  }

  struct ReportingDescriptorReference: Encodable {
    let id: String
    let index: Int
  }

  struct ReportingConfiguration: Encodable {
    let enabled = false
  }

  struct Artifact: Encodable {
    let location: ArtifactLocation
  }

  struct ArtifactLocation: Encodable {
    let uri: String
  }

  struct Result: Encodable {
    let ruleId: String
    let ruleIndex: Int
    let level = "error"
    let message: Message
    let locations: [Location]
  }

  struct Location: Encodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]
  }

  struct PhysicalLocation: Encodable {
    let artifactLocation: ArtifactLocation
    let region = Region()
  }

  /// Code-scanning services demand a line, of a binary file, too.
  struct Region: Encodable {
    let startLine = 1
  }

  struct LogicalLocation: Encodable {
    let fullyQualifiedName: String
  }

  /// - Parameter omissions: the rules that were applied to none of the files.
  init(_ files: [CheckedFile], omissions: [Rule: Omission]) {
    let rules = Rule.allCases
    let results = files.flatMap { file in
      file.findings.map { finding in
        Result(
          ruleId: finding.rule.rawValue, ruleIndex: rules.firstIndex(of: finding.rule) ?? 0,
          message: Message(text: "\(finding.location): \(finding.message)"),
          locations: [
            Location(
              physicalLocation: PhysicalLocation(artifactLocation: ArtifactLocation(uri: uri(of: file.path))),
              logicalLocations: [LogicalLocation(fullyQualifiedName: finding.location)])
          ])
      }
    }
    let descriptors = rules.map {
      ReportingDescriptor(
        id: $0.rawValue, shortDescription: Message(text: $0.summary), help: Message(text: $0.help))
    }
    let overrides = rules.enumerated().filter { omissions[$0.element] != nil }.map {
      ConfigurationOverride(
        descriptor: ReportingDescriptorReference(id: $0.element.rawValue, index: $0.offset))
    }
    runs = [
      Run(
        tool: Tool(driver: Driver(rules: descriptors)),
        invocations: [Invocation(ruleConfigurationOverrides: overrides)],
        artifacts: files.map { Artifact(location: ArtifactLocation(uri: uri(of: $0.path))) }, results: results
      )
    ]
  }
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
