// LinkProof.swift — link at several bases and compare: whatever differs is an absolute address
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF
import SystemPackage

/// Objects and the linker script that makes a blob of them.
package struct LinkInput: Sendable {
  package let objects: [String]
  package let script: String

  package init(objects: [String], script: String) {
    self.objects = objects
    self.script = script
  }
}

/// What the links have shown.
package struct LinkProof: Sendable {
  /// Each place where the bytes differ, by symbol, and what else keeps them from running where they are copied.
  package let findings: [Finding]
  /// The loadable bytes, as they are linked at the script's own base.
  let image: FlatImage
  /// The bytes run at any multiple of this from where they were linked.
  package let alignment: UInt64
  /// The processor.
  let machine: String
}

extension Toolchain {
  /// In which bits of an address the other links' base differs from the script's own: whichever is asked for, above those
  /// of a page, differs in one of them, and two of them in one of the last.
  package static let proofDistances: [UInt64] = [
    0x2a5b_2a5b_6c3d_5000, 0x55a4_d5a4_93c2_a000, 0x7fff_7fff_7fff_7000, 0xffff_ffff_ff80_0000,
  ]
  /// The same for 32-bit files.
  private static let narrowDistances: [UInt64] = [0x2a5b_5000, 0xd5a4_a000, 0x7fff_7000, 0xff80_0000]
  /// Scripts may align more than to a page. Then it has not been proven that the bytes run at every page.
  private static let alignments: [UInt64] = [0x1000, 0x1_0000, 0x20_0000]

  /// Links `input` at the script's own base and at others, without -pie.
  ///
  /// - Throws: what keeps the links from being made.
  package func prove(_ input: LinkInput) async throws(Rejection) -> LinkProof {
    let work = try WorkDirectory()
    // Linkers look for them where this one runs, which is an empty folder, and then there (-L).
    let folder = FilePath(absolute: input.script).removingLastComponent()
    let script = LinkerScript(try Files.read(input.script, .text)) { file in
      let path = folder.pushing(FilePath(file)).string
      return Files.isRegular(path) ? try? Files.read(path, .text) : nil
    }
    if script.namesObjects {
      throw Rejection(
        Problem(
          input.script, "INPUT", found: "objects that the script names",
          expected: "all of them named by --objects",
          help: "take INPUT, GROUP and STARTUP out, and pass the files with --objects"))
    }
    if let file = script.unknownFile {
      throw Rejection(
        Problem(
          input.script, "INCLUDE", found: "\(file), which cannot be read, or includes too much",
          expected: "a file in the script's folder", help: "put it there"))
    }
    let first = try await link(input, script: input.script, to: "first.elf", in: work.path)
    let values = try await values(of: script, input, in: work.path)
    let (distances, fixed) = try Self.places(of: first, script, values, input)
    var notMoved: Rejection?
    for alignment in Self.alignments {
      do throws(Rejection) {
        var findings: [Finding] = []
        let folder = work.path
        let links = await atOnce(distances.count) { index in
          let distance = distances[index].roundedDown(to: alignment)
          do throws(Rejection) {
            return .success(
              try await compare(
                first, with: input, script.moved(by: distance, keeping: fixed), movedBy: distance,
                "moved\(index)", in: folder))
          } catch {
            return .failure(error)
          }
        }
        for link in links where findings.allSatisfy(Self.isInGOT) {
          let found = try link.get()
          findings += found.filter { new in !findings.contains { $0.location == new.location } }
        }
        if !findings.isEmpty, findings.allSatisfy(Self.isInGOT),
          try await hasNoGOTLoads(input, in: work.path)
        {
          findings = []
        }
        return try conclusion(first, findings, input, alignment)
      } catch {
        // What was not moved as a whole is perhaps aligned to more.
        guard error == Self.notMoved(input) else { throw error }
        notMoved = error
      }
    }
    throw notMoved ?? Self.notMoved(input)
  }

  /// The values of the script's bases: of expressions, as the linker computes them.
  private func values(
    of script: LinkerScript, _ input: LinkInput, in work: FilePath
  ) async throws(Rejection) -> [UInt64?] {
    func name(_ index: Int) -> String { "purgatory.base.\(index)" }
    guard let measured = script.measured(as: name) else { return script.baseValues }
    let path = work.appending("measured.lds").string
    var files = OutputFiles()
    files.add(measured, to: path)
    try files.write()
    let bytes = try await link(input, script: path, to: "measured.elf", in: work)
    do throws(ELFError) {
      let symbols = try ELFFile(bytes).symbols()
      let found = Dictionary(symbols.map { ($0.name, $0.value) }) { first, _ in first }
      return script.baseValues.enumerated().map { found[name($0.offset)] ?? $0.element }
    } catch {
      throw Rejection(error.finding.problem(in: input.script))
    }
  }

  private static func isInGOT(_ finding: Finding) -> Bool { finding.subjects == [".got"] }

  /// How far to move what is linked, and which bases of the script are somewhere else: hardware, or memory that does not
  /// come with the file. The distances to those change.
  private static func places(
    of first: [UInt8], _ script: LinkerScript, _ values: [UInt64?], _ input: LinkInput
  ) throws(Rejection) -> (distances: [UInt64], fixed: Set<Int>) {
    do throws(ELFError) {
      let elf = try ELFFile(first)
      let loads = elf.segments.filter { $0.type == .load && $0.fileSize > 0 }
      // What comes with the file: its bytes, and memory right behind them.
      let addresses = elf.sections.filter { section in
        section.isLoaded
          && (section.type != .noBits
            || loads.contains { section.address &- $0.virtualAddress < $0.memorySize })
      }.map(\.address)
      let base = addresses.min() ?? 0
      // From each to the next higher one: a script may have very many.
      let ordered = values.enumerated().compactMap { index, value in value.map { (value: $0, index: index) } }
        .sorted { $0.value < $1.value }
      var fixed: Set<Int> = []
      var next = UInt64.max
      var isUsed = false
      for (position, base) in ordered.enumerated().reversed() {
        if position + 1 == ordered.count || ordered[position + 1].value > base.value {
          next = position + 1 == ordered.count ? .max : ordered[position + 1].value
          isUsed = addresses.contains { $0 >= base.value && $0 < next }
        }
        if !isUsed { fixed.insert(base.index) }
      }
      let isNarrow = elf.header.elfClass == .elf32
      var distances = (isNarrow ? narrowDistances : proofDistances).map { (base ^ $0) &- base }
      // And one below.
      if base >= 0x2_0000 { distances.append(0x1_0000 &- base) }
      return (distances, fixed)
    } catch {
      throw Rejection(error.finding.problem(in: input.script))
    }
  }

  private static func notMoved(_ input: LinkInput) -> Rejection {
    Rejection(
      Problem(
        input.script, "SECTIONS", found: "addresses that do not follow its bases",
        expected: "all of them relative to the origins of MEMORY and to numbers that `.` is set to",
        help: "start SECTIONS with `. = BASE;` and set addresses nowhere else"))
  }

  private func compare(
    _ first: [UInt8], with input: LinkInput, _ script: [UInt8], movedBy distance: UInt64, _ name: String,
    in work: FilePath
  ) async throws(Rejection) -> [Finding] {
    let moved = work.appending("\(name).lds").string
    var files = OutputFiles()
    files.add(script, to: moved)
    try files.write()
    let second: [UInt8]
    do {
      second = try await link(input, script: moved, to: "\(name).elf", in: work)
    } catch {
      // A relocation that cannot hold the higher address is absolute, or it would not care.
      let overflows = (error.transcript ?? "").split(separator: "\n").compactMap(Self.overflow)
      guard overflows.isEmpty else { return overflows }
      throw Rejection(
        [
          Problem(
            input.script, "SECTIONS", found: "no link at another base",
            expected: "a script that links at any base",
            help: "start SECTIONS with `. = BASE;` and set addresses nowhere else")
        ], transcript: error.transcript)
    }
    do {
      return try Self.differences(ELFFile(first), ELFFile(second), distance, input)
    } catch {
      throw error as? Rejection
        ?? Rejection(Problem(input.script, found: "\(error)", help: "see the commands with -v"))
    }
  }

  /// Whether the linker has made all loads from the GOT do without, so that what is in it is of no consequence.
  private func hasNoGOTLoads(_ input: LinkInput, in work: FilePath) async throws(Rejection) -> Bool {
    let retained = try await link(
      input, script: input.script, options: ["--emit-relocs"], to: "retained.elf", in: work)
    do throws(ELFError) {
      var list = FindingList(rules: [])
      let position = try PositionIndependence(ELFFile(retained), .pie, into: &list)
      let elf = try ELFFile(retained)
      // Nor does a name in it, or what a function decides when it is called.
      let named = try elf.symbols().contains { symbol in
        guard case .section(let index) = symbol.definition else { return false }
        return symbol.type.rawValue == 10  // STT_GNU_IFUNC
          || (elf.sections[index].name == ".got" && !symbol.name.isEmpty && symbol.type != .section
            && !Landmarks.linkerNames.contains(symbol.name) && !symbol.name.hasPrefix("$"))
      }
      return position.isGOTKnown && position.gotLoads == 0 && !named
    } catch {
      throw Rejection(error.finding.problem(in: input.script))
    }
  }

  /// What the bytes show, and what else the first link and the objects do.
  private func conclusion(
    _ first: [UInt8], _ differences: [Finding], _ input: LinkInput, _ alignment: UInt64
  ) throws(Rejection) -> LinkProof {
    do throws(ELFError) {
      let elf = try ELFFile(first)
      guard !FlatImage(elf).pieces.isEmpty else {
        throw ELFError(
          place: "link at its own base", found: "no loaded bytes", expected: "something to prove")
      }
      var list = FindingList(rules: Profile.pie.rules)
      let position = try PositionIndependence(elf, .pie, into: &list)
      list.add(FlatLayout.findings(elf, pageRelative: position.pageRelative))
      if let function = try elf.symbols().first(where: { $0.type.rawValue == 10 }) {
        list.add(
          Finding(
            .dynamicRelocation, function.name, found: "an indirect function (STT_GNU_IFUNC)",
            expected: "none: a loader would have to ask which one it is"))
      }
      let undefined = try UndefinedSymbols(input.objects, linkedTo: elf).findings
      // GNU ld leaves undefined weak symbols out of what it links, lld names them.
      let known = Set(undefined.map(\.location))
      // Without retained relocations a GOT is reported as it is; here its bytes were compared.
      let others = list.findings.filter {
        $0.rule != .gotOrPLT && ($0.rule != .undefinedSymbol || !known.contains($0.location))
      }
      return LinkProof(
        findings: undefined + differences + others, image: FlatImage(elf), alignment: alignment,
        machine: elf.header.machine.name)
    } catch {
      throw Rejection(error.finding.problem(in: input.script))
    }
  }

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

  private func link(
    _ input: LinkInput, script: String, options: [String] = [], to elf: String, in work: FilePath
  ) async throws(Rejection) -> [UInt8] {
    let directory = FilePath(absolute: input.script).removingLastComponent().string
    try await linkCommand(
      options: options + ["--no-dynamic-linker", "-L", directory], script: FilePath(absolute: script).string,
      objects: input.objects.map { FilePath(absolute: $0).string }, to: elf
    ).run(in: work)
    return try Files.read(work.appending(elf).string, .elf)
  }

  private static func differences(
    _ first: borrowing ELFFile, _ second: borrowing ELFFile, _ distance: UInt64, _ input: LinkInput
  ) throws -> [Finding] {
    let pairs = zip(first.sections, second.sections).filter { $0.0.flags.contains(.allocate) }
    guard first.sections.count == second.sections.count else { return [resized("section header table")] }
    if let changed = pairs.first(where: { $0.0.name != $0.1.name || $0.0.size != $0.1.size }) {
      // Where a linker puts code in between, what follows moves.
      return [resized(changed.0.name)]
    }
    guard pairs.allSatisfy({ $0.1.address &- $0.0.address == distance }) else { throw notMoved(input) }
    let (symbols, machine) = (try first.symbols(), first.header.machine)
    return pairs.filter { $0.0.type != .noBits }.flatMap { section, other in
      differences(
        in: section, first.bytes[section.fileRange], second.bytes[other.fileRange], distance,
        symbols: symbols,
        machine: machine)
    }
  }

  private static func resized(_ place: String) -> Finding {
    Finding(.absoluteAddress, place, found: "another size at another base", expected: "the same")
  }

  /// The first difference in each symbol of a section.
  private static func differences(
    in section: ELF.Section, _ first: ArraySlice<UInt8>, _ second: ArraySlice<UInt8>, _ distance: UInt64,
    symbols: [Symbol], machine: ELFHeader.Machine
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
          expected: "the same bytes at every base",
          help: "\(Rule.absoluteAddress.help(for: machine)); in a linker script, only differences of symbols",
          subjects: [section.name]))
    }
    return findings
  }
}
