// TalkTests.swift — how much each verb says: -q, -v, and what is said whatever they are
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct TalkTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(try await Built.get().small, to: "p.bin")
    try folder.write(Input.image(), to: "Image")
  }

  private static let console = ["--console", "pl011@0x9000000"]
  static let verbs = [
    ["build", "--source", "small", "-o", "out"], ["patch", "p.bin", "-o", "out"],
    ["bundle", "--source", "small", "--kernel", "Image", "-o", "out"],
  ]

  @Test(arguments: verbs) func quietly(_ verb: [String]) async throws {
    let said = try await folder.done(verb + Self.console)
    let bytes = try folder.read("out")
    #expect(said.error.hasPrefix("out: ") && said.error.split(separator: "\n").count == 1, "\(said.error)")
    let quiet = try await folder.done(verb + Self.console + ["-q"])
    #expect(quiet.error == "" && quiet.output == [])
    #expect(try folder.read("out") == bytes, "it is not about the purgatory")
    // What fails is said.
    let failed = try await folder.purgatory(verb + ["-q", "--kernel-entry", "2", "--source", "none"])
    #expect(failed.status != .exited(0) && !failed.error.isEmpty)
  }

  @Test(arguments: verbs, ["-v", "--verbose"])
  func verbosely(_ verb: [String], _ option: String) async throws {
    let outcome = try await folder.done(verb + Self.console + [option])
    let lines = outcome.error.split(separator: "\n")
    #expect(lines.last?.hasPrefix("out: ") == true)
    let size = try folder.read("out").count
    #expect(lines.dropLast().last == "wrote out, \(grouped(size)) bytes")
    if verb[0] == "patch" {
      #expect(lines.count == 2)
    } else {
      let tools = try await folder.done(["build", "--source", "small", "--dry-run"]).text
      #expect(tools.components(separatedBy: "\n\n")[0] == lines.dropLast(2).joined(separator: "\n"))
    }
  }

  /// What is said to nobody must not get into a file or a pipe of the command's own.
  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"])
  func nobodyListens(_ closed: String) async throws {
    let command = try Command.purgatory.get()
    let verb = Self.verbs[1] + Self.console + ["-v"]
    try await folder.done(verb)
    let bytes = try folder.read("out")
    try FileManager.default.removeItem(atPath: "\(folder.path)/out")
    let outcome = try await Command.run(
      "/bin/sh", ["-c", "exec timeout 600 '\(command)' \(verb.joined(separator: " ")) \(closed)"],
      in: folder.path)
    #expect(outcome.status == .exited(0))
    #expect(try folder.read("out") == bytes)
    #expect(outcome.error.isEmpty == closed.contains("2>&-"))
    // Data for nobody is an error.
    let shown = try await Command.run(
      "/bin/sh", ["-c", "exec timeout 600 '\(command)' show p.bin \(closed)"], in: folder.path)
    #expect(shown.status == .exited(closed.contains(" >&-") || closed == ">&-" ? 1 : 0))
  }

  /// The older name says so, and does what the new one does.
  @Test(arguments: [("--quiet", "failures"), ("--no-quiet", "all")])
  func theOlderNameOfMessages(_ older: String, _ messages: String) async throws {
    for verb in Self.verbs {
      try await folder.done(verb + Self.console + ["--messages", messages])
      let bytes = try folder.read("out")
      let outcome = try await folder.done(verb + Self.console + [older, "-q"])
      #expect(outcome.error == "note: \(older) is the older name of --messages \(messages)\n")
      #expect(try folder.read("out") == bytes)
    }
  }

  @Test func aBundleOfNoConsole() async throws {
    let bundle = Self.verbs[2]
    let outcome = try await folder.done(bundle)
    let size = try folder.read("out").count
    let lines = outcome.error.split(separator: "\n")
    #expect(lines.first == "out: \(grouped(size)) bytes, 1 region (4,096 bytes), ready")
    #expect(
      lines.dropFirst() == [
        "warning: out: no console, so a failure would be silent",
        "help: add --console TYPE@ADDR, or a --dtb whose /chosen names one",
      ])
    #expect(try await folder.done(bundle + ["-q"]).error == "")
  }

  @Test func aBundleOfAKernelWithAnEFIStub() async throws {
    var image = Input.image()
    image.replaceSubrange(0..<2, with: Array("MZ".utf8))
    image.replaceSubrange(0x3c..<0x40, with: [0x40, 0, 0, 0])
    image.replaceSubrange(0x40..<0x44, with: Array("PE\0\0".utf8))
    try folder.write(image, to: "Image")
    let outcome = try await folder.done(Self.verbs[2] + Self.console)
    #expect(
      outcome.error.split(separator: "\n").dropFirst() == [
        "warning: out: has no PE header, as Image has: UEFI and GRUB cannot start it, sbsign cannot sign it",
        "help: start it with kexec, U-Boot's booti or QEMU; docs/loaders.md tells of signatures",
      ])
  }

  private func grouped(_ number: Int) -> String {
    String("\(number)".reversed()).matches(of: /.{1,3}/).map { String($0.output) }.joined(separator: ",")
      .reversed().map(String.init).joined()
  }
}
