// BlockTests.swift — every shell block of the documentation is run, and prints what the page says
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@testable import LoaderTests

@Suite("shell blocks") struct BlockTests {
  /// What is wrong with the table for these pages.
  private static func gaps(of pages: [Page]) -> [String] {
    pages.compactMap { page in
      let count = page.blocks.filter(\.isShell).count
      let known = PageRow.all.first { $0.file == page.file }?.blocks.count ?? 0
      return count == known ? nil : "\(page.file): \(count) shell blocks, \(known) in PageRow.all"
    }
  }

  @Test func everyBlockIsInTheTable() {
    #expect(Self.gaps(of: Pages.all) == [])
    let files = Pages.all.map(\.file)
    #expect(PageRow.all.allSatisfy { files.contains($0.file) }, "of \(files)")
    // One more is seen, on a page that is there and on a new one.
    for file in ["docs/ci.md", "docs/new.md"] {
      let text = "\(Page(file).text)\n```sh\nfalse\n```\n"
      #expect(Self.gaps(of: [Page(file, text: text)]).count == 1)
    }
  }

  /// What a suite runs, it takes from the page.
  @Test func suitesTakeTheirBlocksFromThePage() throws {
    for row in PageRow.all {
      let page = Page(row.file)
      for (block, how) in zip(page.blocks.filter(\.isShell), row.blocks) {
        guard case .suite(let suite, let words) = how else { continue }
        let name = try #require(block.name, "\(row.file):\(block.line)")
        let source = String(decoding: try read("\(packageFolder)/Tests/\(suite).swift"), as: UTF8.self)
        let variable = "Page.\(row.file.dropFirst("docs/".count).dropLast(".md".count))"
        let taken = words.map { [$0] } ?? ["run", "text"].map { "\(variable).\($0)(\"\(name)\"" }
        #expect(
          taken.contains { source.contains($0) },
          "\(suite) runs no '\(name)' of \(row.file)")
      }
    }
  }

  /// In CI those too that cannot be run.
  private static let rows = PageRow.all.filter { $0.isRun && (Tools.isCI || $0.lacks.isEmpty) }

  private static let leftOut = PageRow.all.filter { $0.isRun && !$0.lacks.isEmpty && !Tools.isCI }
    .map { "\($0.file) lacks \($0.lacks.joined(separator: ", "))" }

  @Test(.enabled(if: leftOut.isEmpty, "\(leftOut.joined(separator: "; ")): make inputs"))
  func noPageIsLeftOut() {}

  @Test(arguments: rows) func aPageWorks(_ row: PageRow) async throws {
    let faults = try await Self.faults(row, Page(row.file))
    #expect(faults.isEmpty, "\(faults.joined(separator: "\n\n"))")
  }

  /// An option that is none is seen in the last block of each page.
  @Test(arguments: rows) func aBlockThatIsWrongIsSeen(_ row: PageRow) async throws {
    let page = Page(row.file)
    let last = page.blocks.last(where: \.isShell)
    let block = try #require(last).text
    let verb =
      #/(?:purgatory (?:build|check|show)|integrate|install|make docs|\./kexec(?:-load)?|\./purgatory-load)\s/#
    let wrong = block.replacing(verb) { "\($0.output)--none " }
    try #require(wrong != block)
    let faults = try await Self.faults(row, Page(row.file, text: page.text.replacing(block, with: wrong)))
    #expect(!faults.isEmpty)
  }

  /// What is not as a page says when its blocks are run.
  private static func faults(_ row: PageRow, _ page: Page) async throws -> [String] {
    let (outcome, printed) = try await PageRun(row: row, page: page, folder: try Folder()).run()
    let shell = page.blocks.filter(\.isShell)
    guard outcome.status == .exited(0), printed.count == shell.count else {
      return ["\(page.file): \(outcome.status):\n\(outcome.text.suffix(8000))"]
    }
    var faults: [String] = []
    func compare(_ lines: [Substring], _ text: String, _ line: Int) throws {
      if let missing = try ExpectedOutput.missing(lines, in: text) {
        faults.append("\(page.file):\(line): '\(missing)' is missing in:\n\(text)")
      }
    }
    for (index, block) in shell.enumerated() {
      if case .machine(_, let says) = row.blocks[index] { try compare(says, printed[index], block.line) }
      // A block of no language is what the one before it prints; what is typed, the machine's console has.
      guard let next = page.blocks.first(where: { $0.line > block.line }), next.language == "" else {
        continue
      }
      switch row.blocks[index] {
      case .here, .machine: try compare(next.text.split(separator: "\n"), printed[index], next.line)
      case .typed: try compare(next.text.split(separator: "\n"), printed[index - 1], next.line)
      case .suite, .never: break
      }
    }
    return faults
  }

  /// The commands in the table of docs/ci.md, on files as it names them.
  @Test(.requiresQEMU, .requires(.uBootELF)) func theCommandsOfATableWork() async throws {
    let commands = Page("docs/ci.md").prose.filter { $0.hasPrefix("| ") }
      .flatMap { $0.matches(of: /`(purgatory check [^`]+)`/).map { "```sh\n\($0.1)\n```\n" } }
    #expect(commands.count == 5)
    let row = PageRow(
      file: "docs/ci.md",
      setUp: """
        for format in elf bin; do purgatory build -q --format $format -o purgatory.$format; done
        cp "$cache/debian/u-boot-elf/qemu_arm64/uboot.elf" u-boot
        printf '.global _start\\n_start: adr x0, data\\n' >a.S
        printf '.global data\\n.hidden data\\ndata: .quad 1\\n' >b.S
        clang --target=aarch64-none-elf -c a.S b.S
        echo 'SECTIONS { . = 0; .text : { *(.text) } }' >blob.lds
        ld.lld --no-dynamic-linker -L . -z max-page-size=4096 -T blob.lds a.o b.o -o blob.elf
        llvm-objcopy -O binary blob.elf blob.bin
        llvm-ar rc libblob.a a.o b.o
        """, blocks: commands.map { _ in .here })
    for (text, fails) in [
      (commands.joined(), false), (commands.joined().replacing("blob.bin", with: "a.S"), true),
    ] {
      let (outcome, _) = try await PageRun(
        row: row, page: Page("docs/ci.md", text: text), folder: try Folder()
      ).run()
      #expect((outcome.status != .exited(0)) == fails, "\(outcome.text)")
    }
  }

  @Test func outputThatIsAnotherIsSeen() throws {
    let text =
      "[    1.25] begin\r\npurgatory: verified 4096 bytes\r\nsha256 \(String(repeating: "a1", count: 32))\r\n"
    func missing(_ page: String) throws -> Substring? {
      try ExpectedOutput.missing(page.split(separator: "\n"), in: text)
    }
    #expect(try missing("[    0.000000] begin\npurgatory: verified 81 bytes\n…\nsha256 9f…") == nil)
    #expect(try missing("purgatory: … bytes") == nil)
    for line in ["purgatory: verify 81 bytes", "purgatory: verified 81 byte", "sha256 9f", "begin"] {
      #expect(try missing(line) == line[...])
    }
    #expect(try missing("sha256 9f…\n[    1.25] begin") == "[    1.25] begin")
  }

  /// Where a runner in CI gets what the tool is built and run with, which no test installs.
  @Test func aRunnerGetsWhatTheToolIsBuiltWith() throws {
    let page = Page("docs/ci.md")
    let block = try #require(page.blocks.first { $0.text.contains("apt-get install") })
    let line = try #require(block.text.firstMatch(of: /apt-get install -y (.+)/)?.1)
    let bootstrap = String(decoding: try read("\(packageFolder)/scripts/bootstrap"), as: UTF8.self)
    let packages = try #require(bootstrap.firstMatch(of: /packages="([^"]+)"/)?.1.split(separator: " "))
    let needed = packages.filter { $0.hasPrefix("lib") || $0.hasPrefix("zlib") || $0 == "pkgconf" }
    #expect(Set(line.split(separator: " ")) == Set(needed + ["git"]))
  }
}
