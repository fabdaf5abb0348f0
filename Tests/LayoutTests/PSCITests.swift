// PSCITests.swift — how a device tree says that PSCI is reached, and when there is none that could reset
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import CommandTests
@testable import PurgatoryKit

@Suite struct PSCITests {
  private static func node(_ names: String..., method: TreeNode.Value? = "smc") -> TreeNode {
    var node = TreeNode("psci", ["compatible": .init(bytes: names.flatMap { Array($0.utf8) + [0] })])
    if let method { node.properties.append(("method", method.bytes)) }
    return node
  }

  private func psci(_ children: TreeNode...) throws -> Result<PurgatoryInfo.PSCIConduit, Problem> {
    try TreeNode("", ["#address-cells": [2], "#size-cells": [2]], children).board().psci
  }

  private func found(_ children: TreeNode...) throws -> PurgatoryInfo.PSCIConduit? {
    guard case .success(let conduit) = try TreeNode("", [:], children).board().psci else { return nil }
    return conduit
  }

  @Test func byCompatible() throws {
    #expect(try found(Self.node("arm,psci-0.2")) == .smc)
    #expect(try found(Self.node("arm,psci-1.0", method: "hvc")) == .hvc)
    #expect(try found(Self.node("arm,psci-1.0", "arm,psci-0.2", "arm,psci", method: "hvc")) == .hvc)
    // Wherever it is; the first one counts, as for Linux.
    #expect(try found(TreeNode("firmware", [:], [Self.node("arm,psci-1.0", method: "hvc")])) == .hvc)
    let deep = (0..<20).reduce(Self.node("arm,psci-0.2", method: "hvc")) { TreeNode("n\($1)", [:], [$0]) }
    #expect(try found(TreeNode("before", [:], [TreeNode("x")]), deep, Self.node("arm,psci-0.2")) == .hvc)
    // By its name it is none.
    #expect(try found(TreeNode("psci", ["method": "smc"])) == nil)
    #expect(try found(Self.node("vendor,psci")) == nil)
    // Switched off is the node, or not; the first name that is known counts.
    #expect(try found(TreeNode("firmware", ["status": "disabled"], [Self.node("arm,psci-1.0")])) == .smc)
    #expect(try found(Self.node("arm,psci", "arm,psci-0.2")) == nil)
    #expect(try found(Self.node("arm,psci-9", "arm,psci-0.2")) == .smc)
  }

  @Test func whyNot() throws {
    func problem(_ node: TreeNode?) throws -> String {
      let result = try node.map { try psci($0) } ?? psci()
      guard case .failure(let problem) = result else { return "" }
      #expect(problem.help?.hasSuffix("--psci smc or --psci hvc") == true)
      return problem.description
    }
    let none =
      "board.dtb: PSCI: none, so nothing resets or powers off, "
      + "expected a node that is compatible with arm,psci-0.2 or newer"
    #expect(try problem(nil) == none)
    var disabled = Self.node("arm,psci-1.0")
    disabled.properties.append(("status", Array("disabled\0".utf8)))
    #expect(try problem(disabled) == none)
    #expect(
      try problem(Self.node("arm,psci"))
        == "board.dtb: /psci: PSCI 0.1, which can neither reset nor power off, expected 0.2 or newer")
    #expect(
      try problem(Self.node("arm,psci-0.2", method: "svc"))
        == "board.dtb: /psci: method \"svc\", expected smc or hvc")
    #expect(
      try problem(Self.node("arm,psci-0.2", method: nil))
        == "board.dtb: /psci: no method, expected smc or hvc")
  }

  @Test func ofUEFI() throws {
    let chosen = TreeNode("chosen", ["linux,uefi-mmap-start": .wide(0x7c43_d940)])
    guard case .failure(let problem) = try psci(chosen) else { throw Unexpected() }
    #expect(
      problem.description == "board.dtb: PSCI: a tree of a UEFI boot, which does not say, expected --psci")
    #expect(problem.help?.hasPrefix("od -An -tu1 -j129 -N1 /sys/firmware/acpi/tables/FACP") == true)
    // A tree with devices has PSCI.
    guard case .success(.smc) = try psci(chosen, Self.node("arm,psci-1.0")) else { throw Unexpected() }
  }

  private struct Unexpected: Error {}

  /// The command asks for it where it is needed, and only there.
  @Test(arguments: ["build", "patch", "bundle"])
  func actions(_ verb: String) async throws {
    let folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(TreeNode.root(.memory(0x4000_0000, 1 << 30)).dtb(), to: "board.dtb")
    try await folder.done(["build", "--source", "small", "-o", "empty.bin"])
    let arguments: [String]
    switch verb {
    case "patch": arguments = ["patch", "empty.bin", "-o", "out.bin", "--dtb", "board.dtb"]
    case "bundle":
      arguments = ["bundle", "--source", "small", "--kernel", "Image", "--dtb", "board.dtb", "-o", "out.bin"]
    default:
      arguments = ["build", "--source", "small", "--kernel", "Image", "--dtb", "board.dtb", "-o", "out.bin"]
    }
    for action in ["reset", "poweroff"] {
      let refused = try await folder.purgatory(arguments + ["--on-failure", action])
      #expect(refused.status == .exited(1))
      #expect(
        refused.error == """
          error: board.dtb: PSCI: none, so nothing resets or powers off, expected a node that is compatible with arm,psci-0.2 \
          or newer
          help: use --on-failure halt or boot; or, if you know better, --psci smc or --psci hvc

          """)
      #expect(!folder.exists("out.bin"))
    }
    for action in [
      ["--on-failure", "halt"], ["--on-failure", "boot"], [], ["--on-failure", "reset", "--psci", "hvc"],
    ] {
      try await folder.done(arguments + action)
    }
    #expect(try Blob(folder.read("out.bin"), file: "out.bin").info.psciConduit == .hvc)
    guard verb == "patch" else { return }
    // The action that a purgatory has already.
    try await folder.done(["patch", "empty.bin", "--on-failure", "reset"])
    let refused = try await folder.purgatory(arguments)
    #expect(refused.status == .exited(1))
    #expect(refused.error.contains("PSCI: none"))
    try await folder.done(arguments + ["--psci", "smc"])
  }
}
