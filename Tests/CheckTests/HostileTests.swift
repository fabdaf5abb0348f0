// HostileTests.swift — ELF files that lie about themselves: a finding each, and little of it
// SPDX-License-Identifier: MIT

import PurgatoryKit
import TestSupport
import Testing

struct Lie: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Words of the finding.
  let says: String
  let tell: @Sendable (inout Image) -> Void

  init(_ name: String, says: String, _ tell: @escaping @Sendable (inout Image) -> Void) {
    testDescription = name
    self.says = says
    self.tell = tell
  }

  /// Offsets in the ELF header.
  private static let (phoff, shoff, phnum, shentsize, shnum, shstrndx) = (0x20, 0x28, 0x38, 0x3a, 0x3c, 0x3e)
  /// Offsets in a section header.
  private static let (offset, size, link, info, entsize) = (0x18, 0x20, 0x28, 0x2c, 0x38)

  static let all = [
    Lie("sections far outside", says: "at offset 0x10000000000") { $0[shoff, UInt64.self] = 1 << 40 },
    Lie("sections at the end of the address space", says: "section header table") {
      $0[shoff, UInt64.self] = .max
    },
    Lie("sections in the ELF header", says: "an offset behind the ELF header") { $0[shoff, UInt64.self] = 1 },
    Lie("sections without their last byte", says: "section header table") { $0.bytes.removeLast() },
    Lie("segments far outside", says: "program header table") { $0[phoff, UInt64.self] = 1 << 40 },
    Lie("segments where sections are", says: "PT_LOAD segment") {
      $0[phoff, UInt64.self] = $0[shoff, UInt64.self]
    },
    Lie("sections where segments are", says: "section header") {
      $0[shoff, UInt64.self] = $0[phoff, UInt64.self]
    },
    Lie("2^32 sections", says: "section header table") {
      $0[shnum, UInt16.self] = 0
      $0[$0.section(0) + size, UInt64.self] = 1 << 32
    },
    Lie("2^64 - 1 sections", says: "section header table") {
      $0[shnum, UInt16.self] = 0
      $0[$0.section(0) + size, UInt64.self] = .max
    },
    Lie("2^58 sections, which are 2^64 bytes", says: "section header table") {
      $0[shnum, UInt16.self] = 0
      $0[$0.section(0) + size, UInt64.self] = 1 << 58
    },
    Lie("no sections, by section 0", says: "no headers inside the file") {
      $0[shnum, UInt16.self] = 0
      $0[$0.section(0) + size, UInt64.self] = 0
    },
    Lie("65534 sections", says: "section header table") { $0[shnum, UInt16.self] = 65534 },
    Lie("65534 segments", says: "program header table") { $0[phnum, UInt16.self] = 65534 },
    Lie("2^32 - 1 segments, by section 0", says: "program header table") {
      $0[phnum, UInt16.self] = 0xffff
      $0[$0.section(0) + info, UInt32.self] = .max
    },
    Lie("section headers of no size", says: "entry size 0x0") { $0[shentsize, UInt16.self] = 0 },
    Lie("symbols of no size", says: "entry size 0x0") {
      $0[$0.section(".symtab") + entsize, UInt64.self] = 0
    },
    Lie("symbols of another size", says: "entry size 0x10") {
      $0[$0.section(".symtab") + entsize, UInt64.self] = 16
    },
    Lie("half a symbol", says: "a multiple of its entry size") {
      let field = $0.section(".symtab") + size
      $0[field, UInt64.self] -= 1
    },
    Lie("symbols named by themselves", says: "a link to section") {
      let header = $0.section(".symtab")
      $0[header + link, UInt32.self] = UInt32(clamping: (header - $0.section(0)) / 64)
    },
    Lie("symbols named by nobody", says: "a link to section 4294967295") {
      $0[$0.section(".symtab") + link, UInt32.self] = .max
    },
    Lie("strings without an end", says: "a string table that ends in 0x41") {
      let end = $0.content(".strtab") + Int(clamping: $0[$0.section(".strtab") + size, UInt64.self])
      $0.bytes[end - 1] = 0x41
    },
    Lie("strings outside the file", says: "bytes inside the file") {
      $0[$0.section(".strtab") + size, UInt64.self] = 1 << 63
    },
    Lie("strings that wrap around", says: "bytes inside the file") {
      $0[$0.section(".strtab") + offset, UInt64.self] = 0x100
      $0[$0.section(".strtab") + size, UInt64.self] = .max - 0x80
    },
    Lie("strings in the symbols", says: "bytes of its own") {
      $0[$0.section(".strtab") + offset, UInt64.self] = UInt64($0.content(".symtab"))
    },
    Lie("a name outside its table", says: "an offset inside the string table") {
      $0[$0.symbol("purgatory_info"), UInt32.self] = 0xffff_fff0
    },
    Lie("a symbol in no section", says: "section 65000") {
      $0[$0.symbol("purgatory_info") + 6, UInt16.self] = 65000
    },
    Lie("section names in no section", says: "section names in section 65000") {
      $0[shstrndx, UInt16.self] = 65000
    },
    Lie("section names in the code", says: "a string table") { $0[shstrndx, UInt16.self] = 2 },
    Lie("a segment outside the file", says: "program header 0") {
      $0[$0.segment(0) + 0x20, UInt64.self] = 1 << 62
    },
    Lie("a segment at the end of the address space", says: "memory that ends below 2^64") {
      $0[$0.segment(0) + 0x10, UInt64.self] = .max - 0xff
    },
    Lie("another class", says: "ELF header") { $0.bytes[4] = 1 },
    Lie("no class", says: "class 0") { $0.bytes[4] = 0 },
    Lie("no byte order", says: "data encoding 3") { $0.bytes[5] = 3 },
    Lie("another version", says: "version") { $0.bytes[6] = 2 },
  ]
}

@Suite struct HostileTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  @Test(arguments: Lie.all)
  func aLieIsAFinding(_ lie: Lie) async throws {
    var image = Image(bytes: try await Crafted().make(in: folder, as: "x"))
    try #require(folder.findings(in: "x") == [])
    lie.tell(&image)
    try folder.write(image.bytes, to: "x")
    for profile in Profile.allCases {
      let found = folder.findings(in: "x", profile)
      #expect(found.contains { $0.contains(lie.says) }, "\(found)")
      // What is no segment any more is not loaded, either.
      let rules = ["malformed-elf: "] + (lie.says == "PT_LOAD segment" ? ["load-segment: "] : [])
      #expect(found.allSatisfy { line in rules.contains { line.hasPrefix($0) } }, "\(found)")
      #expect(!found.isEmpty && found.count < 10)
    }
  }

  /// The command line says the same, whatever the format.
  @Test func theCommandEndsInOrder() async throws {
    let good = try await Crafted().make(in: folder, as: "x")
    var names: [String] = []
    for (index, lie) in Lie.all.enumerated() {
      var image = Image(bytes: good)
      lie.tell(&image)
      try folder.write(image.bytes, to: "lie\(index)")
      names.append("lie\(index)")
    }
    for format in ["text", "json", "sarif", "junit", "github"] {
      let outcome = try await folder.purgatory(["check", "--format", format] + names)
      #expect(outcome.status == .exited(2))
      #expect(outcome.error == "")
      #expect(outcome.output.count < 200_000)
    }
  }

  @Test func smallFilesAreFindings() async throws {
    let good = try await Crafted().make(in: folder, as: "x")
    for filler in [nil, 0, 0xff] as [UInt8?] {
      for count in 0...64 {
        let bytes = filler.map {
          Array(good.prefix(min(16, count))) + [UInt8](repeating: $0, count: max(0, count - 16))
        }
        try folder.write(bytes ?? Array(good.prefix(count)), to: "x")
        for profile in Profile.allCases {
          let found = folder.findings(in: "x", profile)
          #expect(found.contains { $0.hasPrefix("malformed-elf: ") }, "\(count) bytes: \(found)")
        }
      }
    }
    for count in 0...64 {
      try folder.write([UInt8](repeating: 0, count: count), to: "x")
      #expect(folder.findings(in: "x").count == 1)
      #expect(EmbeddedELF.all(in: Array(good.prefix(count))).isEmpty)
    }
  }

  /// Of a kind of findings one is described; what only another would have asked for is looked at all the same.
  @Test func aTableThatNoTextIsOfIsReadAllTheSame() async throws {
    let recipe = Recipe(
      source: ".data\n.balign 8\n.global table\ntable: .quad table, table", script: nil,
      options: ["-pie", "--no-dynamic-linker", "--export-dynamic", "-Bsymbolic"])
    var image = Image(bytes: try await recipe.make(in: folder, as: "x"))
    // The second relocation is R_AARCH64_RELATIVE as the first, and of a symbol.
    image[image.content(".rela.dyn") + 24 + 12, UInt32.self] = 1
    for (size, verdict) in [(24, Verdict.broken), (25, .unreadable)] {
      image[image.section(".dynsym") + 0x38, UInt64.self] = UInt64(size)
      for folds in [false, true] {
        var checker = Checker()
        checker.foldsFindings = folds
        #expect(checker.check(image.bytes, path: "x").verdict == verdict, "\(size), folded: \(folds)")
      }
    }
  }

  /// A header every 64 bytes, each of which could be an embedded purgatory's.
  @Test func veryManyHeadersEndSoon() async throws {
    let host = try await Crafted { $0.entry = "code" }.make(in: folder, as: "x")
    var bytes = host
    while bytes.count < 1 << 17 { bytes += host.prefix(64) }
    try folder.write(bytes, to: "x")
    let found = folder.findings(in: "x", embedded: true)
    #expect(found.count == 1 && found[0].contains("one of very many ELF headers inside"), "\(found)")
    // A few are looked at.
    try folder.write(Array(bytes.prefix(1 << 14)), to: "x")
    #expect(folder.findings(in: "x").map { String($0.prefix(6)) } == ["entry:"])
  }

  /// Symbols that share one long name, in files that are small.
  @Test func veryManyNamesEndSoon() throws {
    var elf = LargeELF(segmentSizes: [1 << 10])
    let names = 100
    let name = String(repeating: "a", count: 10_000)
    let table = elf.add(symbols: [.init(name: name)] + (1..<names).map { .init(name: "\($0)") })
    for index in 1...names {
      elf.sections[table - 1].bytes.replaceSubrange(24 * index..<24 * index + 4, with: [1, 0, 0, 0])
    }
    let one = elf.bytes
    for (count, isRefused) in [(100, true), (4, false)] {
      try folder.write([UInt8]((0..<count).map { _ in one }.joined()), to: "x")
      let found = folder.findings(in: "x", embedded: true)
      #expect(found.contains { $0.contains("one of very many ELF headers inside") } == isRefused, "\(found)")
    }
  }
}
