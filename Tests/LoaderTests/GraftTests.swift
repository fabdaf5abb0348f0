// GraftTests.swift — what graft changes in a kexec program, and what it refuses
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite(.requires(.kexec))
struct GraftTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    try folder.write(try LoaderInput.kexec.bytes, to: "kexec")
  }

  @Test func onlyThePurgatorysBytesChange() async throws {
    try folder.setMode(0o751, of: "kexec")
    try await folder.done(["graft", "kexec", "-o", "grafted"])
    let before = try folder.read("kexec")
    let after = try folder.read("grafted")
    let range = try #require(EmbeddedELF.all(in: before).first).range
    #expect(before.count == after.count)
    #expect(before[..<range.lowerBound] == after[..<range.lowerBound])
    #expect(before[range.upperBound...] == after[range.upperBound...])
    try await folder.done(["build", "--format", "ro"])
    let object = try folder.read("purgatory.ro")
    #expect(after[range].starts(with: object))
    #expect(after[range].dropFirst(object.count).allSatisfy { $0 == 0 })
    #expect(try folder.mode(of: "grafted") == 0o751)
    let checked = try await folder.done(["check", "--embedded", "grafted"])
    #expect(checked.text.contains("grafted: ok") || checked.error.contains("grafted: ok"))
    let shown = try await folder.done(["show", "grafted"]).text
    #expect(shown.contains("object without relocations"))
  }

  @Test func theProgramIsNotReplaced() async throws {
    let before = try folder.snapshot()
    for output in ["kexec", "tmp/../kexec"] {
      let outcome = try await folder.purgatory(["graft", "kexec", "-o", output])
      #expect(outcome.status == .exited(1))
      #expect(
        outcome.error.hasPrefix("error: \(output): would replace the input kexec, "),
        "\(outcome.error)"
      )
      #expect(differences(before, try folder.snapshot()) == [])
    }
    let quiet = try await folder.done(["graft", "kexec", "-o", "grafted", "-q"])
    #expect(quiet.error == "" && quiet.output == [])
    let verbose = try await folder.done(["graft", "kexec", "-o", "grafted", "-v"]).error
    #expect(verbose.contains("purgatory.lds") && verbose.contains("\ngrafted: "), "\(verbose)")
  }

  @Test func showOfAnotherPurgatorySaysSoOnce() async throws {
    let outcome = try await folder.purgatory(["show", "kexec"])
    #expect(outcome.status == .exited(1))
    #expect(outcome.error.components(separatedBy: "error: ").count == 2, "\(outcome.error)")
    #expect(outcome.error.contains("no purgatory_info"), "\(outcome.error)")
  }

  @Test(.requires(.kexecAMD64, .busybox, .kernel))
  func whatItDoesNotRecogniseIsRefused() async throws {
    let program = try folder.read("kexec")
    try await folder.done(["graft", "kexec", "-o", "grafted"])
    try folder.write(try LoaderInput.kexecAMD64.bytes, to: "amd64")
    try folder.write(try LoaderInput.busybox.bytes, to: "busybox")
    try folder.write(Array("#!/bin/sh\n".utf8), to: "script")
    let range = try #require(EmbeddedELF.all(in: program).first).range
    try folder.write(Array(program[..<(range.lowerBound + range.count / 2)]), to: "cut-inside")
    try folder.write(Array(program[..<(program.count - 4096)]), to: "cut-behind")
    try folder.write(try await small(program, range), to: "small")
    try folder.write("before", to: "out")
    let rows = [
      ("amd64", "one for x86-64, expected one for AArch64"),
      ("busybox", "no purgatory in it"),
      ("grafted", "it has been grafted already"),
      ("script", "no ELF file"),
      ("cut-inside", "expected"),
      ("cut-behind", "expected"),
      ("small", "expected room for the "),
      ("nothing", "no such file"),
    ]
    let before = try folder.snapshot()
    for (file, reason) in rows {
      let outcome = try await folder.purgatory(["graft", file, "-o", "out"])
      #expect(outcome.status == .exited(1), "\(file)")
      #expect(
        outcome.error.hasPrefix("error: \(file): ") && outcome.error.contains(reason), "\(outcome.error)")
      #expect(outcome.error.components(separatedBy: "error: ").count == 2, "\(outcome.error)")
      #expect(differences(before, try folder.snapshot()) == [])
    }
  }

  /// The program with a purgatory that has all names, but less room than ours needs.
  private func small(_ program: [UInt8], _ range: Range<Int>) async throws -> [UInt8] {
    let names = [
      "purgatory_start", "arm64_kernel_entry", "arm64_dtb_addr", "arm64_sink", "sha256_regions",
      "sha256_digest",
      "skip_checks",
    ]
    let source = names.map { ".globl \($0)\n\($0): .quad 0\n" }.joined()
    try folder.write(source, to: "tmp/small.S")
    try await Command.tool(
      "clang", ["--target=aarch64-none-elf", "-c", "small.S", "-o", "small.o"], in: "\(folder.path)/tmp")
    let object = try folder.read("tmp/small.o")
    var program = program
    program.replaceSubrange(range, with: object + [UInt8](repeating: 0, count: range.count - object.count))
    return program
  }
}
