// ActionTests.swift — the steps of the GitHub action, run by bash as a runner does; and its use, as the page has it
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite(.requires(file: "/usr/lib/python3/dist-packages/yaml/__init__.py")) struct ActionTests {
  let folder: Folder
  private static let action = "integrations/github-action"

  init() throws { folder = try Folder() }

  private func yaml(_ text: String) async throws -> Any {
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    let outcome = try await Command.run(
      "/usr/bin/python3", ["-c", script], in: folder.path, input: Array(text.utf8))
    try #require(outcome.status == .exited(0), "\(outcome.error)")
    return try JSONSerialization.jsonObject(with: Data(outcome.output))
  }

  private func action() async throws -> [String: Any] {
    let text = String(decoding: try read("\(packageFolder)/\(Self.action)/action.yml"), as: UTF8.self)
    return try #require(try await yaml(text) as? [String: Any])
  }

  private func steps() async throws -> [[String: Any]] {
    let runs = try #require(try await action()["runs"] as? [String: Any])
    #expect(runs["using"] as? String == "composite")
    return try #require(runs["steps"] as? [[String: Any]])
  }

  /// Runs a step's commands.
  private func run(
    _ step: [String: Any], _ inputs: [String: String] = [:], path: String
  ) async throws -> Outcome {
    #expect(step["shell"] as? String == "bash")
    try folder.write(try #require(step["run"] as? String), to: "step.sh")
    var environment = [
      "PATH": path, "GITHUB_OUTPUT": "\(folder.path)/output", "GITHUB_PATH": "\(folder.path)/path",
      "GITHUB_ACTION_PATH": "\(packageFolder)/\(Self.action)", "RUNNER_TEMP": "\(folder.path)/temp",
    ]
    for (name, value) in step["env"] as? [String: String] ?? [:] {
      let input = try #require(value.wholeMatch(of: /\$\{\{ inputs\.([a-z]+) \}\}/)).1
      environment[name] = inputs[String(input)]
    }
    let bash = try #require(Tools.inPath("bash"))
    return try await Command.run(
      bash, ["--noprofile", "--norc", "-eo", "pipefail", "step.sh"], in: folder.path, environment: environment
    )
  }

  private func check(_ files: String, _ inputs: [String: String] = [:]) async throws -> Outcome {
    let declared = try #require(try await action()["inputs"] as? [String: [String: Any]])
    let defaults = declared.compactMapValues { $0["default"] as? String }
    #expect(
      Set(declared.keys) == ["files", "format", "output", "options"]
        && declared["files"]?["required"] as? Bool == true)
    return try await run(
      try #require(try await steps().last),
      defaults.merging(["files": files]) { $1 }.merging(inputs) { $1 }, path: pathWithPurgatory())
  }

  @Test func itChecks() async throws {
    try await folder.done(["build", "-o", "a purgatory.bin"])
    try await folder.done(["build", "--format", "elf", "-o", "purgatory.elf"])
    let good = try await check("a purgatory.bin\n*.elf\n")
    #expect(good.status == .exited(0), "\(good)")
    try await folder.damage("purgatory.elf", at: 0x1400)
    let bad = try await check("a purgatory.bin\n*.elf\n")
    #expect(bad.status == .exited(2) && bad.text.contains("::error file=purgatory.elf"), "\(bad)")
    #expect(!bad.text.contains("file=a purgatory.bin"))
    let report = try await check(
      "purgatory.elf", ["format": "sarif", "output": "r.sarif", "options": "--max-size 4K --verbose"])
    #expect(report.status != .exited(0))
    #expect(try folder.text(of: "r.sarif").contains("load-segment"))
    // A file's name is no option, nor a command.
    #expect(try await check("$(touch pwned)\n--explain").status == .exited(2))
    #expect(!folder.exists("pwned"))
  }

  /// What is in PATH is used; else the command is built, in a copy of the action's repository, and put there.
  @Test func itInstalls() async throws {
    let steps = try await steps()
    let there = try await run(steps[0], path: pathWithPurgatory())
    #expect(there.status == .exited(0) && !folder.exists("output"), "\(there)")

    try folder.makeFolder("bin")
    for (name, script) in [
      ("sudo", "exec \"$@\""), ("apt-get", "echo \"apt-get $*\" >>\(folder.path)/log"),
      ("swift", "echo \"swift $* in $PWD\" >>\(folder.path)/log"),
      ("install", "echo \"install $*\" >>\(folder.path)/log"),
    ] {
      try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)")
      try folder.setMode(0o755, of: "bin/\(name)")
    }
    let path = "\(folder.path)/bin:/usr/bin:/bin"
    #expect(try await run(steps[0], path: path).status == .exited(0))
    #expect(
      try folder.text(of: "output").wholeMatch(of: /key=purgatory-[^-\s]+-[^-\s]+-[0-9a-f]{64}\n/) != nil)
    let key = try #require(steps[1]["with"] as? [String: String])["key"]
    #expect(steps[0]["id"] as? String == "tool" && key == "${{ steps.tool.outputs.key }}")
    for step in steps[1...3] { #expect((step["if"] as? String)?.hasPrefix("steps.tool.outputs.key") == true) }
    for step in steps[2...3] {
      let outcome = try await run(step, path: path)
      #expect(outcome.status == .exited(0), "\(outcome.error)")
    }
    #expect(try folder.text(of: "path") == "\(folder.path)/temp/purgatory\n")
    let log = try folder.text(of: "log")
    // As docs/ci.md has it, whose commands are what people type.
    let page = String(decoding: try read("\(packageFolder)/docs/ci.md"), as: UTF8.self)
    for command in log.split(separator: "\n") {
      if let packages = command.wholeMatch(of: /apt-get install -qq (.*)/)?.1 {
        #expect(page.contains("apt-get install -y \(packages)\n"), "\(packages)")
      } else if let build = command.wholeMatch(of: /swift (.*) in (.*)/) {
        #expect(page.contains("swift \(build.1)\n") && build.2 == packageFolder, "\(command)")
      }
    }
    #expect(log.contains("install -D .build/release/purgatory \(folder.path)/temp/purgatory/purgatory\n"))
    #expect(log.split(separator: "\n").count == 4)
  }

  @Test func thePagesStep() async throws {
    let block = try #require(Page.blocks("yaml").first { $0.hasPrefix("- uses:") })
    let step = try #require(try await yaml(block) as? [[String: Any]])[0]
    #expect(step["uses"] as? String == "OWNER/purgatory/\(Self.action)@REF")
    let inputs = try #require(step["with"] as? [String: String])
    try folder.writeInputs()
    try await folder.done(["build", "--format", "elf"])
    try await folder.done(["build", "--kernel", "Image", "--dtb", "board.dtb", "--output-dir", "out"])
    #expect(try await check(try #require(inputs["files"])).status == .exited(0))
  }
}

extension Trait where Self == ConditionTrait {
  static func requires(file: String) -> Self {
    .enabled(if: FileManager.default.fileExists(atPath: file) || Tools.isCI, "\(file) is missing")
  }
}
