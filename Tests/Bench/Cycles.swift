// Cycles.swift — modelled cycles per byte of both compression functions: a count of instructions shows no latency
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

/// What llvm-mca says of a block of 64 bytes, all of whose instructions and data are in the first-level caches.
struct Cycles: Encodable {
  let path: String
  /// Cycles per byte, by core.
  let perByte: [String: Double]

  enum CodingKeys: String, CodingKey {
    case path
    case perByte = "cycles_per_byte"
  }

  static let cores = ["cortex-a53", "cortex-a72", "neoverse-n1", "neoverse-v2", "apple-m1"]
  private static let blockSize = 64.0
  /// Blocks, one after the other, so that start and end do not count.
  private static let blocks = 20

  static func model() async throws -> [Cycles] {
    try await withTemporaryDirectory { folder in
      let sha2 = try await parts(of: "sha256_sha2", in: folder)
      let scalar = try await parts(of: "sha256_scalar", in: folder)
      return [
        try await model("sha2", instructions: sha2.part("sha2_next"), in: folder),
        try await model("scalar", instructions: try scalarBlock(scalar), in: folder),
      ]
    }
  }

  /// The instructions of one block in the order in which they run.
  private static func scalarBlock(_ parts: Parts) throws -> [String] {
    let schedule = try parts.part("scalar_schedule")
    let rest = try parts.part("scalar_rounds")
    guard let end = rest.firstIndex(where: { $0.hasPrefix("b.gt") }) else {
      throw BenchError(description: "sha256_scalar.S: no b.gt behind the rounds")
    }
    let rounds = Array(rest[...end])
    let withoutSchedule = Array(rest[(end + 1)...])
    return try parts.part("scalar_next") + (0..<12).flatMap { _ in schedule + rounds }
      + (0..<4).flatMap { _ in withoutSchedule + rounds } + withoutSchedule.prefix(2)
      + parts.part("scalar_done")
  }

  private struct Parts {
    let byLabel: [String: [String]]

    func part(_ label: String) throws -> [String] {
      guard let lines = byLabel[".Lsha256_blocks_\(label)"], !lines.isEmpty else {
        throw BenchError(description: "no instructions at .Lsha256_blocks_\(label)")
      }
      return lines
    }
  }

  /// A source file's instructions by the label before them.
  private static func parts(of file: String, in folder: String) async throws -> Parts {
    let sources = "\(packageFolder)/purgatory"
    try await Command.tool(
      "clang",
      [
        "--target=aarch64-none-elf", "-Wa,-L", "-I\(sources)/include", "-c", "\(sources)/\(file).S", "-o",
        "\(file).o",
      ], in: folder)
    let text = try await Command.tool(
      "llvm-objdump", ["-d", "--no-show-raw-insn", "--no-leading-addr", "\(file).o"], in: folder)
    var byLabel: [String: [String]] = [:]
    var label = ""
    for line in text.split(separator: "\n") {
      if let name = line.wholeMatch(of: /<(.+)>:/)?.output.1 {
        label = String(name)
      } else if line.first == " " {
        // A branch goes somewhere, which is of no account here; a comment follows some constants.
        let code = line.replacing(/0x[0-9a-f]+ <.*>/, with: ".").replacing(/\s*\/\/.*/, with: "")
        byLabel[label, default: []].append(code.trimmingCharacters(in: .whitespaces))
      }
    }
    return Parts(byLabel: byLabel)
  }

  private static func model(_ path: String, instructions: [String], in folder: String) async throws -> Cycles
  {
    try write(Array((instructions.joined(separator: "\n") + "\n").utf8), to: "\(folder)/\(path).s")
    var perByte: [String: Double] = [:]
    for core in cores {
      let text = try await Command.tool(
        "llvm-mca-19",
        [
          "-mtriple=aarch64", "-mattr=+sha2", "-mcpu=\(core)", "-iterations=\(blocks)",
          "-instruction-info=false",
          "-resource-pressure=false", "\(path).s",
        ], in: folder)
      guard let total = text.firstMatch(of: /Total Cycles: +([0-9]+)/).flatMap({ Double($0.output.1) }) else {
        throw BenchError(description: "llvm-mca: no total for \(core): \(text)")
      }
      perByte[core] = total / (Double(blocks) * blockSize)
    }
    return Cycles(path: path, perByte: perByte)
  }

  static func markdown(_ rows: [Cycles]) -> [String] {
    ["Cycles per byte of the compression, as llvm-mca models it:", ""]
      + [
        "| path | \(cores.joined(separator: " | ")) |",
        "|---|" + String(repeating: "---:|", count: cores.count),
      ]
      + rows.map { row in
        "| \(row.path) | "
          + cores.map { String(format: "%.2f", row.perByte[$0] ?? .nan) }.joined(separator: " | ") + " |"
      }
  }
}
