// ExampleTests.swift — the example at the end of each verb's help works as it stands
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct ExampleTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let verbs = ["build", "show", "patch", "check", "verify", "bundle", "graft", "run"]

  /// The words behind `purgatory` in the example of a verb's help.
  private func example(_ verb: String) async throws -> [String] {
    let help = try await folder.done([verb, "--help"]).text
    let line = try #require(help.firstMatch(of: /\nEXAMPLE:\n  purgatory (.+)\n$/)).1
    return line.split(separator: " ").map(String.init)
  }

  /// Each with what those before it left.
  @Test(.requiresQEMU, .requires(.kernel, .initrd, .kexec)) func inOrder() async throws {
    for (input, name) in [(LoaderInput.kernel, "Image"), (.initrd, "initrd.img"), (.kexec, "kexec")] {
      try FileManager.default.copyItem(atPath: input.path, toPath: "\(folder.path)/\(name)")
    }
    try folder.write(QEMU.deviceTree(of: ["-machine", "virt", "-cpu", "max", "-m", "1G"]), to: "board.dtb")
    for verb in Self.verbs {
      let words = try await example(verb)
      #expect(words.first == verb)
      // kexec-tools of arm64 is installed nowhere here.
      let arguments = words.map { $0 == "/usr/sbin/kexec" ? "kexec" : $0 }
      let outcome = try await QEMU.slots.run { try await folder.purgatory(arguments) }
      #expect(outcome.status == .exited(0), "\(words): \(outcome.error)")
    }
    for output in ["out/manifest.json", "verified.img", "kexec.new"] { #expect(folder.exists(output)) }
  }

  /// No verb is left out.
  @Test func ofEachVerb() async throws {
    let help = try await folder.done(["help"]).text
    let listed = help.matches(of: #/(?m)^  ([a-z]+)  /#).map { String($0.1) }
    #expect(listed.sorted() == Self.verbs.sorted())
  }
}
