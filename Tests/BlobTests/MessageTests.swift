// MessageTests.swift — which messages there are, and their exact form
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite(.requiresQEMU) struct Messages {
  private func scenario(_ flags: PurgatoryInfo.Flags) async throws -> Scenario {
    var scenario = try await Scenario()
    try scenario.verify(
      [.init(at: 0x4100_0000, .random(70_000, seed: 60)), .init(at: 0x4200_0000, .random(1, seed: 61))],
      flags.union(.verifyRegions))
    return scenario
  }

  @Test("a success has two lines")
  func success() async throws {
    let lines = try await scenario([]).report().purgatory.split(separator: "\r\n" as Character)
    #expect(lines.count == 2)
    #expect(lines.first == "purgatory: version 2 at 0x40200000, EL1, 2 regions, 70001 bytes")
    #expect(
      lines.last?.wholeMatch(of: /purgatory: verified 70001 bytes in [1-9][0-9]* us \(.+\)/)
        != nil
    )
  }

  @Test("QUIET: not a word of a success")
  func quietSuccess() async throws {
    let scenario = try await scenario(.quiet)
    let report = try await scenario.report()
    #expect(report.purgatory == "")
    #expect(try report.info(of: scenario.blob).status == .verified)
    #expect(try scenario.violations(report) == [])
  }

  @Test("QUIET: not a word of skipped checks")
  func quietSkipped() async throws {
    var scenario = try await scenario(.quiet)
    scenario.info.skipChecks = true
    #expect(try await scenario.report().purgatory == "")
  }

  @Test("QUIET: every word of a failure")
  func quietFailure() async throws {
    var scenario = try await scenario(.quiet)
    let computed = scenario.info.regions[1].digest
    scenario.info.regions[1].digest = Digest(bytes: Array(0..<32))
    scenario.info.onFailure = .boot
    let text = """
      purgatory: digest mismatch
      purgatory: region 1 at 0x42000000, 1 bytes
      purgatory: expected 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
      purgatory: computed \(computed)
      purgatory: booting anyway

      """
    #expect(try await scenario.report().purgatory == crlf(text))
  }

  @Test("QUIET: what is wrong with info")
  func quietBadInfo() async throws {
    var scenario = try await scenario(.quiet)
    scenario.info.flags = .quiet
    scenario.info.onFailure = .boot
    let text = "purgatory: bad info: nothing to verify\npurgatory: booting anyway\n"
    #expect(try await scenario.report().purgatory == crlf(text))
  }

  @Test("every line ends with CR LF")
  func lineEnds() async throws {
    var scenario = try await scenario([])
    scenario.info.regions[0].digest = .zero
    scenario.info.onFailure = .poweroff
    let bytes = Array(try await scenario.console().utf8)
    #expect(bytes.suffix(2) == [0x0d, 0x0a])
    for (index, byte) in bytes.enumerated() where byte == 0x0a || byte == 0x0d {
      #expect(byte == 0x0a ? bytes[index - 1] == 0x0d : bytes[index + 1] == 0x0a)
    }
  }

  /// As a terminal wants it.
  private func crlf(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
  }
}
