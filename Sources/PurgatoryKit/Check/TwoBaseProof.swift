// TwoBaseProof.swift — link at two bases and compare: whatever differs is an absolute address
// SPDX-License-Identifier: MIT

import ELF
import SystemPackage

/// Objects and the linker script that makes a blob of them.
public struct LinkInput: Sendable {
  public let objects: [String]
  public let script: String

  public init(objects: [String], script: String) {
    self.objects = objects
    self.script = script
  }
}

extension Toolchain {
  /// How far apart the two links are: an odd number of 4 KiB pages, and more than 4 GiB.
  static let proofDistance: UInt64 = 0x1_0000_1000

  /// Links `input` at the script's own base and `proofDistance` above it, without -pie.
  ///
  /// - Returns: a finding for each place where the bytes differ, by symbol; none: the blob runs at any 4 KiB page.
  /// - Throws: what keeps the proof from being made.
  public func prove(_ input: LinkInput) async throws(Rejection) -> [Finding] {
    let work = try WorkDirectory()
    let script = String(decoding: try Files.read(input.script), as: UTF8.self)
    let moved = work.path.appending("moved.lds").string
    try Files.write(Self.move(script, by: Self.proofDistance).utf8, to: moved)

    let first = try await link(
      input.objects, script: input.script, near: input.script, to: "first.elf", in: work.path)
    let second: [UInt8]
    do {
      second = try await link(
        input.objects, script: moved, near: input.script, to: "second.elf", in: work.path)
    } catch {
      // A relocation that cannot hold the higher address is absolute, or it would not care.
      let reason = error.transcript?.split(separator: "\n").first.map(String.init) ?? "\(error.problems)"
      return [
        Finding(
          .absoluteAddress, "link at \(String(hex: Self.proofDistance))", found: reason,
          expected: "a link as at the script's own base")
      ]
    }
    do {
      return try Self.differences(ELFFile(first), ELFFile(second), script: input.script)
    } catch {
      throw error as? Rejection ?? Rejection(Problem(input.script, found: "\(error)"))
    }
  }

  private func link(
    _ objects: [String], script: String, near original: String, to elf: String, in work: FilePath
  ) async throws(Rejection) -> [UInt8] {
    let directory = FilePath(absolute: original).removingLastComponent().string
    try await linkCommand(
      options: ["--no-dynamic-linker", "-L", directory], script: FilePath(absolute: script).string,
      objects: objects.map { FilePath(absolute: $0).string }, to: elf
    ).run(in: work)
    return try Files.read(work.appending(elf).string)
  }

  /// `script` with everything `distance` further up: its first statement `. = BASE;` is changed, or one is put in.
  static func move(_ script: String, by distance: UInt64) -> String {
    let code = LinkerScript(script)
    let offset = String(hex: distance)
    if let base = code.baseExpression {
      return script.replacingCharacters(in: base, with: "(\(script[base])) + \(offset)")
    }
    guard let start = code.sectionsStart else { return script }
    return script.replacingCharacters(in: start..<start, with: " . = \(offset); ")
  }

  private static func differences(
    _ first: borrowing ELFFile, _ second: borrowing ELFFile, script: String
  ) throws -> [Finding] {
    let loads = (first.segments.filter { $0.type == .load }, second.segments.filter { $0.type == .load })
    guard loads.0.count == loads.1.count,
      zip(loads.0, loads.1).allSatisfy({ $1.virtualAddress &- $0.virtualAddress == proofDistance })
    else {
      throw Rejection(
        Problem(
          script, "SECTIONS", found: "addresses that do not follow its first `. = BASE;`",
          expected: "all of them relative to it",
          help: "start SECTIONS with `. = BASE;` and set `.` nowhere else"))
    }
    let symbols = try first.symbols()
    var findings: [Finding] = []
    for (section, other) in zip(first.sections, second.sections)
    where section.flags.contains(.allocate) && section.type != .noBits {
      guard section.name == other.name, section.size == other.size else {
        findings.append(
          Finding(
            .absoluteAddress, section.name, found: "another size or place at another base",
            expected: "the same"))
        continue
      }
      findings += differences(
        in: section, first.bytes[section.fileRange], second.bytes[other.fileRange], symbols: symbols)
    }
    return findings
  }

  /// The first difference in each symbol of a section.
  private static func differences(
    in section: ELF.Section, _ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>, symbols: [Symbol]
  ) -> [Finding] {
    let words = zip(first, second).enumerated().filter { $0.element.0 != $0.element.1 }.map { $0.offset & ~3 }
    var findings: [Finding] = []
    var seen: Set<String> = []
    for offset in words {
      let address = section.address &+ UInt64(offset)
      let symbol = symbols.filter { symbol in
        symbol.definition == .section(section.index) && symbol.type != .section && !symbol.name.hasPrefix("$")
          && symbol.value <= address
      }.max { $0.value < $1.value }
      let name = symbol?.name ?? ""
      guard seen.insert(name).inserted else { continue }
      findings.append(
        Finding(
          .absoluteAddress, "\(section.name)+\(String(hex: UInt64(offset)))",
          found: "bytes that depend on the base" + (name.isEmpty ? "" : ", in \(name)"),
          expected: "the same bytes at \(String(hex: proofDistance)) above"))
    }
    return findings
  }
}
