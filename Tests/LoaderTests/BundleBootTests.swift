// BundleBootTests.swift — Debian's kernel, booted from a bundle by QEMU, U-Boot and kexec-tools; or refused
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite("a bundle boots", .requiresQEMU, .requires(.kernel, .initrd))
struct BundleBootTests {
  let folder: Folder

  init() throws {
    folder = try Folder()
    for (name, input) in [("Image", LoaderInput.kernel), ("initrd.img", .initrd)] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(name)", withDestinationPath: input.path)
    }
  }

  /// As the page has it.
  private func makeBundle(_ more: [String] = []) async throws {
    if more.isEmpty {
      let outcome = try await Page.loaders.run("bundle", in: folder)
      try #require(outcome.status == .exited(0), "\(outcome.error)")
    } else {
      try await folder.done(["bundle", "--kernel", "Image", "-o", "verified.img"] + more)
    }
  }

  /// Of the machine itself, with an initrd and a command line that are not QEMU's.
  private func makeDeviceTree() throws {
    let options = ["-machine", "virt", "-cpu", Guest.cpu, "-m", "1G"]
    try folder.write(LinuxInputs.deviceTree(initrdAt: Self.initrd, machine: options), to: "virt.dtb")
  }

  private static let initrd: UInt64 = 0x5000_0000

  private func machine(_ level: Guest.Level, _ arguments: [String] = []) -> Machine {
    var machine = Machine(booting: [
      "-kernel", "\(folder.path)/verified.img", "-initrd", LoaderInput.initrd.path, "-append",
      "\(Guest.commandLine) mark=bundle",
    ])
    machine.arguments += arguments
    machine.type = level.machine
    machine.cpu = Guest.cpu
    machine.memory = "1G"
    return machine
  }

  @Test(arguments: Guest.Level.allCases)
  func byQEMU(_ level: Guest.Level) async throws {
    try await makeBundle()
    let console = try await machine(level).run().console
    #expect(console.contains(", 1 regions, "), "\(console.suffix(4000))")
    #expect(console.contains("purgatory: verified "))
    #expect(console.contains("mark=bundle"))
    #expect(console.contains("userspace: reached on Linux "))
  }

  @Test func withADeviceTreeOfItsOwn() async throws {
    try makeDeviceTree()
    try await makeBundle(["--dtb", "virt.dtb"])
    var machine = machine(.el1)
    machine.loads = [.init(at: Self.initrd, try LoaderInput.initrd.bytes)]
    let console = try await machine.run().console
    #expect(console.contains(", 2 regions, "), "\(console.suffix(4000))")
    #expect(console.contains("purgatory: verified "))
    #expect(!console.contains("mark=bundle"))  // QEMU's tree was not handed over
    #expect(console.contains("userspace: reached on Linux "))
  }

  @Test(arguments: ["kernel", "device tree"])
  func aFlippedByteIsRefused(_ part: String) async throws {
    try makeDeviceTree()
    try await makeBundle(["--dtb", "virt.dtb", "--on-failure", "poweroff"])
    var bytes = try folder.read("verified.img")
    // Region 1, which is the given tree with room for the result.
    let info = try Blob(bytes, file: "verified.img").info
    #expect(info.regions[1].base == info.dtbAddress)
    bytes[part == "kernel" ? bytes.count - 1 : Int(clamping: info.dtbAddress + info.regions[1].size) - 1] ^= 1
    try folder.write(bytes, to: "verified.img")
    let console = try await machine(.el1).run().console
    #expect(console.contains("purgatory: region \(part == "kernel" ? 0 : 1) at 0x"), "\(console)")
    #expect(console.contains("digest mismatch"))
    #expect(!console.contains("Booting Linux"))
  }

  @Test(.requires(.uBoot), arguments: Guest.Level.allCases)
  func byUBoot(_ level: Guest.Level) async throws {
    try await makeBundle()
    let commands = try Page.loaders.text("u-boot").split(separator: "\n")
    try folder.write(UBootEnvironment(commands: commands.map(String.init)).bytes, to: "environment")
    let console = try await machine(
      level,
      [
        "-bios", LoaderInput.uBoot.path,
        "-drive", "if=pflash,index=1,format=raw,file=\(folder.path)/environment",
      ]
    ).run().console
    #expect(console.contains("U-Boot 20"))
    #expect(console.contains(", 1 regions, "), "\(console.suffix(4000))")
    #expect(console.contains("purgatory: verified "))
    #expect(console.contains("userspace: reached on Linux "))
  }

  @Test(.requires(.busybox, .kexec, .kexecLibraries))
  func byKexec() async throws {
    try await makeBundle()
    let guest = Guest(files: [
      "kexec": try LoaderInput.kexec.bytes, "verified.img": try folder.read("verified.img"),
      "initrd.img": try await Guest.secondInitrd(in: folder),
    ])
    // Debian's arm64 kernels have no kexec_file_load: what kexec says of it is told apart from a bundle it dislikes.
    let file = try Page.loaders.text("kexec-file").split(separator: "\n")[0]
    let console = try await guest.run(
      "\(file) 2>&1 | sed 's/^/file: /'\n\(try Page.loaders.text("kexec-bundle"))", in: folder)
    let said = console.split(separator: "\n").filter { $0.hasPrefix("file: ") }
    if !said.isEmpty {
      #expect(said.contains { $0.contains("kexec_file_load not available") }, "\(said)")
    }
    #expect(console.contains(", 1 regions, "), "\(console.suffix(4000))")
    #expect(console.contains("purgatory: verified "))
    #expect(console.contains("userspace: reached on Linux "))
  }

  @Test func thePagesCommandForQEMU() async throws {
    try await makeBundle()
    let outcome = try await Page.loaders.run("qemu", in: folder)
    #expect(outcome.status == .exited(0), "\(outcome.error)")
    #expect(outcome.text.contains(", 1 regions, "))
    #expect(outcome.text.contains("purgatory: verified "))
    #expect(outcome.text.contains("userspace: reached on Linux "))
  }
}
