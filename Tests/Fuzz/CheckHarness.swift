// CheckHarness.swift — what `check` counts is counted again; what it calls clean is patched, shown, extracted, and checked again
// SPDX-License-Identifier: MIT

import ELF
import PurgatoryCommand
import PurgatoryKit

func fuzzCheck(_ bytes: [UInt8]) {
  let other = Profile.allCases[bytes.count % Profile.allCases.count]
  if other != .purgatory { compare(bytes, other) }
  compare(bytes, .purgatory)
  // A program that is no purgatory is judged as such, and of one in it nothing is said: that is another harness's.
  let hasInfo = (try? ELFFile(bytes).symbols())?
    .contains { $0.name == "purgatory_info" && $0.definition != .undefined }
  guard hasInfo ?? false || EmbeddedELF.all(in: bytes).isEmpty else { return }
  guard let blob = try? Blob(bytes, file: "blob") else {
    // What was linked to an address has to be proven before it is taken for a purgatory.
    let isExecutable = Info.integer(bytes, 16, size: 2) == 2 && bytes.first == 0x7f
    return require(isExecutable || !judge(bytes).passes, "check passes what is no purgatory")
  }
  let broken = Set(judge(bytes).findings.map(\.rule))
  require(
    broken.isSubset(of: [.infoSymbol, .overlap, .entryOutsideRegions, .dtb]),
    "a purgatory that breaks \(broken)")
  if broken.isEmpty { patch(bytes, blob) }
}

private func judge(_ bytes: [UInt8], _ profile: Profile = .purgatory, folds: Bool = false) -> CheckedFile {
  var checker = Checker()
  checker.profile = profile
  checker.foldsFindings = folds
  checker.allowances = [Allowance(.proof)]
  return checker.check(bytes, path: "blob")
}

/// Each finding or each kind of them: it is the same file. And what is counted, is there.
private func compare(_ bytes: [UInt8], _ profile: Profile) {
  let (file, folded) = (judge(bytes, profile), judge(bytes, profile, folds: true))
  require(file.verdict == folded.verdict, "\(file.verdict), by kinds \(folded.verdict)")
  require(file.findingCount == folded.findingCount, "\(file.findingCount), by kinds \(folded.findingCount)")
  require(file.counts == folded.counts, "\(file.counts), by kinds \(folded.counts)")
  guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]),
    !file.findings.contains(where: { $0.rule == .malformedELF })
  else { return }
  let raw = RawELF(bytes).counts
  require(
    raw.dynamic == file.counts.dynamicRelocations && raw.static == file.counts.staticRelocations
      && raw.undefined == file.counts.undefinedSymbols, "\(file.counts), by the harness \(raw)")
}

/// - Parameter blob: of `bytes`, and clean.
private func patch(_ bytes: [UInt8], _ blob: Blob) {
  let before = judge(bytes).verdict
  let start = Info.range(of: blob).lowerBound
  require(
    blob.info.kernelEntry == Info.integer(bytes, start + 0x10)
      && blob.info.dtbAddress == Info.integer(bytes, start + 0x18)
      && blob.info.memorySize == Info.integer(bytes, start + 0x38)
      && blob.info.resultAddress == Info.integer(bytes, start + 0x378)
      && blob.info.regions.map(\.base) == (0..<16).map { Info.integer(bytes, start + 0x40 + 16 * $0) },
    "other fields than the file's")

  // Of all that may be changed, what the file's own bytes say.
  let choice = bytes.reduce(0) { $0 &+ Int($1) }
  var changes = InfoChanges()
  changes.quiet = choice & 1 == 0
  changes.usesCache = choice & 2 == 0
  changes.usesCrypto = choice & 4 == 0
  changes.onFailure = PurgatoryInfo.FailureAction.allCases[choice >> 3 & 3]
  changes.psci = choice & 32 == 0 ? .smc : .hvc
  let uart = UART.named[choice % UART.named.count].uart
  changes.console = .some(choice & 64 == 0 ? PurgatoryInfo.Console(uart, base: 0x900_0000) : nil)
  var patched = blob
  // A UART may be where a region is: then it is refused.
  let register = PurgatoryInfo.Region(base: 0x900_0000, size: 0x1000)
  if blob.info.usedRegions.contains(where: {
    $0.region.base &- register.base < register.size || register.base &- $0.region.base < $0.region.size
  }) {
    changes.console = .some(nil)
  }
  guard let info = try? changes.applied(to: blob.info, file: "blob"), (try? patched.fill(info)) != nil,
    let after = try? patched.contents.bytes(.elf)
  else { return require(false, "a clean purgatory cannot be patched") }

  // flags, console_base and _access; the other registers of the console.
  let changed = [start + 0x20..<start + 0x34, start + 0x380..<start + 0x390]
  require(after.count == bytes.count, "\(after.count) bytes of \(bytes.count)")
  let was = Info.canonical(bytes, at: start..<start + PurgatoryInfo.size)
  for index in bytes.indices where after[index] != was[index] {
    require(changed.contains { $0.contains(index) }, "byte \(index) is another")
  }
  let again = judge(after)
  require(again.passes && again.verdict == before, "\(before), and patched \(again.verdict)")
  guard let shown = try? Blob(after, file: "blob") else { return require(false, "patched, it is none") }
  require(shown.info == info && shown.format == blob.format, "shown as another than it was patched to")
  require(
    shown.info.onFailure == changes.onFailure && shown.info.flags.contains(.quiet) == (choice & 1 == 0)
      && shown.info.flags.contains(.noCache) == (choice & 2 != 0), "not what it was patched to")
  require(shown.text.contains { $0.contains(info.onFailure.name) }, "not said")
  _ = MemoryDiagram(shown)

  require(shown.flat == Array(after[shown.loadRange]), "other flat bytes than those that are loaded")
  // A flat file ends where its mark is; an ELF file knows without one.
  let marks = stride(from: PurgatoryInfo.blobOffset + PurgatoryInfo.size, to: shown.flat.count, by: 8)
  guard shown.format != .bundle,
    marks.first(where: { Info.integer(shown.flat, $0) == 0x2e44_4e45_4752_5550 }) == shown.flat.count - 8
  else { return }
  guard let flat = try? Blob(shown.flat, file: "flat") else { return require(false, "extracted, it is none") }
  require(flat.info == info && flat.flat == shown.flat, "extracted, it is another")
  require(judge(flat.bytes).passes, "extracted, it breaks rules")
}
