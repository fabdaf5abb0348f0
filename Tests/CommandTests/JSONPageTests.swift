// JSONPageTests.swift — docs/json.md has the keys that the command prints, and no others
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite struct JSONPageTests {
  let folder: Folder

  init() async throws {
    folder = try Folder()
    try Source.makeSmall(in: folder)
    try folder.write(Input.image(), to: "Image")
    try folder.write(Input.initrd(), to: "initrd.img")
    try folder.write(
      TreeNode(
        "", ["#address-cells": [2], "#size-cells": [2]],
        [
          TreeNode("memory@40000000", ["device_type": "memory", "reg": .wide(0x4000_0000, 1 << 28)]),
          TreeNode("chosen", ["rng-seed": [1, 2]]),
        ]
      ).dtb(reserving: [0x4400_0000..<0x4410_0000]), to: "board.dtb")
  }

  /// The tables of the page: by heading, the type of each key.
  private static let tables: [String: [String: String]] = {
    let page = (try? read("\(packageFolder)/docs/json.md")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    var tables: [String: [String: String]] = [:]
    for chapter in page.components(separatedBy: "\n## ").dropFirst() {
      let heading = String(chapter.prefix { $0 != "\n" })
      for row in chapter.matches(of: #/(?m)^\| `([^`]+)` \| ([a-z]+) \| /#) {
        tables[heading, default: [:]][String(row.1)] = String(row.2)
      }
    }
    return tables
  }()

  /// Keys and types of JSON as the page writes them; what the table calls an object is not looked into.
  private static func keys(_ json: [UInt8], _ table: [String: String]) throws -> [String: String] {
    var keys: [String: String] = [:]
    func add(_ value: Any, _ path: String) {
      switch value {
      case let object as [String: Any]:
        if table[path] == "object" {
          keys[path] = "object"
          return
        }
        for (key, value) in object { add(value, path.isEmpty ? key : "\(path).\(key)") }
      case let array as [Any]: for value in array { add(value, "\(path)[]") }
      case is String: keys[path] = "string"
      case let number as NSNumber:
        keys[path] = isBoolean(number) ? "boolean" : "integer"
      default: keys[path] = "\(type(of: value))"
      }
    }
    add(try JSONSerialization.jsonObject(with: Data(json)), "")
    return keys
  }

  private func json(_ arguments: [String], status: Int32 = 0) async throws -> [UInt8] {
    let outcome = try await folder.purgatory(arguments)
    #expect(outcome.status == .exited(status), "\(arguments): \(outcome.error)")
    #expect(outcome.output.last == UInt8(ascii: "\n"))
    return outcome.output
  }

  /// Expects that some of `outputs` has each key of the table, and none has another.
  private func expect(
    _ heading: String, _ outputs: [[UInt8]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let table = try #require(Self.tables[heading], sourceLocation: sourceLocation)
    var found: [String: String] = [:]
    for output in outputs { found.merge(try Self.keys(output, table)) { $1 } }
    #expect(found == table, sourceLocation: sourceLocation)
  }

  private static let files = ["--kernel", "Image", "--initrd", "initrd.img", "--dtb", "board.dtb"]

  @Test func show() async throws {
    let build = ["build", "--source", "small", "-q"] + Self.files
    try await folder.done(
      build + ["--output-dir", "out", "--console", "pl011@0x9000000", "--messages", "failures"])
    try expect("purgatory show --json", [try await json(["show", "--json", "out"])])
  }

  @Test func build() async throws {
    let build = ["build", "--source", "small", "--json"]
    let placed = build + Self.files + ["--output-dir", "out", "--cmdline", "quiet"]
    let planned = try await json(placed + ["--dry-run"])
    #expect(!folder.exists("out"))
    let written = try await json(placed)
    #expect(planned == written)
    try expect("purgatory build --json", [written, try await json(build + ["-o", "p.bin"])])
    try expect("manifest.json", [try folder.read("out/manifest.json")])
    // What it says is what is there.
    struct Description: Decodable {
      struct Output: Decodable { let path: String, size: Int }
      let outputs: [Output]
    }
    let outputs = try JSONDecoder().decode(Description.self, from: Data(written)).outputs
    #expect(Set(outputs.map(\.path)) == ["out/purgatory.bin", "out/manifest.json", "out/devicetree.dtb"])
    for output in outputs { #expect(try folder.read(output.path).count == output.size) }
  }

  @Test func bundle() async throws {
    let bundle = ["bundle", "--source", "small", "--json", "--kernel", "Image", "-o", "b.img"]
    try expect("purgatory bundle --json", [try await json(bundle + ["--dtb", "board.dtb"])])
  }

  @Test func check() async throws {
    try await folder.done(["build", "--source", "small", "-o", "p.bin"])
    try await folder.done(["build", "--source", "small", "--format", "elf", "-o", "p.elf"])
    let elf = try folder.read("p.elf")
    try folder.write(elf.prefix(elf.count / 2) + [], to: "cut.elf")
    let broken = try await folder.purgatory(["check", "--json", "cut.elf", "p.bin"])
    let other = try await folder.purgatory([
      "check", "--json", "--profile", "pie", "--allow", "got-or-plt", try Command.purgatory.get(),
    ])
    var damaged = try folder.read("p.bin")
    damaged[0x3d0] ^= 1
    try folder.write(damaged, to: "damaged.bin")
    let finding = try await folder.purgatory(["check", "--json", "damaged.bin"])
    // Without its seal, nothing proves it; and in what carries another, that is not judged.
    var bare = try folder.read("p.bin")
    bare.replaceSubrange(bare.count - 40..<bare.count - 8, with: [UInt8](repeating: 0, count: 32))
    try folder.write(bare, to: "bare.bin")
    try folder.write(elf + elf, to: "twice.elf")
    let doubtful = try await folder.purgatory(["check", "--json", "bare.bin", "twice.elf"])
    try expect(
      "purgatory check --json", [broken.output, other.output, finding.output, doubtful.output])
    #expect(try await json(["check", "--json", "p.bin"]) == json(["check", "--format", "json", "p.bin"]))
  }

  @Test func verify() async throws {
    try await folder.done(
      [
        "build", "--source", "small", "-q", "-o", "p.bin", "--segment", "initrd.img@0x40000000",
        "--kernel-entry", "0x40000000",
      ])
    let place = ["verify", "--json", "p.bin", "--segment", "initrd.img@0x40000000"]
    var outputs = [try await json(place)]
    try await folder.done(["patch", "p.bin", "--digest", "combined", "--segment", "initrd.img@0x40000000"])
    outputs.append(try await json(place))
    try folder.write([UInt8](repeating: 1, count: Input.initrd().count), to: "initrd.img")
    outputs.append(try await json(place, status: 1))
    try await folder.done(["build", "--source", "small", "-q", "-o", "p.bin"])
    outputs.append(try await json(place, status: 1))
    try expect("purgatory verify --json", outputs)
  }

  /// Standard output has one thing.
  @Test(arguments: [
    ["build", "--json", "-o", "-"], ["bundle", "--json", "--kernel", "Image", "-o", "-"],
    ["graft", "--json", "kexec", "-o", "-"], ["show", "--json", "--map", "p.bin"],
    ["show", "--json", "--svg", "-", "p.bin"], ["check", "--json", "--format", "sarif", "p.bin"],
  ]) func notWithOthers(_ arguments: [String]) async throws {
    let outcome = try await folder.purgatory(arguments)
    #expect(outcome.status == .exited(64) && outcome.output.isEmpty && outcome.error.contains("--json"))
  }

  @Test func aKeyThatIsMissingIsSeen() throws {
    let table = ["a": "integer", "b[].c": "string"]
    #expect(try Self.keys(Array(#"{"a": 1, "b": [{"c": "x"}]}"#.utf8), table) == table)
    #expect(try Self.keys(Array(#"{"a": true, "b": [{"c": "x"}]}"#.utf8), table) != table)
    #expect(try Self.keys(Array(#"{"a": 1, "b": []}"#.utf8), table) != table)
  }
}

/// JSONSerialization makes true and 1 one type; only how they are written tells.
private func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
