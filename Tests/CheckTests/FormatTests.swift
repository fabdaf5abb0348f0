// FormatTests.swift — what `check` reports in each format, to the byte, and what each format demands of it
// SPDX-License-Identifier: MIT

import Foundation
import FoundationXML
import PurgatoryKit
import TestSupport
import Testing

@Suite struct FormatTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  /// One that passes, one with findings of several rules, two of them with the same remedy, one that is not there.
  static let files = ["good.elf", "sub folder/bad.elf", "missing.elf"]

  static func makeFiles(in folder: Folder) async throws {
    try folder.makeFolder("sub folder")
    try await Crafted { $0.isSealed = true }.make(in: folder, as: "good.elf")
    try await Crafted {
      $0.isSealed = true
      $0.entry = "code"
      $0.more = ".weak first, second\nbl first\nbl second"
    }.make(in: folder, as: "bad.elf")
    try folder.write(try folder.read("bad.elf"), to: files[1])
  }

  @Test(arguments: ["text", "json", "sarif", "junit", "github"])
  func severalFiles(_ format: String) async throws {
    try await Self.makeFiles(in: folder)
    let outcome = try await folder.purgatory(["check", "--format", format] + Self.files)
    #expect(outcome.status == .exited(2))
    #expect(outcome.error == "")
    try Golden.expect(outcome.text, "several.\(format)", in: folder)
    let good = try await folder.done(["check", "--format", format, "good.elf"])
    try Golden.expect(good.text, "good.\(format)", in: folder)
  }

  @Test func textIsTheDefault() async throws {
    try await Self.makeFiles(in: folder)
    let text = try await folder.purgatory(["check", "--format", "text"] + Self.files).text
    try #expect(await folder.purgatory(["check"] + Self.files).text == text)
  }

  /// The required properties of the SARIF 2.1.0 schema, and what code-scanning services use.
  @Test func sarifHasWhatTheSchemaRequires() async throws {
    try await Self.makeFiles(in: folder)
    let outcome = try await folder.purgatory(["check", "--format", "sarif"] + Self.files)
    let log = try JSONDecoder().decode(SARIFLog.self, from: Data(outcome.output))
    #expect(log.version == "2.1.0")
    #expect(log.schema.hasSuffix("sarif-2.1.0.json"))
    let run = try #require(log.runs.first)
    #expect(log.runs.count == 1)
    let rules = run.tool.driver.rules
    #expect(rules.map(\.id) == Rule.allCases.map(\.rawValue))
    #expect(rules.allSatisfy { !$0.shortDescription.text.isEmpty && !$0.help.text.isEmpty })
    #expect(!run.tool.driver.name.isEmpty)
    #expect(run.artifacts.map(\.location.uri) == ["good.elf", "sub%20folder/bad.elf", "missing.elf"])
    #expect(run.results.count == 3)
    #expect(run.results.map(\.occurrenceCount) == [2, 1, 1])
    #expect(!run.tool.driver.semanticVersion.isEmpty)
    // One of the files is not there.
    #expect(run.invocations.map(\.executionSuccessful) == [false])
    #expect(run.invocations[0].toolExecutionNotifications.count == 3)
    for result in run.results {
      #expect(rules[result.ruleIndex].id == result.ruleId)
      #expect(result.level == "error" && result.kind == "fail")
      #expect(!result.message.text.isEmpty)
      let location = try #require(result.locations.first)
      #expect(run.artifacts.map(\.location.uri).contains(location.physicalLocation.artifactLocation.uri))
      #expect(location.logicalLocations.allSatisfy { !$0.fullyQualifiedName.isEmpty })
    }
  }

  @Test func junitHasACaseForEachFileAndRule() async throws {
    try await Self.makeFiles(in: folder)
    let outcome = try await folder.purgatory(["check", "--format", "junit"] + Self.files)
    let report = try JUnitReport(outcome.output)
    let rules = Rule.allCases.map(\.rawValue)
    #expect(report.cases.map(\.rule) == rules + rules + rules)
    for (index, file) in Self.files.enumerated() {
      #expect(report.cases[index * rules.count..<(index + 1) * rules.count].allSatisfy { $0.file == file })
    }
    #expect(report.rules("failure", in: Self.files[1]) == ["undefined-symbol", "entry"])
    // What is not there is the machine's error, and not the blob's failure.
    #expect(report.rules("failure", in: "missing.elf") == [])
    #expect(report.rules("error", in: "missing.elf") == ["malformed-elf"])
    // All findings of a rule are in its one failure.
    #expect(report.failures[0].components(separatedBy: "\n").count == 2)
    #expect(report.failures[0].contains("(and 1 more)") && report.failures[0].contains("help: define it"))
    #expect(report.output.map { $0.split(separator: "\n").count } == [2, 2, 2])
  }

  @Test func githubHasALineForEachFinding() async throws {
    try await Self.makeFiles(in: folder)
    try folder.write(try folder.read("bad.elf"), to: "a,b:c%d.elf")
    let outcome = try await folder.purgatory(["check", "--format", "github", "a,b:c%d.elf"])
    let lines = outcome.text.split(separator: "\n")
    #expect(lines.count == 3)
    for line in lines.dropLast() {
      #expect(line.hasPrefix("::error file=a%2Cb%3Ac%25d.elf,title="), "\(line)")
    }
    #expect(lines.last == "1 broken of 1 file; purgatory check \(purgatoryVersion)")
  }
}

/// What the schema of SARIF 2.1.0 requires: decoding fails without it.
struct SARIFLog: Decodable {
  let version: String
  let schema: String
  let runs: [Run]

  enum CodingKeys: String, CodingKey {
    case version, runs
    case schema = "$schema"
  }

  struct Run: Decodable {
    let tool: Tool
    let invocations: [Invocation]
    let artifacts: [Artifact]
    let results: [Result]
  }
  struct Tool: Decodable { let driver: Driver }
  struct Driver: Decodable {
    let name: String
    let semanticVersion: String
    let rules: [Rule]
  }
  struct Rule: Decodable {
    let id: String
    let shortDescription: Message
    let fullDescription: Message
    let help: Message
  }
  struct Invocation: Decodable {
    let executionSuccessful: Bool
    let ruleConfigurationOverrides: [Override]
    let toolExecutionNotifications: [Notification]
  }
  struct Notification: Decodable {
    let level: String
    let message: Message
  }
  struct Override: Decodable {
    let descriptor: Reference
    let configuration: Configuration
  }
  struct Reference: Decodable {
    let id: String
    let index: Int
  }
  struct Configuration: Decodable { let enabled: Bool }
  struct Message: Decodable { let text: String }
  struct Artifact: Decodable { let location: ArtifactLocation }
  struct ArtifactLocation: Decodable { let uri: String }
  struct Result: Decodable {
    let ruleId: String
    let ruleIndex: Int
    let kind: String
    let level: String
    let message: Message
    let locations: [Location]
    let occurrenceCount: Int
  }
  struct Location: Decodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]
  }
  struct PhysicalLocation: Decodable {
    let artifactLocation: ArtifactLocation
    let region: Region
  }
  struct Region: Decodable { let startLine: Int }
  struct LogicalLocation: Decodable { let fullyQualifiedName: String }
}
