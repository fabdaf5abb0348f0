// RealBlobTests.swift — position-independent code as it is out there: each with a verdict that helps (docs/rules.md)
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

struct RealBlob: Sendable, CustomTestStringConvertible {
  let name: String
  /// Below .cache/debian/.
  let path: String
  let profile: Profile
  var embedded = false
  let verdict: Verdict
  let dynamicRelocations: Int?
  /// What is said, of a finding or of the doubt.
  let says: [String]
  /// A finding of the release that Debian 13 has, which this one does not have yet.
  var newer: String?

  var testDescription: String { name }

  static let all = [
    RealBlob(
      name: "kexec's purgatory, arm64", path: "kexec/kexec", profile: .pie, embedded: true, verdict: .broken,
      dynamicRelocations: 0, says: ["R_AARCH64_ABS64 against .data (depends on the load address"]),
    RealBlob(
      name: "kexec's purgatory, x86-64", path: "kexec-amd64/kexec", profile: .pie, embedded: true,
      verdict: .broken, dynamicRelocations: 0, says: ["R_X86_64_64 against ", "compile it with -fPIE"]),
    RealBlob(
      name: "kexec's purgatory, PowerPC64", path: "kexec-ppc64el/kexec", profile: .pie, embedded: true,
      verdict: .broken, dynamicRelocations: 0, says: ["R_PPC64_ADDR64 against "]),
    RealBlob(
      name: "kexec's purgatory, S/390", path: "kexec-s390x/kexec", profile: .pie, embedded: true,
      verdict: .unproven, dynamicRelocations: 0, says: ["an object, whose addresses its link makes"]),
    RealBlob(
      name: "kexec's purgatory, RISC-V", path: "kexec-riscv64/kexec", profile: .pie, embedded: true,
      verdict: .broken, dynamicRelocations: 0, says: ["R_RISCV_HI20 against ", "R_RISCV_LO12_I against "]),
    RealBlob(
      name: "the vDSO", path: "vdso/vdso.so", profile: .pie, verdict: .broken, dynamicRelocations: 0,
      says: ["PT_DYNAMIC"]),
    RealBlob(
      name: "the vDSO, without what its loader wants", path: "vdso/vdso.so", profile: .selfRelocating,
      verdict: .unproven, dynamicRelocations: 0, says: ["no retained relocations"]),
    RealBlob(
      name: "OpenSBI", path: "opensbi/fw_jump.elf", profile: .selfRelocating, verdict: .unproven,
      dynamicRelocations: nil, says: ["what it does to itself"],
      newer: "R_RISCV_64 against domain_list, expected only relative ones"),
    RealBlob(
      name: "U-Boot, arm64", path: "u-boot-elf/qemu_arm64/uboot.elf", profile: .selfRelocating,
      verdict: .unproven, dynamicRelocations: nil, says: ["what it does to itself"]),
    RealBlob(
      name: "U-Boot, RISC-V", path: "u-boot-elf/qemu-riscv64/uboot.elf", profile: .selfRelocating,
      verdict: .broken, dynamicRelocations: nil, says: ["R_RISCV_64 against ", "only relative ones"]),
    RealBlob(
      name: "U-Boot, i386", path: "u-boot-elf/qemu-x86/uboot.elf", profile: .selfRelocating, verdict: .broken,
      dynamicRelocations: nil,
      says: ["none where the entry point is", "loaded at 0xfffff800 to run at 0xf800"]),
    RealBlob(
      name: "TF-A", path: "tf-a/rk3399/bl31.elf", profile: .pie, verdict: .broken, dynamicRelocations: 0,
      says: ["ro+0x120, expected no absolute address", "bytes that only memory has"]),
    RealBlob(
      name: "an arm64 Image", path: "linux/Image", profile: .pie, verdict: .unproven, dynamicRelocations: 0,
      says: ["an arm64 Image, without its ELF file", "--flat "]),
    RealBlob(
      name: "U-Boot, flat", path: "u-boot/u-boot.bin", profile: .pie, verdict: .unreadable,
      dynamicRelocations: 0, says: ["neither an ELF file nor a flat purgatory", "--flat "]),
  ]

  var file: String { "\(packageFolder)/.cache/debian/\(path)" }
}

@Suite struct RealBlobTests {
  @Test(arguments: RealBlob.all)
  func itsVerdictHelps(_ blob: RealBlob) throws {
    guard Tools.isCI || FileManager.default.fileExists(atPath: blob.file) else {
      return print("\(blob.name) is skipped: \(blob.file) is missing: make inputs")
    }
    var checker = Checker()
    checker.profile = blob.profile
    checker.judgesEmbedded = blob.embedded
    checker.foldsFindings = true
    let file = checker.check(path: blob.file)
    let isNewer = blob.newer.map { text in file.findings.contains { $0.message.contains(text) } } ?? false
    #expect(file.verdict == (isNewer ? .broken : blob.verdict))
    if let count = blob.dynamicRelocations {
      #expect(file.counts.dynamicRelocations == count)
    } else {
      #expect(file.counts.dynamicRelocations > 100)
    }
    let words =
      file.findings.map { "\($0.location): \($0.message); \($0.help)" } + [
        file.doubt.map { "\($0.reason); \($0.help)" } ?? ""
      ]
    for text in blob.says where !isNewer { #expect(words.contains { $0.contains(text) }, "\(words)") }
    // A few findings, whatever the number of relocations.
    #expect(file.findings.count < 20 && !file.ok)
  }

  /// u-root's trampoline for arm64 is forty bytes: two words that its loader fills in, and how to get at them. One alike.
  @Test func aTrampolineIsProvenByItsLinks() async throws {
    let folder = try Folder()
    let code = """
      .section .text
      .global _start
      _start: ldr x0, tree
      ldr x16, kernel
      mov x1, xzr
      mov x2, xzr
      mov x3, xzr
      br x16
      kernel: .quad KERNEL
      tree: .quad 0
      """
    try folder.write("SECTIONS { . = 0; .text : { *(.text) } }\n", to: "t.lds")
    for (kernel, verdict) in [("0", "proven"), ("_start", "broken")] {
      try await Recipe(source: code.replacing("KERNEL", with: kernel), isLinked: false).make(
        in: folder, as: "t.o")
      let report = try await folder.report(["--profile", "pie", "--objects", "t.o", "--script", "t.lds"])
      #expect(report.files.map(\.verdict) == [verdict])
    }
  }
}
