// FetchTests.swift — scripts/fetch-debian when a mirror lacks something: it says so and fetches the rest
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

@Suite struct FetchTests {
  let folder: Folder

  /// A checkout with the script alone, and a mirror in its words: `apt-get` has all packages but those in `lacking`, each
  /// an archive of the same few files.
  init() throws {
    folder = try Folder()
    for name in ["checkout/scripts", "bin", "files/boot", "files/usr/bin", "files/usr/lib"] {
      try folder.makeFolder(name)
    }
    try folder.write(read("\(packageFolder)/scripts/fetch-debian"), to: "checkout/scripts/fetch-debian")
    try folder.setMode(0o755, of: "checkout/scripts/fetch-debian")
    for name in ["bin/busybox", "lib/ld-linux-aarch64.so.1", "lib/libc.so.6"] {
      try folder.write(name, to: "files/usr/\(name)")
    }
    try program(
      "apt-get",
      """
      case $1 in
      update) exit 100 ;; # as it does when any of the machine's package sources fails
      download)
        for package; do :; done
        case " $(cat '\(folder.path)/lacking') " in
        *" $package "*) echo "E: Unable to locate package $package" >&2; exit 100 ;;
        esac
        tar -cf package.deb -C '\(folder.path)/files' . ;;
      source)
        [ ! -s '\(folder.path)/lacking' ] || exit 100
        tar -cf a.orig.tar.xz -C '\(folder.path)/source' upstream-1
        tar -cf a.debian.tar.xz -C '\(folder.path)/source' debian
        touch a.dsc ;;
      esac
      """)
    try program("apt-cache", "exit 100")
    try program("dpkg-deb", "cat \"$2\"")
  }

  private func program(_ name: String, _ text: String) throws {
    try folder.write("#!/bin/sh\nset -eu\n\(text)\n", to: "bin/\(name)")
    try folder.setMode(0o755, of: "bin/\(name)")
  }

  private func fetch(_ names: String..., lacking packages: String = "") async throws -> Outcome {
    try folder.write(packages, to: "lacking")
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try await Command.run(
      "\(folder.path)/checkout/scripts/fetch-debian", names, in: folder.path,
      environment: ["PATH": "\(folder.path)/bin:\(path)"])
  }

  private func exists(_ name: String) -> Bool { folder.exists("checkout/.cache/debian/\(name)") }

  @Test func allIsThere() async throws {
    let outcome = try await fetch("busybox", "elf-loader")
    #expect(outcome.status == .exited(0) && outcome.output == [], "\(outcome.error)")
    #expect(outcome.error == "fetch-debian: busybox-static\nfetch-debian: libc6\n")
    #expect(try folder.text(of: "checkout/.cache/debian/busybox/busybox") == "bin/busybox")
    #expect(try folder.mode(of: "checkout/.cache/debian/busybox/busybox") & 0o111 == 0o111)
    #expect(!exists("part") && !exists("apt-deb-arm64"))
  }

  @Test func whatLacksIsNamedAndTheRestIsFetched() async throws {
    let outcome = try await fetch(
      "elf-loader", "elf-amd64", "kexec", "kexec-libs", "linux", "busybox",
      lacking: "libc6:amd64 linux-image-cloud-arm64")
    #expect(outcome.status == .exited(1) && outcome.output == [])
    let said = outcome.error.split(separator: "\n").filter {
      !$0.hasPrefix("fetch-debian: ") && !$0.hasPrefix("tar: ")
    }
    let expected = """
      E: Unable to locate package libc6:amd64
      error: .cache/debian/elf-amd64: libc6:amd64: no package source of this machine has it, expected for its test in ELFTests
      help: scripts/fetch-debian elf-amd64
      error: .cache/debian/kexec: kexec-tools: no */sbin/kexec in it, expected for make bench and the tests of check, graft and kexec
      help: scripts/fetch-debian kexec
      error: .cache/debian/kexec-libs: kexec-tools: no package source of this machine has it, expected for the tests that run kexec
      help: scripts/fetch-debian kexec-libs
      E: Unable to locate package linux-image-cloud-arm64
      error: .cache/debian/linux: linux-image-cloud-arm64: no package source of this machine has it, expected for make demo and the tests that boot Linux
      help: scripts/fetch-debian linux
      """
    #expect(said.joined(separator: "\n") == expected)
    for name in ["elf-loader", "busybox"] { #expect(exists(name), "\(name)") }
    for name in ["elf-amd64", "kexec", "kexec-libs", "linux", "part"] { #expect(!exists(name), "\(name)") }
    // What is there is kept, and what lacked is tried again.
    let again = try await fetch("elf-loader", "elf-amd64", "busybox")
    #expect(again.status == .exited(0) && again.error == "fetch-debian: libc6:amd64\n", "\(again.error)")
  }

  @Test func theVDSOIsCutOutOfTheImage() async throws {
    // A header that names two section headers at the end of 0x60 bytes of contents: 0xe0 bytes in all.
    var vdso = [UInt8](repeating: 0xa, count: 0xe0)
    vdso.replaceSubrange(
      0..<16, with: Array("\u{7f}ELF\u{2}\u{1}\u{1}".utf8) + [UInt8](repeating: 0, count: 9))
    vdso.replaceSubrange(16..<20, with: [3, 0, 183, 0])
    vdso.replaceSubrange(40..<48, with: [0x60, 0, 0, 0, 0, 0, 0, 0])
    vdso.replaceSubrange(60..<62, with: [2, 0])
    let image = Array("ARMd\n\u{7f}ELF\n".utf8) + vdso + [1, 2, 3]
    try folder.write(image, to: "files/boot/vmlinuz-6")
    let outcome = try await fetch("vdso", "u-boot", "tf-a")
    #expect(try folder.read("checkout/.cache/debian/vdso/vdso.so") == vdso, "\(outcome.error)")
    #expect(!folder.exists("checkout/.cache/debian/vdso/Image"))
    let said = outcome.error.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(
      said == [
        "error: .cache/debian/u-boot: u-boot-qemu: no */qemu_arm64/u-boot.bin in it, "
          + "expected for the tests that boot through U-Boot",
        "error: .cache/debian/tf-a: arm-trusted-firmware: not all of */rk3399/bl31.elf */imx8mn/bl31.bin in it, "
          + "expected for the tests of check",
      ])
  }

  @Test func aSourceTreeHasItsPatches() async throws {
    try folder.makeFolder("source/upstream-1")
    try folder.makeFolder("source/debian/patches")
    try folder.write("one\n", to: "source/upstream-1/file")
    try folder.write("# a comment\nfirst.patch\nsecond.patch # why\n", to: "source/debian/patches/series")
    for (name, old, new) in [("first", "one", "two"), ("second", "two", "three")] {
      try folder.write(
        "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-\(old)\n+\(new)\n", to: "source/debian/patches/\(name).patch")
    }
    let lacking = try await fetch("kexec-source", lacking: "kexec-tools")
    #expect(lacking.status == .exited(1) && !exists("kexec-source"))
    #expect(
      lacking.error.contains(
        "error: .cache/debian/kexec-source: kexec-tools: no source package of Debian stable, "
          + "expected for the test that builds kexec-tools\n"), "\(lacking.error)")
    let fetched = try await fetch("kexec-source")
    #expect(fetched.status == .exited(0), "\(fetched.error)")
    #expect(try folder.text(of: "checkout/.cache/debian/kexec-source/file") == "three\n")
    #expect(!exists("kexec-source/a.dsc") && exists("kexec-source/debian/patches/series"))
    // A tree without one of them is not a source package's.
    try folder.write("first.patch\nfirst.patch\n", to: "source/debian/patches/series")
    try FileManager.default.removeItem(atPath: "\(folder.path)/checkout/.cache/debian/kexec-source")
    let wrong = try await fetch("kexec-source")
    #expect(wrong.status == .exited(1) && !exists("kexec-source"))
    #expect(wrong.error.contains(": kexec-tools: first.patch does not apply, "), "\(wrong.error)")
  }

  @Test func anUnknownName() async throws {
    let outcome = try await fetch("busybox", "elf")
    #expect(outcome.status == .exited(64))
    #expect(
      outcome.error.hasPrefix(
        "error: elf: unknown name, expected one of linux linux-testing linux-boards busybox "))
    #expect(!exists("busybox"))
  }
}
