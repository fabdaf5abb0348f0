// PreCommitTests.swift — the hook for pre-commit, run by it, of a repository that has it
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite(.requires(program: "pre-commit"), .requires(program: "git")) struct PreCommitTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func shell(_ commands: String) async throws -> Outcome {
    let own = [
      "HOME": folder.path, "PRE_COMMIT_HOME": "\(folder.path)/cache",
      "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a",
    ]
    return try await folder.shell(commands, own)
  }

  @Test func aBrokenPurgatoryIsNotCommitted() async throws {
    try folder.makeFolder("hooks")
    try folder.write(try read("\(packageFolder)/.pre-commit-hooks.yaml"), to: "hooks/.pre-commit-hooks.yaml")
    let hooks = try await shell(
      "cd hooks; git init -q; git add .pre-commit-hooks.yaml; git commit -qm hooks; git rev-parse HEAD")
    try #require(hooks.status == .exited(0), "\(hooks.error)")
    // The page's file, of this repository.
    let page = try #require(Page.blocks("yaml").first { $0.hasPrefix("repos:") })
    let revision = hooks.text.split(separator: "\n")[0]
    let configuration = page.replacing("https://github.com/OWNER/purgatory", with: "\(folder.path)/hooks")
      .replacing("REF", with: revision)
    try folder.makeFolder("project/boot")
    try folder.write(configuration, to: "project/.pre-commit-config.yaml")
    try await folder.done(["build", "-o", "project/boot/my purgatory.bin"])
    // Not a purgatory, and not taken for one.
    try folder.write("text", to: "project/other.bin")
    let commit = "cd project; git init -q; pre-commit install; git add -A; git commit -m purgatory"
    let good = try await shell(commit)
    #expect(good.status == .exited(0) && good.error.contains("purgatory check"), "\(good)")
    #expect(good.error.contains("Passed"), "\(good.error)")

    try await folder.damage("project/boot/my purgatory.bin", at: 0x400)
    let bad = try await shell(commit)
    #expect(bad.status == .exited(1) && bad.error.contains("boot/my purgatory.bin: "), "\(bad)")
  }
}
