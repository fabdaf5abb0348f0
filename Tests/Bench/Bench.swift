// Bench.swift — of the purgatory instructions per verified byte and modelled cycles, of the command times and memory
// SPDX-License-Identifier: MIT
//
// Usage: bench PURGATORY-COMMAND JSON-FILE

import Foundation
import PurgatoryKit
import TestSupport

@main
nonisolated struct Bench {
  static let sizes: [(name: String, bytes: UInt64)] = [
    ("4 KiB", 4 << 10), ("1 MiB", 1 << 20), ("16 MiB", 16 << 20), ("256 MiB", 256 << 20),
  ]

  struct Row: Encodable {
    let path: String
    /// Instructions from entry to the kernel's first with nothing to verify.
    let fixed: UInt64
    let runs: [Run]
  }

  /// The verification of one region.
  struct Run: Encodable {
    let bytes: UInt64
    let instructions: UInt64
    let perByte: Double

    init(bytes: UInt64, instructions: UInt64) {
      self.bytes = bytes
      self.instructions = instructions
      perByte = Double(instructions) / Double(bytes)
    }

    enum CodingKeys: String, CodingKey {
      case bytes, instructions
      case perByte = "instructions_per_byte"
    }
  }

  struct Results: Encodable {
    let host: Host.Results
    let rows: [Row]
    let cycles: [Cycles]
    let loadSize: Int
    let memorySize: UInt64
    let kexecToolsLoadSize: UInt64

    enum CodingKeys: String, CodingKey {
      case host, rows, cycles
      case loadSize = "load_size"
      case memorySize = "memory_size"
      case kexecToolsLoadSize = "kexec_tools_load_size"
    }
  }

  static func main() async {
    do {
      try await measureAll()
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func measureAll() async throws {
    guard CommandLine.arguments.count == 3 else {
      throw ToolFailure(description: "expected the command that is measured, and a file for the results")
    }
    // First, and printed: the rest takes minutes.
    let paths = CommandLine.arguments.dropFirst().map { URL(filePath: $0).absoluteURL.path }
    let host = try await Host.measure(paths[0])
    print(Host.markdown(host) + "\n")
    var rows: [Row] = []
    for path in Path.all {
      rows.append(try await measure(path.name) { try await path.workload(size: $0) })
    }
    let kexec = try KexecTools()
    rows.append(try await measure("kexec-tools") { try kexec.workload(size: $0) })

    let blob = try await PlacedBlob(at: 0)
    let results = Results(
      host: host, rows: rows, cycles: try await Cycles.model(), loadSize: try await unfilledBlob().count,
      memorySize: blob.info.memorySize,
      kexecToolsLoadSize: kexec.loadSize)
    print(markdown(results))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(results).write(to: URL(filePath: paths[1]))
  }

  private static func measure(
    _ name: String, _ workload: @Sendable (UInt64) async throws -> Workload
  ) async throws -> Row {
    var runs: [Run] = []
    for size in sizes {
      runs.append(Run(bytes: size.bytes, instructions: try await workload(size.bytes).instructions()))
    }
    return Row(path: name, fixed: try await workload(0).instructions(), runs: runs)
  }

  private static func markdown(_ results: Results) -> String {
    var lines = [
      "Instructions per verified byte, from entry to the kernel's first instruction, console off:", "",
    ]
    lines.append(
      "| path | " + sizes.map(\.name).joined(separator: " | ") + " | nothing to verify (instructions) |")
    lines.append("|---|" + String(repeating: "---:|", count: sizes.count + 1))
    for row in results.rows {
      let cells = row.runs.map { String(format: "%.3f", $0.perByte) }
      lines.append("| \(row.path) | " + cells.joined(separator: " | ") + " | \(row.fixed) |")
    }
    lines += [""] + Cycles.markdown(results.cycles)
    lines += [
      "", "| | file bytes | memory |", "|---|---:|---:|",
      "| this purgatory | \(results.loadSize) | \(results.memorySize) |",
      "| kexec-tools, linked | \(results.kexecToolsLoadSize) | |",
    ]
    return lines.joined(separator: "\n")
  }
}
