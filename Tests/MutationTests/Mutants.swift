// Mutants.swift — every instruction of the built blob, and what is put in its place
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

/// An instruction and one change to it.
struct Mutation: Sendable, CustomStringConvertible {
  enum Change: String, Sendable {
    case nop, inverted
  }

  var offset: Int
  var routine: String
  /// Its text, the addresses in it as names; and which of those that are alike in the routine it is, from 1.
  var text: String
  var ordinal: Int
  var change: Change
  var replacement: UInt32

  /// As purgatory/unseen.txt has it: what is elsewhere may change.
  var key: String { [routine, text, String(ordinal), change.rawValue].joined(separator: " | ") }
  var description: String { key }
  var mutant: Mutant { Mutant(at: offset, replacement) }

  private static let nop: UInt32 = 0xd503_201f

  /// All of a blob, in its order.
  static func all(_ blob: FlatBinary) throws -> [Mutation] {
    let texts = try disassemble(blob.bytes)
    let codeStart = PlacedBlob.infoRange.upperBound
    var routines = blob.symbols.filter { $0.value.lowerBound >= codeStart && !$0.value.isEmpty }
    routines["purgatory_start"] = 0..<4
    var result: [Mutation] = []
    for (routine, range) in routines.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
      var seen: [String: Int] = [:]
      for offset in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
        let instruction = blob.bytes.instruction(at: offset)
        let text = named(texts[offset] ?? "?", blob, from: codeStart)
        seen[text, default: 0] += 1
        func add(_ change: Change, _ replacement: UInt32) {
          result.append(
            Mutation(
              offset: offset, routine: routine, text: text, ordinal: seen[text] ?? 0, change: change,
              replacement: replacement))
        }
        if instruction != nop { add(.nop, nop) }
        if let other = inverted(instruction) { add(.inverted, other) }
      }
    }
    return result
  }

  /// The conditional branch that goes where this one does not; nil: it is none (Arm ARM C4.1).
  private static func inverted(_ instruction: UInt32) -> UInt32? {
    if instruction & 0xff00_0010 == 0x5400_0000 { return instruction ^ 1 }
    if instruction & 0x7c00_0000 == 0x3400_0000 { return instruction ^ 1 << 24 }  // cbz, cbnz, tbz, tbnz
    return nil
  }

  private static func disassemble(_ bytes: [UInt8]) throws -> [Int: String] {
    let folder = try TemporaryFile(bytes)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "aarch64-linux-gnu-objdump", "-D", "-z", "--no-show-raw-insn", "-b", "binary", "-m", "aarch64",
      folder.path,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    var result: [Int: String] = [:]
    for line in output.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let offset = Int(parts[0].drop { $0 == " " }, radix: 16) else { continue }
      let text = parts[1].prefix { $0 != "/" }
      result[offset] = text.split { $0 == "\t" || $0 == " " }.joined(separator: " ")
    }
    return result
  }

  private final class TemporaryFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "blob-\(UUID())").path
    init(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// With the last operand of what goes somewhere as the name of what is there.
  private static func named(_ text: String, _ blob: FlatBinary, from codeStart: Int) -> String {
    let words = text.split(separator: " ")
    guard let last = words.last, last.hasPrefix("0x"), let target = Int(last.dropFirst(2), radix: 16) else {
      return text
    }
    let symbols = blob.symbols.filter { !$0.key.hasPrefix("$") }
    let name =
      symbols.filter { $0.value.contains(target) && $0.value.lowerBound >= codeStart }.keys.min()
      ?? symbols.filter { $0.value.lowerBound == target }.keys.min() ?? "text"
    return (words.dropLast() + [name[...]]).joined(separator: " ")
  }
}
