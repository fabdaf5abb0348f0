// TwoBaseProof.swift — link at two bases and compare: whatever differs is an absolute address
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
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
  package static let proofDistance: UInt64 = 0x1_0000_1000

  /// Links `input` at the script's own base and `proofDistance` above it, without -pie.
  ///
  /// - Returns: a finding for each place where the bytes differ, by symbol; none: the blob runs at any 4 KiB page.
  /// - Throws: what keeps the proof from being made.
  public func prove(_ input: LinkInput) async throws(Rejection) -> [Finding] {
    let work = try WorkDirectory()
    let script = String(decoding: try Files.read(input.script, .text), as: UTF8.self)
    let moved = work.path.appending("moved.lds").string
    var files = OutputFiles()
    files.add(Self.move(script, by: Self.proofDistance).utf8, to: moved)
    try files.write()

    let first = try await link(
      input.objects, script: input.script, near: input.script, to: "first.elf", in: work.path)
    let undefined = try Self.undefinedSymbols(of: input.objects, linkedTo: first)
    let second: [UInt8]
    do {
      second = try await link(
        input.objects, script: moved, near: input.script, to: "second.elf", in: work.path)
    } catch {
      // A relocation that cannot hold the higher address is absolute, or it would not care.
      let overflows = (error.transcript ?? "").split(separator: "\n").compactMap(Self.overflow)
      guard overflows.isEmpty else { return undefined + overflows }
      throw Rejection(
        [
          Problem(
            input.script, "SECTIONS", found: "no link with `.` at \(String(hex: Self.proofDistance)) above",
            expected: "a script that links at any base", help: Self.scriptHelp)
        ], transcript: error.transcript)
    }
    do {
      return try undefined + Self.differences(ELFFile(first), ELFFile(second), script: input.script)
    } catch {
      throw error as? Rejection ?? Rejection(Problem(input.script, found: "\(error)"))
    }
  }

  private static let scriptHelp = "start SECTIONS with `. = BASE;` and set addresses nowhere else"

  /// What a linker says of a relocation in `FILE:(SECTION+OFFSET): …`; nil: the line is about something else.
  private static func overflow(_ line: Substring) -> Finding? {
    guard line.contains("relocation"), let end = line.firstRange(of: "): "),
      let start = line[..<end.lowerBound].lastIndex(of: "(")
    else { return nil }
    // Where the symbol is defined is of the second link only; the place may be called so, too.
    let message = line[end.upperBound...]
    let reason = message[..<(message.firstRange(of: " defined in ")?.lowerBound ?? message.endIndex)]
    return Finding(
      .absoluteAddress, String(line[line.index(after: start)..<end.lowerBound]),
      found: "\(reason), at another base", expected: "the same bytes at every base")
  }

  /// What no object and not the script defines. GNU ld leaves undefined weak symbols out of what it links: only the
  /// objects still tell.
  private static func undefinedSymbols(
    of objects: [String], linkedTo linked: [UInt8]
  ) throws(Rejection) -> [Finding] {
    var defined: Set<String> = []
    var undefined: [(symbol: Symbol, object: String)] = []
    for (path, bytes) in try [("", linked)]
      + objects.map({ path throws(Rejection) in (path, try Files.read(path, .elf)) })
    where ELFFile.looksLikeELF(bytes) {
      do throws(ELFError) {
        for symbol in try ELFFile(bytes).symbols() where !symbol.name.isEmpty {
          if symbol.definition != .undefined {
            defined.insert(symbol.name)
          } else if !path.isEmpty {
            undefined.append((symbol, FilePath(path).lastComponent?.string ?? path))
          }
        }
      } catch {
        throw Rejection(error.finding.problem(in: path))
      }
    }
    var seen = defined
    return undefined.filter { seen.insert($0.symbol.name).inserted }.map { symbol, object in
      let kind = symbol.binding == .weak ? "undefined weak symbol" : "undefined symbol"
      return Finding(.undefinedSymbol, symbol.name, found: "\(kind) in \(object)", expected: "a definition")
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
    return try Files.read(work.appending(elf).string, .elf)
  }

  /// `script` with everything `distance` further up: its first statement `. = BASE;` is changed, or one is put in.
  package static func move(_ script: String, by distance: UInt64) -> String {
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
    let pairs = zip(first.sections, second.sections).filter { $0.0.flags.contains(.allocate) }
    let changed = pairs.filter { $0.0.name != $0.1.name || $0.0.size != $0.1.size }
    guard changed.isEmpty, first.sections.count == second.sections.count else {
      // Where a linker puts code in between, what follows moves.
      return [
        Finding(
          .absoluteAddress, changed.first?.0.name ?? "section header table",
          found: "another size at another base", expected: "the same")
      ]
    }
    guard pairs.allSatisfy({ $0.1.address &- $0.0.address == proofDistance }) else {
      throw Rejection(
        Problem(
          script, "SECTIONS", found: "addresses that do not follow its first `. = BASE;`",
          expected: "all of them relative to it", help: scriptHelp))
    }
    let symbols = try first.symbols()
    return pairs.filter { $0.0.type != .noBits }.flatMap { section, other in
      differences(
        in: section, first.bytes[section.fileRange], second.bytes[other.fileRange], symbols: symbols)
    }
  }

  /// The first difference in each symbol of a section.
  private static func differences(
    in section: ELF.Section, _ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>, symbols: [Symbol]
  ) -> [Finding] {
    var following = symbols.filter { symbol in
      symbol.definition == .section(section.index) && symbol.isLabel && symbol.value >= section.address
    }.sorted { $0.value > $1.value }
    var findings: [Finding] = []
    var symbol: Symbol?
    var isReported = false
    for (offset, bytes) in zip(first, second).enumerated() where bytes.0 != bytes.1 {
      while let next = following.last, next.value <= section.address &+ UInt64(offset) {
        symbol = following.removeLast()
        isReported = false
      }
      guard !isReported else { continue }
      isReported = true
      // The instruction or word that it is in, unless that is of the symbol before.
      let place = max(UInt64(offset & ~3), symbol.map { $0.value &- section.address } ?? 0)
      findings.append(
        Finding(
          .absoluteAddress, "\(section.name)+\(String(hex: place))",
          found: "bytes that depend on the base" + (symbol.map { ", in \($0.name)" } ?? ""),
          expected: "the same bytes at \(String(hex: proofDistance)) above"))
    }
    return findings
  }
}
