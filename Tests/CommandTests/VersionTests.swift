// VersionTests.swift — one version, wherever it is told
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

@Suite struct VersionTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let release = Result {
    String(decoding: try read("\(packageFolder)/VERSION"), as: UTF8.self).filter { !$0.isNewline }
  }

  @Test(arguments: [["--version"], ["show", "--version"]]) func theCommandSaysIt(_ arguments: [String])
    async throws
  {
    let release = try Self.release.get()
    let said = try await folder.done(arguments)
    // Only make knows the commit.
    #expect(said.text == "purgatory \(release), ABI version \(PurgatoryInfo.supportedVersion)\n")
    #expect(said.error == "")
    #expect(release.wholeMatch(of: /\d+\.\d+\.\d+/) != nil && purgatoryVersion == release)
  }

  /// The newest entry of the change log is the version, and the ABI that it names the ABI.
  @Test func theChangeLogHasIt() throws {
    let log = String(decoding: try read("\(packageFolder)/CHANGELOG.md"), as: UTF8.self)
    let entry = try #require(log.firstMatch(of: /(?m)^## (\S+)\n\n(?:.*\n)*?.*ABI version (\d+)/))
    #expect(try String(entry.1) == Self.release.get())
    #expect(entry.2 == "\(PurgatoryInfo.supportedVersion)")
  }
}
